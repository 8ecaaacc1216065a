// What htmx does on every page: the CSRF token, errors into #toasts, and a message when the server cannot be reached.
import { csrfToken } from "./csrf.js";
import { showToast } from "./toasts.js";

/** @param {any} htmx @param {Document} page */
export function setUpHtmx(htmx, page) {
  htmx.config.allowEval = false;
  htmx.config.includeIndicatorStyles = false;
  htmx.config.historyRestoreAsHxRequest = false;
  // Going back asks the server: a copy of the page would be old, would stay in the browser after its person has left, and the
  // policy refuses what scripts and people have styled in it (the height of a field that was drawn larger).
  htmx.config.historyCacheSize = 0;
  page.addEventListener("htmx:configRequest", (event) => {
    const detail = /** @type {CustomEvent} */ (event).detail;
    if (detail.verb !== "get") detail.headers["X-CSRFToken"] = csrfToken(page);
  });
  page.addEventListener("htmx:beforeSwap", (event) => {
    const detail = /** @type {CustomEvent} */ (event).detail;
    if (swapsThough(detail.xhr)) detail.shouldSwap = true;
  });
  page.addEventListener("htmx:responseError", (event) => {
    if (!swapsThough(/** @type {CustomEvent} */ (event).detail.xhr)) tell(page, "broken");
  });
  page.addEventListener("htmx:sendError", () => tell(page, "offline"));
}

/** Our own answers to a mistake are shown: a form with its errors (422), or a toast the server aimed at #toasts. */
function swapsThough(/** @type {XMLHttpRequest} */ xhr) {
  return xhr.status === 422 || (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget") !== null);
}

/** @param {Document} page @param {"broken" | "offline"} what */
function tell(page, what) {
  const box = /** @type {HTMLElement | null} */ (page.querySelector("#toasts"));
  showToast(box?.dataset[`${what}Title`] ?? "", { detail: box?.dataset[`${what}Detail`] ?? "", status: "failed", page });
}
