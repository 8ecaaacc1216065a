// <div data-controller="insert"><textarea>, <button type="button" data-action="insert#put" data-insert-text-param="{{ now }}">
// Puts the text where the cursor is in the field inside, as if it had been typed: what listens to typing hears of it.
import { Controller } from "@hotwired/stimulus";

export default class InsertController extends Controller {
  /** @param {Event & {params: {text: string}}} event */
  put(event) {
    const field = this.element.querySelector("textarea");
    if (!field) return;
    field.setRangeText(event.params.text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }
}
