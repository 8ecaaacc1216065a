// A page that answers a form with what is wrong in it: on to the first of those fields, which may be far down.

/** @param {Document} document */
export function toFirstError(document) {
  const field = /** @type {HTMLElement | null} */ (document.querySelector('main form [aria-invalid="true"]'));
  field?.scrollIntoView({ block: "center" });
  field?.focus({ preventScroll: true });
}
