import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { answering, json, open } from "../testing/page.js";
import ChatController from "./chat_controller.js";

const VERSIONS = `<form data-part="versions" data-ids="" data-action="submit->chat#showVersion" hidden><button data-part="version-before" name="message"></button>
  <span data-part="version-place"></span><button data-part="version-after" name="message"></button></form>`;
const PERSON = (/** @type {string} */ id, /** @type {string} */ text) =>
  `<article data-message="user" data-message-id="${id}"><div data-part="text">${text}</div><span data-part="files"></span>${VERSIONS}<button class="edit" data-action="chat#edit"></button></article>`;
const ANSWER = (/** @type {string} */ id, /** @type {string} */ text) =>
  `<article data-message="assistant" data-message-id="${id}"><span data-part="model"></span><p data-part="doing"></p><div data-part="body">${text}</div>
   <span data-part="caret"></span><p data-part="note"></p><div data-part="error"><p data-part="error-text"></p></div>
   <div data-part="tools">${VERSIONS}<button class="again" data-action="chat#regenerate"></button></div></article>`;
const CHAT = `<section data-controller="chat" data-chat-run-url-value="/api/v1/agents/a/run/" data-chat-runs-url-value="/api/v1/runs/"
  data-chat-conversation-value="c" data-chat-conversations-url-value="/conversations/" data-chat-labels-value='{"offline":"Unreachable"}'>
  <p data-chat-target="connection"></p><div data-chat-target="log"><div data-chat-target="list">${PERSON("u1", "Hello")}${ANSWER("m1", "Hi")}${PERSON("u2", "Go on")}${ANSWER("m2", "On")}</div></div>
  <p data-chat-target="alert" hidden></p><div data-chat-target="queued"><span data-chat-target="queuedText"></span><button id="change" data-action="chat#dequeue"></button></div>
  <form id="composer" data-action="submit->chat#submit"><p data-chat-target="edited"></p><textarea data-chat-target="input"></textarea><div class="chat-attached" hidden></div>
  <select data-chat-target="model"><option value="" selected></option><option value="ours/big"></option></select>
  <button data-chat-target="stop" type="button"></button><button data-chat-target="send"></button></form>
  <template data-chat-target="person">${PERSON("", "")}</template><template data-chat-target="answer">${ANSWER("", "")}</template></section>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

beforeEach(async () => {
  page = await open(CHAT, { chat: ChatController });
});

afterEach(() => page.close());

/** @param {string} text */
async function send(text) {
  page.one("textarea").value = text;
  page.one("#composer").dispatchEvent(new page.window.Event("submit", { bubbles: true, cancelable: true }));
  await page.settled();
}

const refusal = () => json({ detail: "Not enough credits.", code: "credits" }, 402);
const shown = () => [...page.one("[data-chat-target=list]").querySelectorAll('[data-part="text"], [data-part="body"]')].map((element) => element.textContent);

test("a message that could not be sent is in the composer again, with the reason", async () => {
  const calls = answering([refusal()]);
  await send("A new one");
  assert.deepEqual(shown(), ["Hello", "Hi", "Go on", "On"]);
  assert.equal(page.one("textarea").value, "A new one");
  assert.equal(page.one("[data-chat-target=alert]").textContent, "Not enough credits.");
  const sent = JSON.parse(calls[0].options.body);
  assert.deepEqual(sent, { message: "A new one", version: "draft", conversation_id: "c" });
});

test("an edit that could not be sent loses none of the messages it would have replaced", async () => {
  const calls = answering([refusal()]);
  page.one('[data-message-id="u1"] .edit').click();
  await send("Hello there");
  assert.equal(JSON.parse(calls[0].options.body).parent_message_id, "u1");
  assert.deepEqual(shown(), ["Hello", "Hi", "Go on", "On"]);
  assert.equal(page.one("textarea").value, "Hello there");
  assert.ok(page.one('[data-message-id="u1"]').hasAttribute("data-editing"));
});

test("regenerating asks for the same message again, on the chosen model", async () => {
  const calls = answering([refusal()]);
  page.one("select").value = "ours/big";
  page.one('[data-message-id="m2"] .again').click();
  await page.settled();
  const sent = JSON.parse(calls[0].options.body);
  assert.deepEqual([sent.message, sent.parent_message_id, sent.model], ["Go on", "u2", "ours/big"]);
  assert.deepEqual(shown(), ["Hello", "Hi", "Go on", "On"]);
});

test("an edit that changes nothing is a regenerate", async () => {
  const calls = answering([refusal()]);
  page.one('[data-message-id="u2"] .edit').click();
  await send("Go on");
  const sent = JSON.parse(calls[0].options.body);
  assert.deepEqual([sent.message, sent.parent_message_id], ["Go on", "u2"]);
  assert.equal(page.one('[data-message-id="m2"] [data-part="body"]').textContent, "On");
});

test("what is written while a message is answered waits its turn and can be taken back", async () => {
  globalThis.fetch = /** @type {any} */ (() => new Promise(() => {}));
  await send("First");
  await send("Second");
  await send("Third");
  assert.equal(page.one("[data-chat-target=queuedText]").textContent, "Second\n\nThird");
  page.one("#change").click();
  assert.equal(page.one("textarea").value, "Second\n\nThird");
  assert.equal(page.one("[data-chat-target=queued]").hidden, true);
});

test("another version is shown in place of the messages", async () => {
  const calls = answering([new Response(PERSON("u9", "Other question"))]);
  const form = page.one('[data-message-id="u1"] form');
  const event = new page.window.Event("submit", { bubbles: true, cancelable: true });
  Object.defineProperty(event, "submitter", { value: { value: "u9" } });
  form.dispatchEvent(event);
  await page.settled();
  assert.equal(calls[0].url, "/conversations/c/branch/");
  assert.equal(calls[0].options.body.get("message"), "u9");
  assert.deepEqual(shown(), ["Other question"]);
});

test("a version that cannot be shown leaves the chat as it is", async () => {
  answering([new Response("<div><strong>Conflict</strong><p>Still being answered.</p></div>", { status: 409 })]);
  const event = new page.window.Event("submit", { bubbles: true, cancelable: true });
  Object.defineProperty(event, "submitter", { value: { value: "u9" } });
  page.one('[data-message-id="u1"] form').dispatchEvent(event);
  await page.settled();
  assert.equal(page.one("[data-chat-target=alert]").textContent, "Still being answered.");
  assert.equal(shown().length, 4);
});

test("files go with their message, and come back where it could not be sent", async () => {
  const calls = answering([refusal()]);
  page.one(".chat-attached").innerHTML = '<span class="chat-file" data-file-id="f1"><span>notes.txt</span><button>×</button></span>';
  await send("Look at this");
  assert.deepEqual(JSON.parse(calls[0].options.body).attachments, ["f1"]);
  assert.equal(page.one(".chat-attached [data-file-id]").dataset.fileId, "f1");
});

test("a message waits for its files", async () => {
  const calls = answering([]);
  page.one(".chat-attached").innerHTML = '<span class="chat-file" aria-busy="true"></span>';
  await send("Look at this");
  assert.equal(calls.length, 0);
  assert.equal(page.one("textarea").value, "Look at this");
});

test("the chosen version and context go with the message", async () => {
  const calls = answering([refusal()]);
  const choose = (/** @type {string} */ name, /** @type {string} */ value) => {
    const select = page.document.createElement("select");
    select.setAttribute("data-chat-target", name);
    select.innerHTML = `<option value="${value}" selected></option>`;
    page.one("#composer").append(select);
  };
  choose("version", "3");
  choose("context", "eu");
  await send("Which?");
  const sent = JSON.parse(calls[0].options.body);
  assert.deepEqual([sent.version, sent.context_id], [3, "eu"]);
});
