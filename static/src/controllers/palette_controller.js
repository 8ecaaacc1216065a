// <dialog data-controller="palette" data-action="keydown@window->palette#shortcut click@window->palette#clicked">
//   <input data-palette-target="input" data-action="input->palette#filter keydown->palette#move">
//   <a data-palette-target="entry" data-words="…">…  and [data-palette-target=none] for "nothing found". Any [data-palette-open] opens it.
import { Controller } from "@hotwired/stimulus";

/** Every word typed must begin a word of the entry. @param {string} query @param {string} text */
export function matches(query, text) {
  const words = text.toLowerCase().split(/[\s/·-]+/);
  return query.toLowerCase().split(/\s+/).filter(Boolean).every((part) => words.some((word) => word.startsWith(part)));
}

export default class PaletteController extends Controller {
  static targets = ["input", "entry", "group", "none"];

  /** @param {KeyboardEvent} event */
  shortcut(event) {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (this.dialog.open) this.dialog.close();
    else this.open();
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("[data-palette-open]")) this.open();
    else if (target === this.dialog) this.dialog.close();
  }

  /** @returns {HTMLDialogElement} */
  get dialog() {
    return /** @type {HTMLDialogElement} */ (this.element);
  }

  open() {
    const input = /** @type {any} */ (this).inputTarget;
    input.value = "";
    this.dialog.showModal();
    input.focus();
    this.filter();
  }

  filter() {
    const { inputTarget, entryTargets, groupTargets, noneTarget } = /** @type {any} */ (this);
    for (const entry of entryTargets) entry.hidden = !matches(inputTarget.value, entry.dataset.words ?? entry.textContent);
    for (const group of groupTargets) group.hidden = !group.querySelector('[data-palette-target="entry"]:not([hidden])');
    this.shown = entryTargets.filter((/** @type {HTMLElement} */ entry) => !entry.hidden);
    noneTarget.hidden = this.shown.length > 0;
    this.choose(0);
  }

  /** @param {number} index */
  choose(index) {
    const shown = this.shown ?? [];
    this.at = shown.length ? (index + shown.length) % shown.length : -1;
    shown.forEach((/** @type {HTMLElement} */ entry, /** @type {number} */ place) => entry.setAttribute("aria-selected", String(place === this.at)));
    const chosen = shown[this.at];
    chosen?.scrollIntoView({ block: "nearest" });
    /** @type {any} */ (this).inputTarget.setAttribute("aria-activedescendant", chosen?.id ?? "");
  }

  /** @param {KeyboardEvent} event */
  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.choose((this.at ?? -1) + step);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.shown?.[this.at ?? -1]?.click();
    }
  }
}
