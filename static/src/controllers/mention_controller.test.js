import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { open } from "../testing/page.js";
import MentionController, { wanted } from "./mention_controller.js";

const HTML = `<div data-controller="mention" data-action="input->mention#typed keydown->mention#key focusout->mention#left">
  <textarea></textarea>
  <ul role="listbox" id="menu" data-mention-target="list" data-action="click->mention#clicked" hidden>
    <li role="option" id="o0" data-mention-target="option" data-trigger="/" data-insert="{{ user.name }}" data-words="user.name Who is talking">user.name</li>
    <li role="option" id="o1" data-mention-target="option" data-trigger="/" data-insert="{{ now }}" data-words="now Date">now</li>
    <li role="option" id="o2" data-mention-target="option" data-trigger="@" data-insert="@transfer_to_desk" data-words="transfer_to_desk Refund desk">desk</li>
  </ul>
  <p data-mention-target="status" data-one="1 suggestion" data-many="{count} suggestions"></p>
  <button data-action="mention#open" data-mention-trigger-param="@">@</button></div>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

beforeEach(async () => {
  page = await open(HTML, { mention: MentionController });
});

afterEach(() => page.close());

/** @param {string} text */
async function type(text) {
  const field = page.one("textarea");
  field.value = text;
  field.setSelectionRange(text.length, text.length);
  field.dispatchEvent(new page.window.Event("input", { bubbles: true }));
  await page.settled();
}

/** @param {string} key */
function press(key) {
  const event = new page.window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  page.one("textarea").dispatchEvent(event);
  return event.defaultPrevented;
}

const shown = () => [...page.document.querySelectorAll('[role="option"]:not([hidden])')].map((each) => each.id);
const list = () => page.one("#menu");

test("mention: a trigger begins a word", () => {
  assert.deepEqual(wanted("Greet /us"), { sign: "/", query: "us", start: 6 });
  assert.deepEqual(wanted("@"), { sign: "@", query: "", start: 0 });
  for (const text of ["and/or", "a@b.com", "1 / 2", "/x y", ""]) assert.equal(wanted(text), null, text);
});

test("mention: the arrow keys choose and Enter puts the variable in", async () => {
  await type("Greet /");
  assert.deepEqual(shown(), ["o0", "o1"]);
  const field = page.one("textarea");
  assert.equal(field.getAttribute("role"), "combobox");
  assert.equal(field.getAttribute("aria-controls"), "menu");
  assert.equal(field.getAttribute("aria-activedescendant"), "o0");
  assert.equal(page.one("[data-mention-target=status]").textContent, "2 suggestions");
  assert.equal(press("ArrowDown"), true);
  assert.equal(field.getAttribute("aria-activedescendant"), "o1");
  assert.equal(press("Enter"), true);
  assert.equal(field.value, "Greet {{ now }}");
  assert.equal(list().hidden, true);
  assert.equal(field.hasAttribute("role"), false);
  assert.equal(press("Enter"), false, "Enter is a new line again");
});

test("mention: what is typed narrows the list, by what it means as well", async () => {
  await type("/talk");
  assert.deepEqual(shown(), ["o0"]);
  await type("/nothing");
  assert.equal(list().hidden, true);
});

test("mention: Escape keeps the sign as it was typed, until another one", async () => {
  await type("/");
  press("Escape");
  assert.equal(list().hidden, true);
  await type("/u");
  assert.equal(list().hidden, true);
  await type("/u then /");
  assert.equal(list().hidden, false);
});

test("mention: the buttons and the pointer do it without a keyboard", async () => {
  await type("Ask");
  page.one("button").click();
  await page.settled();
  assert.equal(page.one("textarea").value, "Ask @");
  page.one("#o2").click();
  assert.equal(page.one("textarea").value, "Ask @transfer_to_desk");
});
