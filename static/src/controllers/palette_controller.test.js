import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { answering, open } from "../testing/page.js";
import HelpController from "./help_controller.js";
import PaletteController from "./palette_controller.js";

const PAGE = `<dialog id="palette" data-controller="palette" data-palette-url-value="/palette/" data-action="keydown@window->palette#shortcut">
  <input data-palette-target="input" data-action="input->palette#typed keydown->palette#move">
  <div data-palette-target="group"><a id="home" data-palette-target="entry" data-words="Home"></a></div>
  <div data-palette-target="found"><div data-palette-target="group"><a id="poet" data-palette-target="entry" data-words="Poet"></a></div></div>
  <p data-palette-target="none" hidden></p></dialog>
  <dialog id="help" data-controller="help" data-action="keydown@window->help#key click@window->help#clicked"></dialog>
  <form role="search"><input type="search" id="search"></form><button data-help-open></button>`;

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  page = await open(PAGE, { palette: PaletteController, help: HelpController });
});

afterEach(async () => {
  mock.timers.reset();
  await page.close();
});

/** @param {string} selector @param {string} key @param {object} [more] */
function press(selector, key, more = {}) {
  const event = Object.assign(new page.window.Event("keydown", { bubbles: true }), { key, ...more });
  page.one(selector).dispatchEvent(event);
}

/** @param {string} query */
async function ask(query) {
  page.one("#palette input").value = query;
  page.one("#palette input").dispatchEvent(new page.window.Event("input", { bubbles: true }));
  await page.settled();
}

const shown = () => [...page.document.querySelectorAll("a")].filter((entry) => !entry.hidden).map((entry) => entry.id);

test("Ctrl K opens it; what is on the page is filtered at once", async () => {
  answering([]);
  press("body", "k", { ctrlKey: true });
  assert.equal(page.one("#palette").open, true);
  await ask("po");
  assert.deepEqual(shown(), ["poet"]);
});

test("what the server finds takes the place of what was there, whatever its words", async () => {
  const calls = answering([new Response('<div data-palette-target="group"><a id="run" data-palette-target="entry" data-words="Where is it"></a></div>')]);
  press("body", "k", { ctrlKey: true });
  await ask("parcel");
  assert.deepEqual(shown(), []);
  assert.equal(page.one('[data-palette-target="none"]').hidden, false);
  mock.timers.tick(150);
  await page.settled();
  assert.equal(calls[0].url, "/palette/?q=parcel");
  assert.deepEqual(shown(), ["run"]);
  assert.equal(page.one("#run").getAttribute("aria-selected"), "true");
});

test("offline, the page's own entries stay", async () => {
  answering([new TypeError("network")]);
  press("body", "k", { ctrlKey: true });
  await ask("home");
  mock.timers.tick(150);
  await page.settled();
  assert.deepEqual(shown(), ["home"]);
});

test("? opens the help and / goes to the search, unless one is typing", async () => {
  press("#search", "?");
  assert.equal(page.one("#help").open, false);
  press("body", "/");
  assert.equal(page.document.activeElement?.id, "search");
  press("body", "?");
  assert.equal(page.one("#help").open, true);
});

test("the button opens the help, a click beside it closes it", async () => {
  page.one("[data-help-open]").click();
  assert.equal(page.one("#help").open, true);
  page.one("#help").dispatchEvent(new page.window.Event("click", { bubbles: true }));
  assert.equal(page.one("#help").open, false);
});
