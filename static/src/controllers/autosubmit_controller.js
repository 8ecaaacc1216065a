// <form data-controller="autosubmit" data-action="input->autosubmit#later change->autosubmit#now">: filters apply themselves.
import { Controller } from "@hotwired/stimulus";

export default class AutosubmitController extends Controller {
  static values = { delay: { type: Number, default: 250 } };

  disconnect() {
    clearTimeout(this.timer);
  }

  /** @param {Event} event */
  later(event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    if (!["text", "search"].includes(field.type)) return; // a choice is answered by its change event, at once
    this.send(/** @type {any} */ (this).delayValue);
  }

  now() {
    this.send(0);
  }

  /** @param {number} delay */
  send(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => /** @type {HTMLFormElement} */ (this.element).requestSubmit(), delay);
  }
}
