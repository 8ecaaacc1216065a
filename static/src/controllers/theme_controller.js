// <div data-controller="theme"><button data-theme-target="option" data-theme-choice-param="dark" data-action="theme#choose">…
import { Controller } from "@hotwired/stimulus";
import { applyTheme, rememberTheme } from "../theme_choice.js";

export default class ThemeController extends Controller {
  static targets = ["option"];

  system = window.matchMedia("(prefers-color-scheme: dark)");
  follow = () => applyTheme(document.documentElement, window);

  connect() {
    this.system.addEventListener("change", this.follow);
    this.mark();
  }

  disconnect() {
    this.system.removeEventListener("change", this.follow);
  }

  /** @param {{params: {choice: import("../theme_choice.js").Choice}}} event */
  choose({ params }) {
    rememberTheme(params.choice, document);
    applyTheme(document.documentElement, window);
    this.mark();
  }

  mark() {
    const choice = document.documentElement.dataset.themeChoice ?? "system";
    for (const option of /** @type {any} */ (this).optionTargets) {
      option.setAttribute("aria-pressed", String(option.dataset.themeChoiceParam === choice));
    }
  }
}
