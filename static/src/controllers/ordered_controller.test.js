import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { open } from "../testing/page.js";
import OrderedController from "./ordered_controller.js";

const HTML = `<div data-controller="ordered" data-ordered-most-value="3"><label for="f">Then</label>
  <textarea id="f" data-ordered-target="field">a/one\nb/two</textarea><ol data-ordered-target="list" hidden></ol>
  <select id="c" data-ordered-target="choice" data-action="change->ordered#add" hidden><option value="">Add…</option><option>a/one</option><option>c/three</option></select>
  <template data-ordered-target="row"><li><span data-part="place"></span><span data-part="text"></span>
    <button data-action="ordered#up" aria-label="Earlier"></button><button data-action="ordered#down" aria-label="Later"></button><button data-action="ordered#remove" aria-label="Remove"></button></li></template></div>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;
let typed = 0;

beforeEach(async () => {
  page = await open(HTML, { ordered: OrderedController });
  typed = 0;
  page.one("div").addEventListener("input", () => (typed += 1));
});

afterEach(() => page.close());

const shown = () => [...page.document.querySelectorAll('[data-part="text"]')].map((each) => each.textContent);
const button = (/** @type {string} */ label) => page.one(`button[aria-label="${label}"]`);

test("ordered: shows the lines as a list in the place of the text", () => {
  assert.deepEqual(shown(), ["a/one", "b/two"]);
  assert.equal(page.one("textarea").hidden, true);
  assert.equal(page.one("label").htmlFor, "c");
  assert.equal(button("Earlier: a/one").disabled, true);
  assert.equal(button("Later: b/two").disabled, true);
});

test("ordered: moves, adds and removes, and says that something was typed", async () => {
  button("Later: a/one").click();
  await page.settled();
  assert.equal(page.one("textarea").value, "b/two\na/one");
  page.one("select").value = "c/three";
  page.one("select").dispatchEvent(new page.window.Event("change"));
  await page.settled();
  assert.deepEqual(shown(), ["b/two", "a/one", "c/three"]);
  assert.equal(page.one("select").hidden, true, "there is room for three");
  button("Remove: b/two").click();
  await page.settled();
  assert.equal(page.one("textarea").value, "a/one\nc/three");
  assert.equal(typed, 3);
});
