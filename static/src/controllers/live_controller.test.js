import assert from "node:assert/strict";
import test from "node:test";
import { Window } from "happy-dom";
import { initials, showBadges } from "./live_controller.js";

test("initials are those of the first and the last word", () => {
  assert.equal(initials("Alice van der Moreau"), "AM");
  assert.equal(initials("bob"), "B");
  assert.equal(initials("  "), "?");
});

test("every badge of a name shows its count, and none shows nothing", () => {
  const window = new Window();
  globalThis.CSS = /** @type {any} */ (window.CSS);
  const page = /** @type {any} */ (window.document);
  page.body.innerHTML = '<i data-live-badge="runs">1</i><b data-live-badge="runs">1</b><u data-live-badge="inbox" hidden>0</u>';
  assert.equal(showBadges(page, { runs: 1, inbox: 0, unknown: 4 }), false);
  assert.equal(showBadges(page, { runs: 0, inbox: 3 }), true);
  const [i, b, u] = page.body.children;
  assert.deepEqual([i.hidden, b.hidden, u.hidden, u.textContent], [true, true, false, "3"]);
});
