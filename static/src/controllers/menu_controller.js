// <div data-controller="menu" class="menu">
//   <button data-menu-target="button" data-action="menu#toggle" aria-haspopup="menu">…</button>
//   <div data-menu-target="list" class="menu-pop" hidden>…links and buttons…</div></div>
import { Controller } from "@hotwired/stimulus";

export default class MenuController extends Controller {
  static targets = ["button", "list"];

  outside = (/** @type {Event} */ event) => {
    if (!this.element.contains(/** @type {Node} */ (event.target))) this.close();
  };

  keys = (/** @type {KeyboardEvent} */ event) => this.key(event);

  /** What was chosen happens first (a form is sent with the button that has the focus); then the menu goes. @param {Event} event */
  chosen = (event) => {
    if (/** @type {Element} */ (event.target).closest(".menu-item")) setTimeout(() => this.close());
  };

  connect() {
    this.element.addEventListener("click", this.chosen);
    this.element.addEventListener("keydown", /** @type {EventListener} */ (this.keys));
    this.button.setAttribute("aria-expanded", "false");
  }

  disconnect() {
    document.removeEventListener("pointerdown", this.outside);
    this.element.removeEventListener("click", this.chosen);
    this.element.removeEventListener("keydown", /** @type {EventListener} */ (this.keys));
  }

  /** @returns {HTMLElement} */
  get button() {
    return /** @type {any} */ (this).buttonTarget;
  }

  /** @returns {HTMLElement} */
  get list() {
    return /** @type {any} */ (this).listTarget;
  }

  /** @returns {HTMLElement[]} */
  get items() {
    return [...this.list.querySelectorAll("a[href], button:not([disabled])")].map((item) => /** @type {HTMLElement} */ (item));
  }

  toggle() {
    if (this.list.hidden) this.open();
    else this.close();
  }

  open() {
    this.list.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", this.outside);
    this.items[0]?.focus();
  }

  close() {
    if (this.list.hidden) return;
    const hadFocus = this.list.contains(document.activeElement);
    this.list.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", this.outside);
    if (hadFocus) this.button.focus();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (this.list.hidden) return;
    const items = this.items;
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === "Escape") {
      event.stopPropagation();
      this.close();
    } else if (event.key === "Tab") {
      this.close();
    } else if (next !== undefined && items.length) {
      event.preventDefault();
      items[(next + items.length) % items.length].focus();
    }
  }
}
