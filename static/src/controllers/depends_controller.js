// Fields that mean something only where another field has one of some values: the others are out of sight.
//
//   <form data-controller="depends" data-action="change->depends#show">
//     <select name="kind">…</select>
//     <div data-only="kind=basic|bearer">…</div>   (several conditions, with spaces between them, must all hold)
//
// Nothing is switched off: what is out of sight is sent, and the server leaves out what means nothing.
import { Controller } from "@hotwired/stimulus";

export default class DependsController extends Controller {
  connect() {
    this.show();
  }

  show() {
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll("[data-only]"))) {
      const conditions = (row.dataset.only ?? "").split(" ").filter(Boolean);
      row.hidden = !conditions.every((condition) => this.holds(condition)) && !row.querySelector("[aria-invalid]");
    }
  }

  /** @param {string} condition name=value|value */
  holds(condition) {
    const [name = "", values = ""] = condition.split("=");
    const form = /** @type {HTMLFormElement} */ (this.element.closest("form"));
    const field = form.elements.namedItem(name);
    return values.split("|").includes(/** @type {HTMLInputElement | null} */ (field)?.value ?? "");
  }
}
