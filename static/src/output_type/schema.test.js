import assert from "node:assert/strict";
import { test } from "node:test";
import { fromFields, same, toFields } from "./schema.js";

const FIELDS = [
  { name: "title", type: "text", required: true, description: "Of the book", values: [] },
  { name: "mood", type: "text", required: false, description: "", values: ["calm", "loud"] },
  { name: "sent", type: "date", required: true, description: "", values: [] },
  { name: "tags", type: "list", required: false, description: "", values: ["a", "b"] },
  { name: "pages", type: "integer", required: true, description: "", values: [] },
];

test("fields come back from their schema, strict or not", () => {
  for (const strict of [true, false]) assert.deepEqual(toFields(fromFields(FIELDS, strict), strict), FIELDS);
});

test("a strict schema requires every field; one that may be left out may be null", () => {
  const strict = fromFields(FIELDS, true);
  assert.deepEqual(strict.required, ["title", "mood", "sent", "tags", "pages"]);
  assert.deepEqual(strict.properties.mood, { type: ["string", "null"], enum: ["calm", "loud", null] });
  assert.deepEqual(strict.properties.tags, { type: ["array", "null"], items: { type: "string", enum: ["a", "b"] } });
  const loose = fromFields(FIELDS, false);
  assert.deepEqual(loose.required, ["title", "sent", "pages"]);
  assert.deepEqual(loose.properties.mood, { type: "string", enum: ["calm", "loud"] });
});

test("what a form cannot say is no form", () => {
  const inner = { type: "object", properties: { a: { type: "string" } } };
  for (const schema of [
    { type: "array", items: { type: "string" } },
    { type: "object", properties: { a: inner }, required: ["a"], additionalProperties: false },
    { type: "object", properties: { a: { type: "string", minLength: 3 } }, required: ["a"], additionalProperties: false },
    { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
    { type: "object", properties: { a: { enum: [1, 2] } }, required: ["a"], additionalProperties: false },
    { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false, title: "A" },
    null, 3, [],
  ]) assert.equal(toFields(schema, true), null, JSON.stringify(schema));
});

test("a schema that is not strict as written is a form only where it is not asked to be", () => {
  const schema = { type: "object", properties: { a: { type: "string" } }, additionalProperties: false };
  assert.equal(toFields(schema, true), null);
  assert.equal(toFields(schema, false)?.length, 1);
});

test("the order in which parts are written does not matter", () => {
  assert.ok(same({ a: 1, required: ["x", "y"] }, { required: ["y", "x"], a: 1 }));
  assert.ok(!same({ enum: ["x", "y"] }, { enum: ["y", "x"] }));
});
