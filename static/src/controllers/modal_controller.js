// <dialog data-controller="modal" data-action="click->modal#beside close->modal#leave">: opens when it arrives (a fragment put
// into #dialogs), closes by Escape, a click beside it or modal#close, and is gone then.
import { Controller } from "@hotwired/stimulus";

/** @type {new (...args: any[]) => Controller<HTMLDialogElement>} */
const Base = /** @type {any} */ (Controller);

export default class ModalController extends Base {
  connect() {
    this.element.showModal();
  }

  close() {
    this.element.close();
  }

  /** @param {Event} event */
  beside(event) {
    if (event.target === this.element) this.close();
  }

  leave() {
    this.element.remove();
  }
}
