import assert from "node:assert/strict";
import test from "node:test";
import { themeName } from "../theme_choice.js";
import { ago } from "./ago_controller.js";
import { matches } from "./palette_controller.js";

test("every word typed must begin a word of the entry", () => {
  assert.ok(matches("two sig", "Two-factor sign-in"));
  assert.ok(matches("", "Anything"));
  assert.ok(!matches("factor x", "Two-factor sign-in"));
});

test("a choice of theme beats the system, which decides otherwise", () => {
  assert.equal(themeName("light", true), "troupe-light");
  assert.equal(themeName("dark", false), "troupe-dark");
  assert.equal(themeName("system", true), "troupe-dark");
  assert.equal(themeName(undefined, false), "troupe-light");
});

test("relative time rounds down and leaves the first moments to the server", () => {
  assert.equal(ago(10, "en"), null);
  assert.equal(ago(50, "en"), "1 min. ago");
  assert.equal(ago(7300, "en"), "2 hr. ago");
  assert.equal(ago(3 * 86400, "en"), "3 days ago");
});
