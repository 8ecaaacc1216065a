import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { answering, json, open } from "../testing/page.js";
import AutosaveController from "./autosave_controller.js";

const FORM = `<form data-controller="autosave" data-autosave-url-value="/save/" data-autosave-revision-value="3"
  data-autosave-saving-value="Saving…" data-autosave-saved-value="Saved · {time}" data-autosave-offline-value="Unreachable"
  data-autosave-conflict-value="Conflict" data-autosave-somebody-value="Somebody" data-autosave-error-value="Wrong"
  data-action="input->autosave#changed">
  <p data-autosave-target="status"></p>
  <div data-autosave-target="conflict" hidden><b data-autosave-target="who"></b><span data-autosave-target="what"></span></div>
  <label for="n">Name</label><input id="n" name="name" value="Old"><label for="i">Instructions</label><input id="i" name="instructions" value="Be kind">
</form>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  page = await open(FORM, { autosave: AutosaveController });
});

afterEach(async () => {
  mock.timers.reset();
  await page.close();
});

/** @param {string} name @param {string} value */
function type(name, value) {
  const field = page.one(`[name="${name}"]`);
  field.value = value;
  field.dispatchEvent(new page.window.Event("input", { bubbles: true }));
}

/** @param {number} milliseconds */
async function pass(milliseconds) {
  mock.timers.tick(milliseconds);
  await page.settled();
}

const status = () => page.one('[data-autosave-target="status"]');

test("typing saves once, with the revision it was made on, and says when", async () => {
  const calls = answering([json({ revision: 4 })]);
  type("name", "N");
  type("name", "New");
  await pass(600);
  assert.equal(calls.length, 1);
  assert.equal(calls[0].options.body.get("name"), "New");
  assert.equal(calls[0].options.body.get("revision"), "3");
  assert.match(status().textContent, /^Saved · \d\d[:.]\d\d/);
  assert.equal(page.one("form").dataset.autosaveRevisionValue, "4");
});

test("what is typed while a save is under way goes with the next", async () => {
  let release = /** @type {(value: any) => void} */ (() => {});
  const calls = answering([]);
  globalThis.fetch = /** @type {any} */ ((/** @type {string} */ url, /** @type {any} */ options) => {
    calls.push({ url, options });
    return calls.length === 1 ? new Promise((resolve) => (release = resolve)) : Promise.resolve(json({ revision: 5 }));
  });
  type("name", "One");
  await pass(600);
  type("name", "Two");
  await pass(600);
  assert.equal(calls.length, 1);
  release(json({ revision: 4 }));
  await page.settled();
  await pass(0);
  assert.equal(calls[1].options.body.get("name"), "Two");
  assert.equal(calls[1].options.body.get("revision"), "4");
});

test("a lost connection is tried again by itself", async () => {
  const calls = answering([new TypeError("network"), json({ revision: 4 })]);
  type("name", "New");
  await pass(600);
  assert.equal(status().textContent, "Unreachable");
  await pass(4000);
  assert.equal(calls.length, 2);
  assert.match(status().textContent, /^Saved/);
});

test("the network coming back does not wait for the next try", async () => {
  const calls = answering([new TypeError("network"), json({ revision: 4 })]);
  type("name", "New");
  await pass(600);
  page.window.dispatchEvent(new page.window.Event("online"));
  await pass(0);
  assert.equal(calls.length, 2);
});

test("a conflict says who changed what and overwrites nothing", async () => {
  const calls = answering([json({ current_revision: 9, changed: ["instructions"], changed_by: "Bob" }, 409)]);
  type("name", "Mine");
  await pass(600);
  assert.equal(page.one('[data-autosave-target="conflict"]').hidden, false);
  assert.equal(page.one('[data-autosave-target="who"]').textContent, "Bob");
  assert.equal(page.one('[data-autosave-target="what"]').textContent, "Instructions");
  type("name", "Mine too");
  await pass(5000);
  assert.equal(calls.length, 1);
});

test("keeping mine sends only the fields changed here, on the newest revision", async () => {
  const calls = answering([json({ current_revision: 9, changed: ["instructions"] }, 409), json({ revision: 10 })]);
  type("name", "Mine");
  await pass(600);
  let reloaded = 0;
  page.window.location.reload = () => (reloaded += 1);
  page.one("form").insertAdjacentHTML("beforeend", '<button type="button" data-action="autosave#keepMine">Keep</button>');
  await page.settled();
  page.one("button").click();
  await page.settled();
  assert.deepEqual([...calls[1].options.body.keys()].sort(), ["name", "revision"]);
  assert.equal(calls[1].options.body.get("revision"), "9");
  assert.equal(reloaded, 1);
});

test("a wrong value is marked at its field, and the mark goes with the next save", async () => {
  answering([json({ errors: { name: ["Too long."] } }, 422), json({ revision: 4 })]);
  type("name", "x".repeat(200));
  await pass(600);
  assert.equal(page.one("[name=name]").getAttribute("aria-invalid"), "true");
  assert.equal(status().textContent, "Too long.");
  type("name", "Short");
  await pass(600);
  assert.equal(page.one("[name=name]").getAttribute("aria-invalid"), null);
});

test("a link followed right after typing waits for the save", async () => {
  page.one("form").insertAdjacentHTML("afterend", '<a href="/chat/">Open chat</a>');
  const followed = [];
  page.one("a").addEventListener("click", (event) => {
    if (event.eventPhase === page.window.Event.AT_TARGET) followed.push(calls.length);
  });
  const calls = answering([json({ revision: 4 })]);
  type("name", "New");
  page.one("a").click();
  await page.settled();
  assert.equal(calls.length, 1);
  assert.deepEqual(followed, [0, 1], "held back first, followed once it was saved");
});

test("what is wrong is said beside its field, and gone with the next save", async () => {
  answering([json({ errors: { name: ["Too long.", "And odd."] } }, 422), json({ revision: 4 })]);
  type("name", "N".repeat(200));
  await pass(600);
  const field = page.one('[name="name"]');
  const said = page.one(".field-error");
  assert.equal(said.textContent, "Too long. And odd.");
  assert.equal(field.getAttribute("aria-errormessage"), said.id);
  assert.equal(field.getAttribute("aria-invalid"), "true");
  type("name", "New");
  await pass(600);
  assert.equal(page.one(".field-error"), null);
  assert.equal(field.hasAttribute("aria-errormessage"), false);
});

test("what belongs to another form of the page is not saved with this one", async () => {
  const calls = answering([json({ revision: 4 })]);
  page.one("form").insertAdjacentHTML("afterend", '<form id="other"></form>');
  page.one("form").insertAdjacentHTML("beforeend", '<input name="file" form="other">');
  type("file", "x");
  await pass(600);
  assert.equal(calls.length, 0);
});

test("a newer revision that an answer brings is saved on; the field follows each save", async () => {
  const calls = answering([json({ revision: 6 })]);
  page.one("form").insertAdjacentHTML("beforeend", '<input type="hidden" name="revision" data-autosave-target="revision" value="5">');
  await page.settled();
  type("name", "New");
  await pass(600);
  assert.equal(calls[0].options.body.get("revision"), "5");
  await page.settled();
  assert.equal(page.one('[name="revision"]').value, "6");
});

/** An event of HTMX. @param {string} name @param {any} detail */
function htmx(name, detail) {
  const event = new page.window.CustomEvent(name, { bubbles: true, cancelable: true, detail });
  detail.elt.dispatchEvent(event);
  return event;
}

test("another request with the revision goes out when what was typed is saved", async () => {
  const calls = answering([json({ revision: 4 })]);
  page.one("form").insertAdjacentHTML(
    "afterend", '<div id="list"><button id="take" hx-include="#agent-revision"></button></div><div id="rest"><button id="other"></button></div>',
  );
  let issued = 0;
  const detail = (/** @type {string} */ id) => ({ elt: page.one(id), issueRequest: () => (issued += 1) });
  const replaced = (/** @type {string} */ id) => !htmx("htmx:oobBeforeSwap", { elt: page.one(id), target: page.one(id) }).defaultPrevented;
  type("name", "New");
  assert.equal(htmx("htmx:confirm", detail("#other")).defaultPrevented, false);
  assert.equal(htmx("htmx:confirm", detail("#take")).defaultPrevented, true);
  assert.equal(issued, 0);
  assert.deepEqual([replaced("#list"), replaced("#rest")], [false, true], "it would lose its element");
  await page.settled();
  assert.equal(replaced("#list"), true);
  assert.equal(calls.length, 1);
  assert.equal(issued, 1);
  assert.equal(htmx("htmx:confirm", detail("#take")).defaultPrevented, false);
});

test("nothing is saved while another request with the revision is under way", async () => {
  const calls = answering([json({ revision: 5 })]);
  const xhr = new page.window.EventTarget();
  const formData = new Map([["revision", "3"]]);
  htmx("htmx:beforeSend", { elt: page.one("form"), requestConfig: { formData }, xhr });
  type("name", "New");
  await pass(600);
  assert.equal(calls.length, 0);
  xhr.dispatchEvent(new page.window.Event("loadend"));
  await pass(600);
  assert.equal(calls.length, 1);
});
