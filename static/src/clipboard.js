/**
 * Put text on the clipboard. The modern way exists only on HTTPS and localhost; elsewhere the old one still works.
 * @param {string} text @param {Document} [page]
 */
export async function copyText(text, page = document) {
  const clipboard = page.defaultView?.navigator.clipboard;
  if (clipboard) return clipboard.writeText(text);
  const field = page.createElement("textarea");
  field.value = text;
  field.className = "sr-only";
  page.body.append(field);
  field.select();
  page.execCommand("copy");
  field.remove();
}
