import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { answering, open } from "../testing/page.js";
import { Answer } from "./answer.js";

const HTML = `<article><b data-part="name">Triage</b><span data-part="model"></span><p data-part="doing"></p><div data-part="reasoning"><p data-part="reasoning-text">why</p></div><div data-part="steps"></div><div data-part="approvals"></div><div data-part="body"></div>
  <span data-part="caret"></span><p data-part="note"></p><div data-part="error"><p data-part="error-text"></p><a data-part="remedy" hidden></a></div>
  <div data-part="tools"><a data-run-link="trace/" href="/runs/r1/trace/"></a></div>
  <template data-part="step-template"><details><summary><b data-part="step-name"></b><span data-part="step-time"></span><span data-part="step-cost"></span><span data-s="running" data-part="step-state"></span></summary>
  <pre data-part="step-arguments"></pre><pre data-part="step-result"></pre></details></template></article>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;
/** @type {Answer} */
let answer;

beforeEach(async () => {
  page = await open(HTML, {});
  answer = new Answer(page.one("article"), { done: "Done", running: "Running", tool_failed: "Failed", credits_short: "cr" });
});

afterEach(() => page.close());

const event = (/** @type {string} */ type, /** @type {Record<string, any>} */ more = {}) => answer.take({ type, seq: 3, run_id: "r1", ...more });

test("whoever is handed over to stands over the answer, and a step says so", () => {
  event("handoff", { from: "Triage", to: "History Tutor", payload: { topic: "art" } });
  assert.equal(page.one('[data-part="name"]').textContent, "History Tutor");
  assert.equal(page.one('[data-part="step-name"]').textContent, "Triage → History Tutor");
  assert.match(page.one('[data-part="step-arguments"]').textContent, /art/);
  assert.equal(page.one('[data-part="step-state"]').textContent, "Done");
});

test("an answer with an output type becomes the table that the server makes of it", async () => {
  const calls = answering([new Response("<table></table>")]);
  answer.content.text = '{"rows": []}';
  await answer.showValue();
  assert.equal(String(calls[0].url), "http://localhost/runs/r1/answer/");
  assert.ok(page.one('[data-part="body"] table'));
});

test("a guardrail that trips is a step, and what it replaces is gone with the reasoning", () => {
  answer.element.dataset.messageId = "a1";
  answer.labels = { guardrail: "Guardrail", guardrail_block: "Blocked", failed: "Failed" };
  event("guardrail_tripped", { name: "No curses", stage: "output", action: "block", message: "Not here." });
  assert.equal(page.one('[data-part="step-name"]').textContent, "Guardrail: No curses");
  assert.equal(page.one('[data-part="step-state"]').textContent, "Blocked");
  assert.equal(page.one('[data-part="step-result"]').textContent, "Not here.");
  event("message_replaced", { message_id: "a1", content: "Withheld." });
  assert.match(answer.content.text, /^Withheld/);
  assert.equal(page.one('[data-part="reasoning-text"]').textContent, "");
});

test("what the person wrote is shown as the guardrail has left it", () => {
  answer.element.insertAdjacentHTML("beforebegin", '<article data-message="user" data-message-id="u1"><p data-part="text">ann@example.org</p></article>');
  event("message_replaced", { message_id: "u1", content: "[redacted]" });
  assert.equal(page.one('[data-message-id="u1"] [data-part="text"]').textContent, "[redacted]");
  assert.equal(answer.content.text, "");
});

test("text is not asked about, and an answer that cannot be fetched stays as it is", async () => {
  const calls = answering([new Error("offline")]);
  answer.content.text = "Hello";
  await answer.showValue();
  assert.equal(calls.length, 0);
  answer.content.text = "[1]";
  answer.body.textContent = "[1]";
  await answer.showValue();
  assert.equal(calls.length, 1);
  assert.equal(answer.body.textContent, "[1]");
});

test("a call is a card with its arguments, result, time and cost, and is told twice as one", () => {
  event("tool_use_start", { tool_name: "order_lookup", call_id: "c1", arguments: { order: "HO-1" } });
  event("tool_use_start", { tool_name: "order_lookup", call_id: "c1", arguments: { order: "HO-1" } });
  event("tool_use_complete", { call_id: "c1", result: { found: true }, duration_ms: 1500, is_error: false, credits: "2.0000" });
  assert.equal(page.window.document.querySelectorAll("[data-call-id]").length, 1);
  assert.match(page.one('[data-part="step-arguments"]').textContent, /HO-1/);
  assert.match(page.one('[data-part="step-result"]').textContent, /found/);
  assert.equal(page.one('[data-part="step-time"]').textContent, "1.50 s");
  assert.equal(page.one('[data-part="step-cost"]').textContent, "2 cr");
  assert.equal(page.one('[data-part="step-state"]').textContent, "Done");
});

test("a call whose agent asks a person waits, and goes on with the run", async () => {
  const state = (/** @type {string} */ call) => page.one(`[data-call-id="${call}"] [data-part="step-state"]`);
  const look = (/** @type {string} */ call) => [state(call).dataset.s, state(call).textContent];
  answering([new Error("offline")]);
  answer.labels = { running: "Running", done: "Done", tool_waiting: "Waiting", tool_unknown: "Outcome unknown" };
  event("tool_use_start", { call_id: "outer", tool_name: "clerk" });
  event("tool_use_start", { call_id: "inner", tool_name: "cashier" });
  event("tool_use_start", { call_id: "ended", tool_name: "look" });
  event("tool_use_complete", { call_id: "ended", result: "seen", is_error: false });
  event("approval_required", { call_id: "pay", within: ["outer", "inner"] });
  event("run_status", { status: "waiting", reason: "approval" });
  assert.deepEqual([look("outer"), look("inner"), look("ended")], [["waiting", "Waiting"], ["waiting", "Waiting"], ["succeeded", "Done"]]);
  event("run_status", { status: "running", reason: "" });
  assert.deepEqual([look("outer"), look("ended")], [["running", "Running"], ["succeeded", "Done"]]);
  event("tool_use_complete", { call_id: "inner", result: "paid", is_error: false });
  event("run_finished", { status: "cancelled" });
  assert.deepEqual([look("outer"), look("inner"), look("ended")], [["failed", "Outcome unknown"], ["succeeded", "Done"], ["succeeded", "Done"]]);
  await page.settled();
});

test("trouble has a link to where something can be done about it", () => {
  event("error", { error: "The key was not accepted." });
  answer.offer(null);
  const link = page.one('[data-part="remedy"]');
  assert.equal(link.hidden, true);
  answer.offer({ label: "Open the provider", url: "/models/providers/p1/" });
  assert.deepEqual([link.hidden, link.getAttribute("href"), link.textContent], [false, "/models/providers/p1/", "Open the provider"]);
  assert.ok(page.one('[data-part="error"]').contains(link));
});

test("an answer that was cut has the link in its note", () => {
  event("run_finished", { status: "partial", reason: "max_tokens" });
  answer.offer({ label: "Change the model's settings", url: "/agents/a1/#model" });
  assert.ok(page.one('[data-part="note"]').contains(page.one('[data-part="remedy"]')));
});

test("what waits stands under the text, and among the steps before its call once it is decided, wherever that was", async () => {
  const card = (/** @type {string} */ state) => new Response(`<section data-approval="c/1" data-state="${state}"></section>`);
  const calls = answering([card("pending"), card("approved")]);
  let told = 0; // the list of conversations, which says that one waits, is loaded again then
  page.document.body.addEventListener("answer:grown", () => (told += 1));
  event("tool_use_start", { call_id: "c0", tool_name: "look" });
  event("approval_required", { call_id: "c/1" });
  await page.settled();
  assert.equal(calls[0].url, "/runs/r1/decisions/c%2F1/");
  assert.ok(page.one('[data-part="approvals"] [data-state="pending"]'));
  event("tool_use_start", { call_id: "c/1", tool_name: "pay" });
  answer.take({ type: "approval_decided", seq: 5, run_id: "r1", call_id: "c/1" });
  await page.settled();
  const steps = [...page.one('[data-part="steps"]').children].map((step) => step.dataset.callId ?? step.dataset.state);
  assert.deepEqual([steps, told], [["c0", "approved", "c/1"], 2]);
  assert.equal(page.one('[data-part="approvals"]').children.length, 0);
});

test("a card that comes too late does not stand in the place of a newer one", async () => {
  /** @type {(response: Response) => void} */
  let late = () => {};
  const cards = [new Promise((resolve) => (late = resolve)), Promise.resolve(new Response('<p data-approval="c1" data-state="rejected"></p>'))];
  globalThis.fetch = /** @type {any} */ (() => cards.shift());
  event("approval_required", { call_id: "c1", seq: 3 });
  answer.take({ type: "approval_decided", seq: 4, run_id: "r1", call_id: "c1" });
  await page.settled();
  late(new Response('<p data-approval="c1" data-state="pending"></p>'));
  await page.settled();
  assert.deepEqual([...page.document.querySelectorAll("[data-approval]")].map((card) => card.dataset.state), ["rejected"]);
});
