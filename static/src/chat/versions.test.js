import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { open } from "../testing/page.js";
import { cut, showVersions, versionsOf } from "./versions.js";

const MESSAGE = `<article data-message-id="b"><form data-part="versions" data-ids="" hidden><button data-part="version-before"></button>
  <span data-part="version-place"></span><button data-part="version-after"></button></form></article>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

afterEach(() => page.close());

test("a message of which there is one version has no arrows", async () => {
  page = await open(MESSAGE, {});
  assert.deepEqual(versionsOf(page.one("article")), ["b"]);
  showVersions(page.one("article"), [], "b");
  assert.equal(page.one("form").hidden, true);
});

test("a new version stands last and leads back to the one before", async () => {
  page = await open(MESSAGE, {});
  showVersions(page.one("article"), ["a", "b"], "c");
  assert.equal(page.one("[data-part=version-place]").textContent, "3 / 3");
  assert.equal(page.one("[data-part=version-before]").value, "b");
  assert.equal(page.one("[data-part=version-after]").disabled, true);
  assert.deepEqual(versionsOf(page.one("article")), ["a", "b", "c"]);
});

test("a version that failed is not offered again, but the way back is", async () => {
  page = await open(MESSAGE, {});
  showVersions(page.one("article"), ["a", "b"], "");
  assert.equal(page.one("[data-part=version-before]").value, "b");
  assert.deepEqual(versionsOf(page.one("article")), ["a", "b"]);
});

test("what was taken out comes back in its order", async () => {
  page = await open("<div><i>1</i><i>2</i><i>3</i></div>", {});
  const restore = cut(page.document.querySelectorAll("i")[1]);
  assert.equal(page.one("div").textContent, "1");
  restore();
  assert.equal(page.one("div").textContent, "123");
});
