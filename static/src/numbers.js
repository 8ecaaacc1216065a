// Numbers as the page's language writes them.

/** At least `least` and at most `most` decimal places. @param {number} number @param {number} [least] @param {number} [most] */
export function written(number, least = 0, most = least || 4) {
  const places = { minimumFractionDigits: least, maximumFractionDigits: most };
  return number.toLocaleString(document.documentElement.lang || "en", places);
}
