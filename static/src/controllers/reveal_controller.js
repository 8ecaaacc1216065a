// <div class="field" data-controller="reveal"><input type="password" data-reveal-target="input">
//   <button type="button" data-reveal-target="button" data-action="reveal#toggle" aria-pressed="false" aria-label="Show password">
import { Controller } from "@hotwired/stimulus";

export default class RevealController extends Controller {
  static targets = ["input", "button"];

  // A password that is shown while the form leaves would be kept by the browser's form history.
  hide = () => this.show(false);

  connect() {
    this.form = this.element.closest("form");
    this.form?.addEventListener("submit", this.hide);
  }

  disconnect() {
    this.form?.removeEventListener("submit", this.hide);
  }

  toggle() {
    this.show(/** @type {any} */ (this).inputTarget.type === "password");
  }

  /** @param {boolean} visible */
  show(visible) {
    const { inputTarget, buttonTarget } = /** @type {any} */ (this);
    inputTarget.type = visible ? "text" : "password";
    buttonTarget.setAttribute("aria-pressed", String(visible));
  }
}
