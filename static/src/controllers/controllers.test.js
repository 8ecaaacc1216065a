import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { open } from "../testing/page.js";
import AutosubmitController from "./autosubmit_controller.js";
import BulkSelectController from "./bulk_select_controller.js";
import CopyController from "./copy_controller.js";
import DialogController from "./dialog_controller.js";
import MenuController from "./menu_controller.js";
import ModalController from "./modal_controller.js";
import RevealController from "./reveal_controller.js";
import ToastController from "./toast_controller.js";
import UsageController from "./usage_controller.js";

/** @type {Awaited<ReturnType<typeof open>>} */
let page;

afterEach(async () => {
  mock.timers.reset();
  await page.close();
});

/** @param {string} selector @param {string} type @param {object} [more] */
function send(selector, type, more = {}) {
  const event = new page.window.Event(type, { bubbles: true });
  Object.assign(event, more);
  page.one(selector).dispatchEvent(event);
  return event;
}

test("autosubmit: typing waits for a pause, a choice goes at once", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  page = await open(
    '<form data-controller="autosubmit" data-action="input->autosubmit#later change->autosubmit#now"><input type="search"><select></select></form>',
    { autosubmit: AutosubmitController },
  );
  let sent = 0;
  page.one("form").requestSubmit = () => (sent += 1);
  send("input", "input");
  mock.timers.tick(200);
  send("input", "input");
  mock.timers.tick(200);
  assert.equal(sent, 0);
  mock.timers.tick(60);
  assert.equal(sent, 1);
  send("select", "input");
  send("select", "change");
  mock.timers.tick(0);
  assert.equal(sent, 2);
});

test("bulk-select: the bar shows how many are ticked, the head ticks all", async () => {
  page = await open(
    `<form data-controller="bulk-select" data-action="change->bulk-select#changed"><div data-bulk-select-target="bar"><b data-bulk-select-target="count"></b></div>
     <input id="all" type="checkbox" data-bulk-select-target="all"><input class="row" type="checkbox" data-bulk-select-target="item"><input class="row" type="checkbox" data-bulk-select-target="item"></form>`,
    { "bulk-select": BulkSelectController },
  );
  const bar = page.one('[data-bulk-select-target="bar"]');
  assert.equal(bar.hidden, true);
  page.one(".row").checked = true;
  send(".row", "change");
  assert.deepEqual([bar.hidden, page.one("b").textContent, page.one("#all").indeterminate], [false, "1", true]);
  page.one("#all").checked = true;
  send("#all", "change");
  assert.equal(page.one("b").textContent, "2");
  page.one("form").removeChild(page.one(".row"));
  await page.settled();
  assert.equal(page.one("b").textContent, "1");
});

test("copy: the text of the block beside it, said in the label and taken back", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  page = await open(
    `<figure><button data-controller="copy" data-action="copy#copy" data-copy-near-value="figure pre" data-copy-done-value="Copied"><span data-copy-target="label">Copy</span></button><pre>x = 1</pre></figure>`,
    { copy: CopyController },
  );
  let copied = "";
  Object.defineProperty(page.window.navigator, "clipboard", { configurable: true, value: { writeText: async (/** @type {string} */ text) => (copied = text) } });
  page.one("button").click();
  await page.settled();
  assert.equal(copied, "x = 1");
  assert.equal(page.one("span").textContent, "Copied");
  page.one("button").click();
  await page.settled();
  mock.timers.tick(1500);
  assert.equal(page.one("span").textContent, "Copy");
});

test("copy: a button that is only an icon says it by icon and name", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  page = await open(
    '<button data-controller="copy" data-action="copy#copy" data-copy-text-value="id" data-copy-done-value="Copied" aria-label="Copy"><svg><use href="/icons.svg#copy"></use></svg></button>',
    { copy: CopyController },
  );
  Object.defineProperty(page.window.navigator, "clipboard", { configurable: true, value: { writeText: async () => {} } });
  page.one("button").click();
  await page.settled();
  assert.equal(page.one("button").getAttribute("aria-label"), "Copied");
  assert.equal(page.one("use").getAttribute("href"), "/icons.svg#check");
  mock.timers.tick(1500);
  assert.equal(page.one("button").getAttribute("aria-label"), "Copy");
  assert.equal(page.one("use").getAttribute("href"), "/icons.svg#copy");
});

test("dialog: opens the one it names, a click beside it closes", async () => {
  page = await open('<button data-controller="dialog" data-dialog-id-value="sure" data-action="dialog#open"></button><dialog id="sure"><p></p></dialog>', {
    dialog: DialogController,
  });
  const dialog = page.one("dialog");
  page.one("button").click();
  assert.equal(dialog.open, true);
  send("p", "click");
  assert.equal(dialog.open, true);
  send("dialog", "click");
  assert.equal(dialog.open, false);
});

test("modal: opens when it arrives and is gone when it closes", async () => {
  page = await open('<div id="dialogs"></div>', { modal: ModalController });
  page.one("#dialogs").innerHTML = '<dialog data-controller="modal" data-action="click->modal#beside close->modal#leave"><button data-action="modal#close"></button></dialog>';
  await page.settled();
  assert.equal(page.one("dialog").open, true);
  page.one("button").click();
  await page.settled();
  assert.equal(page.one("dialog"), null);
});

test("menu: arrows walk through it, Escape closes it and gives the focus back", async () => {
  page = await open(
    '<div data-controller="menu"><button id="opener" data-menu-target="button" data-action="menu#toggle"></button><div data-menu-target="list" hidden><a href="#1" class="menu-item">1</a><a href="#2" class="menu-item">2</a></div></div>',
    { menu: MenuController },
  );
  const active = () => page.document.activeElement?.textContent;
  page.one("#opener").click();
  assert.equal(page.one("[data-menu-target=list]").hidden, false);
  assert.equal(active(), "1");
  send("[data-menu-target=list]", "keydown", { key: "ArrowDown" });
  assert.equal(active(), "2");
  send("[data-menu-target=list]", "keydown", { key: "ArrowDown" });
  assert.equal(active(), "1");
  send("[data-menu-target=list]", "keydown", { key: "Escape" });
  assert.equal(page.one("[data-menu-target=list]").hidden, true);
  assert.equal(page.document.activeElement?.id, "opener");
  page.one("#opener").click();
  page.one("a").click();
  assert.equal(page.one("[data-menu-target=list]").hidden, false);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(page.one("[data-menu-target=list]").hidden, true);
});

test("reveal: shows the password, and hides it before the form leaves", async () => {
  page = await open(
    '<form><div data-controller="reveal"><input type="password" data-reveal-target="input"><button type="button" data-reveal-target="button" data-action="reveal#toggle"></button></div></form>',
    { reveal: RevealController },
  );
  page.one("button").click();
  assert.equal(page.one("input").type, "text");
  assert.equal(page.one("button").getAttribute("aria-pressed"), "true");
  send("form", "submit");
  assert.equal(page.one("input").type, "password");
});

test("toast: leaves by itself unless it is an error", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  page = await open('<div id="toasts" data-controller="toast" data-toast-close-value="Close"></div>', { toast: ToastController });
  page.one("#toasts").innerHTML = '<div class="note" role="status">Saved</div><div class="bad" role="alert">Broken</div>';
  await page.settled();
  assert.equal(page.one(".note button").getAttribute("aria-label"), "Close");
  mock.timers.tick(6000);
  assert.equal(page.one(".note"), null);
  assert.ok(page.one(".bad"));
  page.one(".bad button").click();
  assert.equal(page.one(".bad"), null);
});

test("usage: a run's tokens and cost are counted on", async () => {
  page = await open(
    '<div data-controller="usage" data-action="chat:used@window->usage#add"><b data-usage-target="credits" data-value="0.5"></b><b data-usage-target="tokens" data-value="1200"></b><b data-usage-target="runs" data-value="2"></b></div>',
    { usage: UsageController },
  );
  const detail = { credits: "0.0123", total_tokens: 340 };
  page.window.dispatchEvent(new page.window.CustomEvent("chat:used", { detail }));
  assert.deepEqual([...page.document.querySelectorAll("b")].map((element) => element.textContent), ["0.5123", "1,540", "3"]);
});
