// <div data-controller="ordered" data-ordered-most-value="5">
//   <textarea data-ordered-target="field">one a line</textarea>, <ol data-ordered-target="list" hidden>,
//   <select data-ordered-target="choice" data-action="ordered#add" hidden>,
//   <template data-ordered-target="row"><li><span data-part="place">, <span data-part="text">, buttons data-action="ordered#up|down|remove"
// Lines of a text as a list that is put in order with buttons. The text stays what is sent; without scripts it is what is seen.
import { Controller } from "@hotwired/stimulus";

/** What Stimulus adds: the targets and values declared below. @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class OrderedController extends Base {
  static targets = ["field", "list", "choice", "row"];
  static values = { most: { type: Number, default: 100 } };

  connect() {
    for (const label of this.fieldTarget.labels ?? []) label.htmlFor = this.choiceTarget.id;
    this.fieldTarget.hidden = true;
    this.draw();
  }

  /** @returns {string[]} */
  get lines() {
    return this.fieldTarget.value.split("\n").map((/** @type {string} */ line) => line.trim()).filter(Boolean);
  }

  draw() {
    const lines = this.lines;
    this.listTarget.replaceChildren(...lines.map((line, place) => this.row(line, place, lines.length)));
    this.listTarget.hidden = lines.length === 0;
    this.choiceTarget.hidden = lines.length >= this.mostValue;
    for (const option of this.choiceTarget.options) option.hidden = lines.includes(option.value);
  }

  /** @param {string} line @param {number} place @param {number} count */
  row(line, place, count) {
    const row = this.rowTarget.content.firstElementChild.cloneNode(true);
    row.querySelector('[data-part="place"]').textContent = String(place + 1);
    row.querySelector('[data-part="text"]').textContent = line;
    const [up, down, remove] = row.querySelectorAll("button");
    up.disabled = place === 0;
    down.disabled = place === count - 1;
    for (const button of [up, down, remove]) {
      button.dataset.orderedAtParam = String(place);
      button.setAttribute("aria-label", `${button.getAttribute("aria-label")}: ${line}`);
    }
    return row;
  }

  add() {
    const chosen = this.choiceTarget.value;
    this.choiceTarget.value = "";
    if (chosen && !this.lines.includes(chosen)) this.write([...this.lines, chosen]);
  }

  /** @param {{params: {at: number}}} event */
  up({ params: { at } }) {
    this.move(at, at - 1);
  }

  /** @param {{params: {at: number}}} event */
  down({ params: { at } }) {
    this.move(at, at + 1);
  }

  /** @param {number} from @param {number} to */
  move(from, to) {
    const lines = this.lines;
    lines.splice(to, 0, ...lines.splice(from, 1));
    this.write(lines);
    const buttons = [...this.listTarget.children[to].querySelectorAll("button:not([disabled])")];
    const same = buttons.find((button) => button.dataset.action.endsWith(to < from ? "#up" : "#down"));
    (same ?? buttons[0]).focus();
  }

  /** @param {{params: {at: number}}} event */
  remove({ params: { at } }) {
    this.write(this.lines.filter((_line, place) => place !== at));
    this.choiceTarget.focus();
  }

  /** @param {string[]} lines */
  write(lines) {
    this.fieldTarget.value = lines.join("\n");
    this.draw();
    this.fieldTarget.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
