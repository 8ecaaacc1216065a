// <button type="button" data-controller="copy" data-copy-text-value="…" data-copy-done-value="Copied" data-action="copy#copy">
// or data-copy-near-value="figure pre" for the text of a <pre> in the button's own <figure>. Says so in its label, or by its icon.
import { Controller } from "@hotwired/stimulus";
import { copyText } from "../clipboard.js";

const SHOWN = 1500;

/** What Stimulus adds: the targets and values declared below. @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class CopyController extends Base {
  static values = { text: String, near: String, done: String };
  static targets = ["label"];

  disconnect() {
    clearTimeout(this.timer);
  }

  async copy() {
    await copyText(this.textValue || this.textNear());
    clearTimeout(this.timer);
    this.before ??= this.show();
    this.timer = setTimeout(() => {
      this.before?.();
      this.before = undefined;
    }, SHOWN);
  }

  textNear() {
    const [around, inside] = this.nearValue.split(" ");
    return this.element.closest(around)?.querySelector(inside)?.textContent ?? "";
  }

  /** Show that it is done. @returns {() => void} how to take it back */
  show() {
    if (this.hasLabelTarget) {
      const label = this.labelTarget.textContent;
      this.labelTarget.textContent = this.doneValue;
      return () => (this.labelTarget.textContent = label);
    }
    const picture = this.element.querySelector("use");
    const href = picture?.getAttribute("href") ?? "";
    const name = this.element.getAttribute("aria-label") ?? "";
    picture?.setAttribute("href", href.replace(/#.*/, "#check"));
    this.element.setAttribute("aria-label", this.doneValue);
    return () => {
      picture?.setAttribute("href", href);
      this.element.setAttribute("aria-label", name);
    };
  }
}
