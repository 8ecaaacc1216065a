// <form data-controller="bulk-select" data-action="change->bulk-select#changed htmx:after-settle->bulk-select#changed">
//   <input type="checkbox" data-bulk-select-target="all">, rows with data-bulk-select-target="item",
//   <div data-bulk-select-target="bar" hidden><b data-bulk-select-target="count"></b> …actions…</div>
import { Controller } from "@hotwired/stimulus";

export default class BulkSelectController extends Controller {
  static targets = ["all", "item", "bar", "count"];

  connect() {
    this.update();
  }

  itemTargetConnected() {
    this.update();
  }

  itemTargetDisconnected() {
    this.update();
  }

  /** @param {Event} event */
  changed(event) {
    const { allTargets, itemTargets } = /** @type {any} */ (this);
    const box = /** @type {HTMLInputElement} */ (event.target);
    if (allTargets.includes(box)) itemTargets.forEach((/** @type {HTMLInputElement} */ item) => (item.checked = box.checked));
    this.update();
  }

  clear() {
    /** @type {any} */ (this).itemTargets.forEach((/** @type {HTMLInputElement} */ item) => (item.checked = false));
    this.update();
  }

  update() {
    const { allTargets, itemTargets, barTargets, countTargets } = /** @type {any} */ (this);
    const chosen = itemTargets.filter((/** @type {HTMLInputElement} */ item) => item.checked).length;
    for (const all of allTargets) {
      all.checked = chosen > 0 && chosen === itemTargets.length;
      all.indeterminate = chosen > 0 && chosen < itemTargets.length;
    }
    for (const bar of barTargets) bar.hidden = chosen === 0;
    for (const count of countTargets) count.textContent = String(chosen);
  }
}
