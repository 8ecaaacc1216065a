import assert from "node:assert/strict";
import test from "node:test";
import { Window } from "happy-dom";
import { open } from "../testing/page.js";
import { face, initials, showBadges } from "./live_controller.js";

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

test("a person is shown by their picture, and by their initials without one or where it does not come", async () => {
  const page = await open("<div></div>", {});
  const box = page.one("div");
  box.append(face({ name: "Bob", avatar: "" }), face({ name: "Alice Moreau", avatar: "/api/v1/avatars/1/" }));
  const [bob, alice] = box.children;
  assert.deepEqual([bob.textContent, bob.getAttribute("aria-label")], ["B", "Bob"]);
  assert.deepEqual([alice.tagName, alice.getAttribute("src"), alice.alt], ["IMG", "/api/v1/avatars/1/", "Alice Moreau"]);
  alice.dispatchEvent(new page.window.Event("error"));
  assert.deepEqual([...box.children].map((one) => one.textContent), ["B", "AM"]);
  await page.close();
});
