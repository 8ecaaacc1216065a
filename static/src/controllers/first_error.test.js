import assert from "node:assert/strict";
import test from "node:test";
import { toFirstError } from "../first_error.js";
import { open } from "../testing/page.js";

test("a page with errors goes to the first field that has one", async () => {
  const page = await open('<main><form><input id="right" autofocus><input id="wrong" aria-invalid="true"><input aria-invalid="true"></form></main>', {});
  toFirstError(page.document);
  assert.equal(page.document.activeElement.id, "wrong");
  await page.close();
});

test("a page without errors leaves the cursor where it is", async () => {
  const page = await open('<input id="here"><main><form><input></form></main>', {});
  page.one("#here").focus();
  toFirstError(page.document);
  assert.equal(page.document.activeElement.id, "here");
  await page.close();
});
