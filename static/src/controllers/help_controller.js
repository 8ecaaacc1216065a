// <dialog data-controller="help" data-action="keydown@window->help#key click@window->help#clicked">: "?" or any [data-help-open]
// opens it; "/" goes to the search field of the page. Keys typed into fields are left alone.
import { Controller } from "@hotwired/stimulus";

/** @type {new (...args: any[]) => Controller<HTMLDialogElement>} */
const Base = /** @type {any} */ (Controller);

export default class HelpController extends Base {
  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest?.("input, textarea, select, [contenteditable], dialog[open]")) return;
    if (event.key === "?") {
      event.preventDefault();
      this.element.showModal();
    } else if (event.key === "/") {
      const search = /** @type {HTMLElement | null} */ (document.querySelector('[role="search"] input[type="search"]'));
      if (!search) return;
      event.preventDefault();
      search.focus();
    }
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("[data-help-open]")) this.element.showModal();
    else if (target === this.element) this.element.close();
  }
}
