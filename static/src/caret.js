// Where the cursor of a textarea is on the page: the browser does not say, so its text is laid out once more beside it.

const COPIED = [
  "boxSizing", "width", "paddingTop", "paddingRight", "paddingBottom", "paddingLeft", "borderTopWidth", "borderRightWidth",
  "borderBottomWidth", "borderLeftWidth", "fontFamily", "fontSize", "fontWeight", "fontStyle", "fontFeatureSettings", "letterSpacing", "lineHeight",
  "textTransform", "wordSpacing", "tabSize",
];

/** @param {HTMLTextAreaElement} field @param {number} at @returns {{top: number, left: number}} the foot of the line, from the field's corner */
export function caretPlace(field, at) {
  const copy = document.createElement("div");
  const look = window.getComputedStyle(field);
  for (const name of COPIED) /** @type {any} */ (copy.style)[name] = /** @type {any} */ (look)[name];
  Object.assign(copy.style, { position: "absolute", visibility: "hidden", top: "0", left: "0", whiteSpace: "pre-wrap", overflowWrap: "break-word" });
  const mark = document.createElement("span");
  mark.textContent = "\u200b";
  copy.append(field.value.slice(0, at), mark);
  document.body.append(copy);
  const place = { top: mark.offsetTop + mark.offsetHeight - field.scrollTop, left: mark.offsetLeft };
  copy.remove();
  return place;
}
