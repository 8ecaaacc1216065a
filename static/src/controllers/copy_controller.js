// <button type="button" data-controller="copy" data-copy-text-value="…" data-copy-done-value="Copied" data-action="copy#copy">
// or data-copy-from-value="#selector" for the text of another element.
import { Controller } from "@hotwired/stimulus";

export default class CopyController extends Controller {
  static values = { text: String, from: String, done: String };
  static targets = ["label"];

  async copy() {
    const { textValue, fromValue, doneValue, hasLabelTarget } = /** @type {any} */ (this);
    const source = fromValue ? document.querySelector(fromValue) : null;
    await navigator.clipboard.writeText(source ? (source.value ?? source.textContent) : textValue);
    const place = hasLabelTarget ? /** @type {any} */ (this).labelTarget : null;
    if (place && !this.before) {
      this.before = place.textContent;
      place.textContent = doneValue;
      setTimeout(() => {
        place.textContent = this.before;
        this.before = undefined;
      }, 1500);
    } else if (!place) {
      this.element.setAttribute("data-copied", "");
      this.element.setAttribute("title", doneValue);
    }
  }
}
