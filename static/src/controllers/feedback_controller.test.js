import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { answering, json, open } from "../testing/page.js";
import FeedbackController from "./feedback_controller.js";

const PAGE = `<section data-chat-conversation-value="c"><article data-message-id="m"><span data-controller="feedback"
  data-feedback-rating-value="" data-feedback-trouble-value="Not saved" data-feedback-thanks-value="Thanks">
  <button id="up" data-feedback-target="up" data-action="feedback#rate" data-feedback-rating-param="up"></button>
  <button id="down" data-feedback-target="down" data-action="feedback#rate" data-feedback-rating-param="down"></button>
  <form data-feedback-target="form" data-action="submit->feedback#explain" hidden><input data-feedback-target="reason"><button id="send"></button></form>
  <span data-feedback-target="said"></span></span></article></section>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

beforeEach(async () => {
  page = await open(PAGE, { feedback: FeedbackController });
});

afterEach(() => page.close());

const pressed = () => ["up", "down"].filter((name) => page.one(`#${name}`).getAttribute("aria-pressed") === "true");

test("a thumb is saved, then its reason, then taken back", async () => {
  const calls = answering([json({}), json({}), json({}), json({})]);
  page.one("#down").click();
  await page.settled();
  assert.deepEqual(pressed(), ["down"]);
  assert.equal(page.one("form").hidden, false);
  page.one("input").value = "Wrong street";
  page.one("#send").click();
  await page.settled();
  assert.equal(page.one("form").hidden, true);
  page.one("#down").click();
  await page.settled();
  assert.deepEqual(pressed(), []);
  assert.equal(calls[0].url, "/api/v1/conversations/c/messages/m/feedback/");
  assert.deepEqual(JSON.parse(calls[1].options.body), { rating: "down", reason: "Wrong street" });
  assert.deepEqual([calls[0].options.method, calls.at(-1)?.options.method], ["PUT", "DELETE"]);
});

test("a thumb that could not be saved is as it was, and says so", async () => {
  answering([new Error("offline")]);
  page.one("#up").click();
  await page.settled();
  assert.deepEqual(pressed(), []);
  assert.equal(page.one("[data-feedback-target=said]").textContent, "Not saved");
});

test("a reason that is sent while the thumb is on its way comes after it", async () => {
  const calls = answering([json({}), json({}), json({})]);
  page.one("#down").click();
  page.one("input").value = "Wrong street";
  page.one("#send").click();
  await page.settled();
  assert.deepEqual(calls.map((call) => JSON.parse(call.options.body).reason).slice(0, 2), ["", "Wrong street"]);
});
