// <div id="toasts" data-controller="toast" data-toast-close-value="Close">: each child gets a close button; what is no error
// leaves by itself after six seconds, unless the pointer or the focus is on it.
import { Controller } from "@hotwired/stimulus";

const STAYS = 6000;

export default class ToastController extends Controller {
  static values = { close: String };

  connect() {
    this.watcher = new MutationObserver((records) => records.forEach((record) => record.addedNodes.forEach((node) => this.add(node))));
    this.watcher.observe(this.element, { childList: true });
    [...this.element.children].forEach((node) => this.add(node));
  }

  disconnect() {
    this.watcher?.disconnect();
  }

  /** @param {Node} node */
  add(node) {
    if (!(node instanceof HTMLElement) || node.querySelector(".toast-close")) return;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "toast-close btn btn-ghost btn-sm btn-square";
    close.setAttribute("aria-label", /** @type {any} */ (this).closeValue);
    close.textContent = "×";
    close.addEventListener("click", () => node.remove());
    node.append(close);
    if (node.getAttribute("role") !== "alert") this.leave(node);
  }

  /** @param {HTMLElement} node */
  leave(node) {
    setTimeout(() => {
      if (node.matches(":hover, :focus-within")) this.leave(node);
      else node.remove();
    }, STAYS);
  }
}
