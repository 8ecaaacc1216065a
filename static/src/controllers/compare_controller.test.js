import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { json, open } from "../testing/page.js";
import CompareController from "./compare_controller.js";

const PAGE = `<section data-controller="compare" data-compare-run-url-value="/run/" data-compare-runs-url-value="/runs/" data-compare-page-url-value="/chat/"
  data-compare-labels-value='{"tokens":"tokens","credits_unit":"credits"}'><div data-compare-target="columns"></div><p data-compare-target="alert" hidden></p>
  <form data-action="submit->compare#submit"><textarea data-compare-target="input"></textarea><button type="button" id="add" data-compare-target="add" data-action="compare#addColumn"></button>
  <button type="button" data-compare-target="stop"></button><button data-compare-target="send"></button></form>
  <template data-compare-target="column"><section class="compare-column"><select data-part="choice"><option value="">Default</option><option value="v3" data-version="3" data-model="a/x">x</option></select>
  <span data-part="used"></span><a data-part="open" hidden></a><button class="remove" data-part="remove" data-action="compare#removeColumn"></button><div data-part="log"></div></section></template>
  <template data-compare-target="person"><article data-message="user"><div data-part="text"></div></article></template>
  <template data-compare-target="answer"><article data-message="assistant"><span data-part="model"></span><p data-part="doing"></p><div data-part="body"></div><span data-part="caret"></span>
  <p data-part="note"></p><div data-part="error"><p data-part="error-text"></p></div><div data-part="tools"></div></article></template></section>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

beforeEach(async () => {
  page = await open(PAGE, { compare: CompareController });
});

afterEach(() => page.close());

const columns = () => [...page.document.querySelectorAll(".compare-column")];

/** A server that answers each column by its model. @param {(model: string) => Response} start */
function serving(start) {
  const asked = /** @type {any[]} */ ([]);
  globalThis.fetch = /** @type {any} */ (async (/** @type {string} */ url, /** @type {any} */ options) => {
    if (url === "/run/") {
      const input = JSON.parse(options.body);
      asked.push(input);
      return start(input.model ?? "");
    }
    const said = { type: "run_started", seq: 1, model: `model of ${url.split("/")[2]}` }; // no text: there is no sanitiser here
    const end = { type: "run_finished", seq: 2, status: "succeeded" };
    if (url.includes("/events/")) return new Response([said, end].map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
    return json({ usage: { execution_time: 1.25, total_tokens: 7, credits: "0.1000" } });
  });
  return asked;
}

/** @param {string} text */
async function send(text) {
  page.one("textarea").value = text;
  page.one("form").dispatchEvent(new page.window.Event("submit", { bubbles: true, cancelable: true }));
  for (let turn = 0; turn < 5; turn += 1) await page.settled();
}

test("there are two to four columns, each with a model of its own while there are enough", async () => {
  assert.deepEqual(columns().map((column) => column.querySelector("select").value), ["", "v3"]);
  for (let more = 0; more < 5; more += 1) page.one("#add").click();
  assert.equal(columns().length, 4);
  assert.equal(page.one("#add").hidden, true);
  for (let less = 0; less < 5; less += 1) columns()[0].querySelector(".remove").click();
  assert.equal(columns().length, 2);
});

test("each column asks its model, in a conversation of its own, and says what it took", async () => {
  const asked = serving((model) => json({ run_id: model ? "r2" : "r1", conversation_id: model ? "c2" : "c1" }, 202));
  await send("Who are you?");
  assert.deepEqual(asked.map((input) => [input.version, input.model]), [["draft", undefined], [3, "a/x"]]);
  const answers = columns().map((column) => column.querySelector('[data-message="assistant"]'));
  assert.deepEqual(answers.map((answer) => answer.dataset.status), ["succeeded", "succeeded"]);
  assert.deepEqual(answers.map((answer) => answer.querySelector('[data-part="model"]').textContent), ["model of r1", "model of r2"]);
  assert.equal(columns()[1].querySelector('[data-part="used"]').textContent, "1.3 s · 7 tokens · 0.1 credits");
  assert.equal(columns()[1].querySelector('[data-part="open"]').getAttribute("href"), "/chat/c2/");
  await send("And now?");
  assert.deepEqual(asked.slice(2).map((input) => input.conversation_id), ["c1", "c2"]);
});

test("one that is refused says why and leaves the others alone", async () => {
  serving((model) => (model ? json({ detail: "No such model.", code: "unknown_model" }, 422) : json({ run_id: "r1", conversation_id: "c1" }, 202)));
  await send("Who are you?");
  assert.equal(page.one("[data-compare-target=alert]").textContent, "No such model.");
  assert.deepEqual(columns().map((column) => column.querySelectorAll("[data-message]").length), [2, 0]);
  assert.equal(page.one("textarea").value, "");
});
