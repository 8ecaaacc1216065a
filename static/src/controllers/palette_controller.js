// <dialog data-controller="palette" data-palette-url-value="/palette/" data-action="keydown@window->palette#shortcut click@window->palette#clicked">
//   <input data-palette-target="input" data-action="input->palette#typed keydown->palette#move">
//   <a data-palette-target="entry" data-words="…">…  and [data-palette-target=none] for "nothing found". Any [data-palette-open] opens it.
// What is on the page is filtered at once; [data-palette-target=found] is then replaced by what the server finds.
import { Controller } from "@hotwired/stimulus";

const PAUSE = 150;

/** Every word typed must begin a word of the entry. @param {string} query @param {string} text */
export function matches(query, text) {
  const words = text.toLowerCase().split(/[\s/·-]+/);
  return query.toLowerCase().split(/\s+/).filter(Boolean).every((part) => words.some((word) => word.startsWith(part)));
}

/** What Stimulus adds: the targets and values declared below. @type {new (...args: any[]) => Controller<HTMLDialogElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class PaletteController extends Base {
  static targets = ["input", "entry", "group", "found", "none"];
  static values = { url: String };

  /** @type {HTMLElement[]} */
  shown = [];
  at = -1;

  /** @param {KeyboardEvent} event */
  shortcut(event) {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (this.element.open) this.element.close();
    else this.open();
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("[data-palette-open]")) this.open();
    else if (target === this.element) this.element.close();
  }

  open() {
    const stale = this.inputTarget.value !== "";
    this.inputTarget.value = "";
    this.element.showModal();
    this.inputTarget.focus();
    this.filter("");
    if (stale) this.search("");
  }

  typed() {
    const query = this.inputTarget.value.trim();
    this.filter(query);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(query), PAUSE);
  }

  /** @param {string} query */
  async search(query) {
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      const response = await fetch(`${this.urlValue}?q=${encodeURIComponent(query)}`, { signal: this.asked.signal, headers: { "HX-Request": "true" } });
      if (!response.ok) return;
      this.foundTarget.innerHTML = await response.text(); // our own server's fragment; it has already chosen
      if (this.inputTarget.value.trim() === query) this.filter(query, true);
    } catch {
      // Typed on, or offline: what is on the page stays filtered.
    }
  }

  /** @param {string} query @param {boolean} [answered] whether the server has chosen what is in "found" */
  filter(query, answered = false) {
    for (const entry of this.entryTargets) {
      const chosen = answered && this.foundTarget.contains(entry);
      entry.hidden = !chosen && !matches(query, entry.dataset.words ?? entry.textContent);
    }
    for (const group of this.groupTargets) group.hidden = !group.querySelector('[data-palette-target="entry"]:not([hidden])');
    this.shown = this.entryTargets.filter((/** @type {HTMLElement} */ entry) => !entry.hidden);
    this.noneTarget.hidden = this.shown.length > 0;
    this.choose(0);
  }

  /** @param {number} index */
  choose(index) {
    const shown = this.shown;
    this.at = shown.length ? (index + shown.length) % shown.length : -1;
    shown.forEach((entry, place) => entry.setAttribute("aria-selected", String(place === this.at)));
    const chosen = shown[this.at];
    chosen?.scrollIntoView?.({ block: "nearest" });
    this.inputTarget.setAttribute("aria-activedescendant", chosen?.id ?? "");
  }

  /** @param {KeyboardEvent} event */
  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.choose(this.at + step);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.shown[this.at]?.click();
    }
  }
}
