import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { open } from "../testing/page.js";
import DependsController from "./depends_controller.js";

const PAGE = `<form data-controller="depends" data-action="change->depends#show">
  <select name="kind"><option value=""></option><option>basic</option><option>oauth2</option></select>
  <select name="grant"><option>client</option><option>person</option></select>
  <div id="name" data-only="kind=basic|bearer"></div><div id="page" data-only="kind=oauth2 grant=person"></div>
  <div id="wrong" data-only="kind=basic"><input aria-invalid="true"></div></form>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

beforeEach(async () => {
  page = await open(PAGE, { depends: DependsController });
});

afterEach(() => page.close());

/** @param {string} name @param {string} value */
function choose(name, value) {
  const field = page.one(`[name=${name}]`);
  field.value = value;
  field.dispatchEvent(new page.window.Event("change", { bubbles: true }));
}

const shown = () => ["name", "page", "wrong"].filter((id) => !page.one(`#${id}`).hidden);

test("what means nothing is out of sight, but for what is wrong", () => {
  assert.deepEqual(shown(), ["wrong"]);
  choose("kind", "basic");
  assert.deepEqual(shown(), ["name", "wrong"]);
});

test("every condition must hold", () => {
  choose("kind", "oauth2");
  assert.deepEqual(shown(), ["wrong"]);
  choose("grant", "person");
  assert.deepEqual(shown(), ["page", "wrong"]);
});
