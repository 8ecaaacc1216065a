import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { open } from "../testing/page.js";
import InsertController from "./insert_controller.js";

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

afterEach(() => page.close());

test("insert: puts the text where the cursor is and says that something was typed", async () => {
  page = await open(
    '<div data-controller="insert"><textarea>Hi , welcome</textarea><button data-action="insert#put" data-insert-text-param="{{ user.name }}">user.name</button></div>',
    { insert: InsertController },
  );
  const field = page.one("textarea");
  let typed = 0;
  page.one("div").addEventListener("input", () => (typed += 1));
  field.setSelectionRange(3, 3);
  page.one("button").click();
  assert.equal(field.value, "Hi {{ user.name }}, welcome");
  assert.equal(typed, 1);
});
