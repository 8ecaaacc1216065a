// <div data-controller="output-type" data-action="input->output-type#changed click->output-type#clicked">: see templates/agents/_output.html.
// The textarea inside "written" is what is sent: JSON, or nothing for text. This shows it as a choice from the library with its
// options, or as fields of an own schema, or as that schema's JSON; each keeps what was written while the others are looked at.
import { Controller } from "@hotwired/stimulus";
import { addRow, fill, fillRows, read, rowsOf, showValues } from "../output_type/panel.js";
import { fromFields, same, toFields } from "../output_type/schema.js";

const OWN = "json_schema";

/** @param {string} text @returns {{value?: any, broken?: boolean}} */
function parsed(text) {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { broken: true };
  }
}

/** What Stimulus adds: the targets and values declared below. @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class OutputTypeController extends Base {
  static targets = ["chooser", "kind", "about", "panel", "mode", "strict", "why", "form", "raw", "answer", "row", "written"];

  connect() {
    this.text = this.writtenTarget.querySelector("textarea");
    this.rawText = this.rawTarget.querySelector("textarea");
    this.rows = this.formTarget.querySelector("[data-option]");
    this.chooserTarget.hidden = false;
    for (const part of [...this.writtenTarget.querySelectorAll("textarea, label, .help")]) part.hidden = true; // what is wrong with it stays
    for (const option of this.kindTarget.options) this.begin(option.value, JSON.parse(option.dataset.example));
    this.take(this.text.value.trim());
    this.show();
  }

  /** @param {string} kind @param {any} value as it is stored */
  begin(kind, value) {
    const panel = this.panel(kind);
    if (kind === OWN) this.own(value.schema, value.strict);
    else if (panel) fill(panel, value, this.rowTarget);
  }

  /** @param {string} kind @returns {HTMLElement | undefined} */
  panel(kind) {
    return this.panelTargets.find((/** @type {HTMLElement} */ panel) => panel.dataset.kind === kind);
  }

  /** What is stored. @param {string} text */
  take(text) {
    const { value, broken } = text ? parsed(text) : { value: { type_name: "text" }, broken: false };
    const known = value?.type_name && [...this.kindTarget.options].some((option) => option.value === value.type_name);
    this.kindTarget.value = known ? value.type_name : OWN;
    if (known) this.begin(value.type_name, value);
    else if (broken) this.raw(text);
    else this.own(value, undefined);
  }

  /** An own schema. One without a word on strictness is as strict as it can be, and stays so until that is said.
   * @param {any} schema @param {boolean | undefined} strict */
  own(schema, strict) {
    this.said = strict;
    this.strictTarget.checked = strict ?? toFields(schema, true) !== null;
    const fields = toFields(schema, this.strictTarget.checked);
    this.rawText.value = JSON.stringify(schema, null, 2);
    if (fields) fillRows(this.rows, fields, this.rowTarget);
    this.mode = fields ? "form" : "raw";
  }

  /** @param {string} text */
  raw(text) {
    this.rawText.value = text;
    this.mode = "raw";
  }

  show() {
    const kind = this.kindTarget.value;
    const chosen = this.kindTarget.selectedOptions[0];
    for (const panel of this.panelTargets) panel.hidden = panel.dataset.kind !== kind;
    this.aboutTarget.textContent = chosen.dataset.about;
    this.answerTarget.hidden = kind === OWN || kind === "text";
    this.answerTarget.querySelector("pre").textContent = chosen.dataset.answer;
    for (const button of this.modeTargets) button.setAttribute("aria-pressed", String(button.dataset.mode === this.mode));
    this.formTarget.hidden = this.mode !== "form";
    this.rawTarget.hidden = this.mode !== "raw";
  }

  /** @param {Event} event */
  changed(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target === this.text) return;
    if (target === this.strictTarget) this.said = this.strictTarget.checked;
    if (target.dataset.cell === "type") showValues(/** @type {HTMLElement} */ (target.closest("li")));
    this.whyTarget.hidden = true;
    this.show();
    this.write();
  }

  /** @param {Event} event */
  clicked(event) {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("button"));
    if (button?.dataset.mode) return this.turn(button.dataset.mode);
    if (!button?.dataset.do) return;
    const box = /** @type {HTMLElement} */ (button.closest("[data-option]"));
    if (button.dataset.do === "add") {
      /** @type {HTMLElement} */ (addRow(box, {}, this.rowTarget).querySelector("input")).focus();
      return; // it says nothing before it has a name
    }
    button.closest("li")?.remove();
    /** @type {HTMLElement} */ (box.querySelector('[data-do="add"]')).focus();
    this.write();
  }

  /** @param {string} mode */
  turn(mode) {
    const strict = this.strictTarget.checked;
    const { value, broken } = parsed(this.rawText.value);
    const now = fromFields(rowsOf(this.rows).filter((field) => field.name), strict);
    if (mode === "raw" && this.mode === "form" && !same(now, value)) this.rawText.value = JSON.stringify(now, null, 2);
    if (mode === "form" && this.mode === "raw" && !same(now, value)) {
      const fields = broken ? null : toFields(value, strict);
      this.whyTarget.hidden = fields !== null;
      this.whyTarget.textContent = broken ? this.whyTarget.dataset.broken : this.whyTarget.dataset.lossy;
      if (!fields) return;
      fillRows(this.rows, fields, this.rowTarget);
    }
    this.mode = mode;
    this.show();
  }

  /** Into the field that is sent. */
  write() {
    const kind = this.kindTarget.value;
    const stored = kind === "text" ? "" : kind === OWN ? this.schema() : { type_name: kind, ...read(/** @type {HTMLElement} */ (this.panel(kind))) };
    this.text.value = typeof stored === "string" ? stored : stored && JSON.stringify(stored, null, 2);
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** An own schema as it is stored; what is no JSON goes as it is, and is refused with its line. */
  schema() {
    const strict = this.strictTarget.checked;
    const { value, broken } = this.mode === "form" ? { value: fromFields(rowsOf(this.rows).filter((field) => field.name), strict) } : parsed(this.rawText.value);
    if (broken) return this.rawText.value;
    return this.said === undefined ? value : { type_name: OWN, schema: value, strict };
  }
}
