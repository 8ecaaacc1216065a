// <div data-controller="mention" data-action="input->mention#typed keydown->mention#key focusout->mention#left">
//   <textarea>, <ul role="listbox" id="…" data-mention-target="list" hidden data-action="pointerdown->mention#hold click->mention#clicked">
//     <li role="option" id="…" data-mention-target="option" data-trigger="/" data-insert="{{ now }}" data-words="now …">
//   <p role="status" data-mention-target="status" data-one="1 suggestion" data-many="{count} suggestions">
//   <button data-action="mention#open" data-mention-trigger-param="/"> types the sign for whoever has no key for it
// Typing a trigger at the beginning of a word offers what it stands for. The field is a combobox as long as the list is open.
import { Controller } from "@hotwired/stimulus";
import { caretPlace } from "../caret.js";

const TRIGGER = /(?:^|[\s("“])([/@])([\w.-]{0,40})$/;

/** The trigger just before the cursor and what was typed after it. @param {string} before @returns {{sign: string, query: string, start: number} | null} */
export function wanted(before) {
  const found = TRIGGER.exec(before);
  return found && { sign: found[1], query: found[2].toLowerCase(), start: before.length - found[2].length - 1 };
}

/** What Stimulus adds: the targets and values declared below. @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class MentionController extends Base {
  static targets = ["list", "option", "status"];

  /** @type {HTMLElement[]} */
  shown = [];
  at = 0;
  start = 0;
  /** Where the trigger stands that was waved away. */
  dismissed = -1;

  /** @returns {HTMLTextAreaElement} */
  get field() {
    return /** @type {HTMLTextAreaElement} */ (this.element.querySelector("textarea"));
  }

  /** @param {Event} event */
  typed(event) {
    if (event.target === this.field) this.look();
  }

  look() {
    const found = wanted(this.field.value.slice(0, this.field.selectionStart));
    if (!found) this.dismissed = -1;
    if (!found || found.start === this.dismissed) return this.close();
    this.start = found.start;
    this.shown = this.optionTargets.filter((/** @type {HTMLElement} */ option) => {
      const fits = option.dataset.trigger === found.sign && (option.dataset.words ?? "").toLowerCase().includes(found.query);
      option.hidden = !fits;
      return fits;
    });
    if (this.shown.length === 0) return this.close();
    this.show();
  }

  show() {
    const { field, listTarget: list } = this;
    list.hidden = false;
    for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "true", "aria-haspopup": "listbox", "aria-autocomplete": "list", "aria-controls": list.id })) field.setAttribute(name, value);
    const place = caretPlace(field, this.start);
    list.style.top = `${field.offsetTop + Math.min(place.top, field.clientHeight) + 4}px`;
    list.style.left = `${Math.max(0, Math.min(place.left, this.element.clientWidth - list.offsetWidth))}px`;
    const said = this.shown.length === 1 ? this.statusTarget.dataset.one : this.statusTarget.dataset.many;
    this.statusTarget.textContent = said.replace("{count}", String(this.shown.length));
    this.choose(0);
  }

  close() {
    if (this.listTarget.hidden) return;
    this.listTarget.hidden = true;
    this.statusTarget.textContent = "";
    for (const name of ["role", "aria-expanded", "aria-haspopup", "aria-autocomplete", "aria-controls", "aria-activedescendant"]) this.field.removeAttribute(name);
  }

  /** @param {number} index */
  choose(index) {
    this.at = (index + this.shown.length) % this.shown.length;
    for (const option of this.optionTargets) option.setAttribute("aria-selected", String(option === this.shown[this.at]));
    this.field.setAttribute("aria-activedescendant", this.shown[this.at].id);
    this.shown[this.at].scrollIntoView?.({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (this.listTarget.hidden || event.target !== this.field || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.choose(this.at + step);
    else if (event.key === "Enter" || event.key === "Tab") this.put(this.shown[this.at]);
    else if (event.key === "Escape") {
      this.dismissed = this.start;
      this.close();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The field keeps the focus while the list is touched. @param {Event} event */
  hold(event) {
    event.preventDefault();
  }

  /** @param {Event} event */
  clicked(event) {
    const option = /** @type {Element} */ (event.target).closest('[role="option"]');
    if (option) this.put(/** @type {HTMLElement} */ (option));
  }

  /** @param {FocusEvent} event */
  left(event) {
    if (event.target === this.field) this.close();
  }

  /** @param {HTMLElement} option */
  put(option) {
    const { field } = this;
    this.close();
    field.setRangeText(option.dataset.insert ?? "", this.start, field.selectionStart, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }

  /** Types the sign where the cursor is, as the beginning of a word. @param {{params: {trigger: string}}} event */
  open({ params: { trigger } }) {
    const { field } = this;
    field.focus();
    const before = field.value.slice(0, field.selectionStart);
    field.setRangeText(/(^|\s)$/.test(before) ? trigger : ` ${trigger}`, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
