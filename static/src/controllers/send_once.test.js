import assert from "node:assert/strict";
import test from "node:test";
import { sendOnce } from "../send_once.js";
import { open } from "../testing/page.js";

test("a form that is clicked twice is sent once, and again only later or when the page is opened anew", async () => {
  const page = await open('<form id="post" method="post"></form><form id="other" method="post"></form><form id="get"></form>', {});
  let time = 0;
  sendOnce(page.window, () => time);
  /** @param {string} id */
  const sends = (id) => page.one(id).dispatchEvent(new page.window.Event("submit", { bubbles: true, cancelable: true }));
  assert.deepEqual([sends("#post"), sends("#post"), sends("#other"), sends("#get"), sends("#get")], [true, false, true, true, true]);
  time = 9_999;
  assert.equal(sends("#post"), false);
  time = 10_000;
  assert.equal(sends("#post"), true);
  page.window.dispatchEvent(new page.window.Event("pageshow"));
  assert.equal(sends("#post"), true);
  await page.close();
});
