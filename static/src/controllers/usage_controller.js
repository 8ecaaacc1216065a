// <aside data-controller="usage" data-action="chat:used@window->usage#add">…<b data-usage-target="credits" data-value="18.36">
// Counts a run's usage onto the figures the server wrote: targets credits, tokens, runs.
import { Controller } from "@hotwired/stimulus";
import { written } from "../numbers.js";

/** What Stimulus adds: the targets declared below. @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class UsageController extends Base {
  static targets = ["credits", "tokens", "runs"];

  /** @param {CustomEvent<import("../chat/api.js").Usage>} event */
  add({ detail }) {
    for (const target of this.creditsTargets) count(target, Number(detail.credits));
    for (const target of this.tokensTargets) count(target, detail.total_tokens);
    for (const target of this.runsTargets) count(target, 1);
  }
}

/** Small amounts keep up to four decimals, as the server writes them. @param {HTMLElement} element @param {number} amount */
function count(element, amount) {
  const sum = Number(element.dataset.value ?? 0) + amount;
  element.dataset.value = String(sum);
  element.textContent = written(sum, 0, sum < 1 ? 4 : 1);
}
