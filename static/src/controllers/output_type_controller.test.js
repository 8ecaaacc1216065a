import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { open } from "../testing/page.js";
import OutputTypeController from "./output_type_controller.js";

const ROW = `<li><input data-cell="name"><select data-cell="type"><option>text</option><option>number</option><option>list</option><option>boolean</option></select>
  <input type="checkbox" data-cell="required"><button type="button" data-do="remove"></button><input data-cell="description"><input data-cell="values"></li>`;
const OWN_EXAMPLE = { type_name: "json_schema", schema: { type: "object", properties: { title: { type: "string" } }, required: ["title"], additionalProperties: false }, strict: true };
const escaped = (/** @type {any} */ value) => JSON.stringify(value).replaceAll('"', "&quot;");

/** @param {string} stored */
const html = (stored) => `<div data-controller="output-type" data-action="input->output-type#changed click->output-type#clicked">
  <div data-output-type-target="chooser" hidden><select id="kind" data-output-type-target="kind">
    <option value="text" data-example="{}" data-answer="" data-about="Free"></option>
    <option value="classification" data-example="${escaped({ labels: ["question", "praise"] })}" data-answer="x" data-about="Labels"></option>
    <option value="extraction" data-example="${escaped({ fields: [{ name: "order" }] })}" data-answer="x" data-about="Fields"></option>
    <option value="json_schema" data-example="${escaped(OWN_EXAMPLE)}" data-answer="x" data-about="Own"></option></select><p data-output-type-target="about"></p></div>
  <div data-kind="classification" data-output-type-target="panel"><textarea id="labels" data-option="labels" data-as="lines"></textarea><input type="checkbox" id="multiple" data-option="multiple" data-as="flag"></div>
  <div data-kind="extraction" data-output-type-target="panel"><fieldset id="fields" data-option="fields" data-as="rows"><ul data-part="rows"></ul><button type="button" data-do="add"></button></fieldset></div>
  <div data-kind="json_schema" data-output-type-target="panel"><button type="button" id="to-form" data-mode="form" data-output-type-target="mode"></button><button type="button" id="to-raw" data-mode="raw" data-output-type-target="mode"></button>
    <input type="checkbox" id="strict" data-output-type-target="strict"><p id="why" data-output-type-target="why" data-lossy="Lossy" data-broken="Broken" hidden></p>
    <div id="form" data-output-type-target="form"><fieldset data-option="properties" data-as="rows" data-values><ul data-part="rows"></ul><button type="button" data-do="add"></button></fieldset></div>
    <div id="raw" data-output-type-target="raw"><textarea></textarea></div></div>
  <details data-output-type-target="answer"><pre></pre></details><template data-output-type-target="row">${ROW}</template>
  <div data-output-type-target="written"><textarea id="sent">${stored}</textarea></div></div>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

afterEach(() => page.close());

/** @param {any} stored */
async function show(stored) {
  page = await open(html(typeof stored === "string" ? stored : JSON.stringify(stored)), { "output-type": OutputTypeController });
  await page.settled();
}

/** @param {string} selector @param {string | boolean} value */
function put(selector, value) {
  const field = page.one(selector);
  if (typeof value === "boolean") field.checked = value;
  else field.value = value;
  field.dispatchEvent(new page.window.Event("input", { bubbles: true }));
}

const sent = () => page.one("#sent").value;
const stored = () => JSON.parse(sent());

test("output type: looking at it changes nothing", async () => {
  for (const each of ["", '{"type_name": "classification", "labels": ["a", "b"]}', '{ "type":"array" }', "{ broken"]) {
    await show(each);
    page.one("#to-raw").click();
    page.one("#to-form").click();
    assert.equal(sent(), each);
    await page.close();
  }
  await show("");
});

test("output type: a kind of the library with its options", async () => {
  await show({ type_name: "classification", labels: ["a", "b"] });
  assert.equal(page.one("#labels").value, "a\nb");
  put("#labels", "a\n\nb\nc");
  put("#multiple", true);
  assert.deepEqual(stored(), { type_name: "classification", labels: ["a", "b", "c"], multiple: true });
  put("#kind", "text");
  assert.equal(sent(), "");
  put("#kind", "classification");
  assert.deepEqual(stored().labels, ["a", "b", "c"], "what was written is there again");
});

test("output type: rows of fields; one without a name says nothing yet", async () => {
  await show("");
  put("#kind", "extraction");
  assert.deepEqual(stored(), { type_name: "extraction", fields: [{ name: "order", type: "text" }] });
  page.one('#fields [data-do="add"]').click();
  const rows = page.document.querySelectorAll("#fields li");
  assert.equal(rows.length, 2);
  assert.equal(rows[1].querySelector('[data-cell="values"]'), null, "the library has no certain values");
  assert.equal(stored().fields.length, 1);
  put("#fields li:nth-child(2) [data-cell=name]", "paid");
  put("#fields li:nth-child(2) [data-cell=type]", "boolean");
  put("#fields li:nth-child(2) [data-cell=required]", false);
  assert.deepEqual(stored().fields[1], { name: "paid", type: "boolean", required: false });
  page.one("#fields li [data-do=remove]").click();
  assert.deepEqual(stored().fields.map((/** @type {any} */ field) => field.name), ["paid"]);
});

test("output type: an own schema as fields and as JSON; each keeps what the other wrote", async () => {
  await show("");
  put("#kind", "json_schema");
  put("#form li [data-cell=values]", "red, green");
  assert.deepEqual(stored().schema.properties.title, { type: "string", enum: ["red", "green"] });
  page.one("#to-raw").click();
  assert.equal(page.one("#raw").hidden, false);
  const schema = JSON.parse(page.one("#raw textarea").value);
  schema.properties.size = { type: "number" };
  schema.required.push("size");
  put("#raw textarea", JSON.stringify(schema));
  page.one("#to-form").click();
  assert.deepEqual([...page.document.querySelectorAll("#form [data-cell=name]")].map((each) => each.value), ["title", "size"]);
  put("#strict", false);
  assert.equal(stored().strict, false);
});

test("output type: what the fields cannot show, or is no JSON, stays as it is", async () => {
  const schema = { type: "object", properties: { a: { type: "string", minLength: 2 } } };
  await show(schema);
  assert.equal(page.one("#raw").hidden, false);
  page.one("#to-form").click();
  assert.equal(page.one("#why").textContent, "Lossy");
  assert.equal(page.one("#form").hidden, true);
  put("#raw textarea", JSON.stringify({ ...schema, title: "A" }));
  assert.equal(stored().title, "A", "a bare schema stays one");
  put("#raw textarea", "{ not yet");
  assert.equal(sent(), "{ not yet");
  page.one("#to-form").click();
  assert.equal(page.one("#why").textContent, "Broken");
});
