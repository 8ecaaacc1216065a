import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { answering, json, open } from "../testing/page.js";
import AttachController from "./attach_controller.js";

const PAGE = `<section data-controller="attach" data-attach-remove-value="Remove" data-attach-trouble-value="Not uploaded"
  data-action="drop->attach#drop paste->attach#paste"><textarea></textarea><div data-attach-target="list" hidden></div>
  <input type="file" data-attach-target="input"></section>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

beforeEach(async () => {
  page = await open(PAGE, { attach: AttachController });
});

afterEach(() => page.close());

/** @param {string} kind @param {string} holder @param {any[]} files */
async function give(kind, holder, files) {
  const event = new page.window.Event(kind, { bubbles: true, cancelable: true });
  Object.defineProperty(event, holder, { value: { files, types: ["Files"] } });
  page.one("textarea").dispatchEvent(event);
  await page.settled();
  return event;
}

const chips = () => [...page.document.querySelectorAll(".chat-file")];

test("a dropped file is uploaded and ready", async () => {
  const calls = answering([json({ results: [{ id: "f1" }] }, 201)]);
  await give("drop", "dataTransfer", [new page.window.File(["x"], "notes.txt")]);
  assert.equal(calls[0].url, "/api/v1/files/");
  assert.equal(calls[0].options.body.get("file").name, "notes.txt");
  assert.deepEqual(chips().map((chip) => chip.dataset.fileId), ["f1"]);
  assert.equal(page.one("[data-attach-target=list]").hidden, false);
});

test("a file that is refused says why and can be taken out", async () => {
  answering([json({ detail: "Programs cannot be uploaded." }, 415)]);
  await give("paste", "clipboardData", [new page.window.File(["x"], "run.exe")]);
  assert.equal(chips()[0].firstElementChild.textContent, "run.exe: Programs cannot be uploaded.");
  assert.equal(chips()[0].dataset.fileId, undefined);
  chips()[0].querySelector("button").click();
  assert.equal(chips().length, 0);
  assert.equal(page.one("[data-attach-target=list]").hidden, true);
});

test("pasted text stays text", async () => {
  assert.equal((await give("paste", "clipboardData", [])).defaultPrevented, false);
});
