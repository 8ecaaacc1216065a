// <time data-controller="ago" datetime="…" title="exact">2 min ago</time>: keeps the words true while the page is open.
import { Controller } from "@hotwired/stimulus";

const STEPS = /** @type {const} */ ([["minute", 60], ["hour", 3600], ["day", 86400]]);

/** @param {number} seconds since the moment @param {string} language */
export function ago(seconds, language) {
  if (seconds < 45) return null; // the server's word for "just now" stands
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const [unit, length] = STEPS.findLast(([, size]) => seconds >= size) ?? STEPS[0];
  return words.format(-Math.max(1, Math.floor(seconds / length)), unit);
}

export default class AgoController extends Controller {
  connect() {
    const moment = new Date(this.element.getAttribute("datetime") ?? "");
    this.element.setAttribute("title", moment.toLocaleString(document.documentElement.lang || []));
    const update = () => {
      const seconds = (Date.now() - moment.getTime()) / 1000;
      const words = seconds < 7 * 86400 ? ago(seconds, document.documentElement.lang || "en") : null;
      if (words) this.element.textContent = words;
    };
    update();
    this.timer = setInterval(update, 30_000);
  }

  disconnect() {
    clearInterval(this.timer);
  }
}
