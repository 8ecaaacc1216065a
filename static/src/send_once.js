// A form that somebody clicks twice is sent once. Otherwise the second request takes the place of the first, whose answer
// (a sign-in, recovery codes, a new token) nobody gets to see, and finds what it asks for done already.

const AGAIN_AFTER = 10_000; // an answer that has not come by then will not come

/** @param {Window} window @param {() => number} now */
export function sendOnce(window, now = Date.now) {
  /** @type {WeakMap<object, number>} */
  let sent = new WeakMap();
  window.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (event.defaultPrevented || form.method !== "post") return; // sent by a script, or asks only
    const before = sent.get(form);
    if (before !== undefined && now() - before < AGAIN_AFTER) event.preventDefault();
    else sent.set(form, now());
  });
  window.addEventListener("pageshow", () => {
    sent = new WeakMap(); // back on the page, as the browser has kept it
  });
}
