// <form data-controller="autosave" data-autosave-url-value="…" data-autosave-revision-value="3"
//   data-action="input->autosave#changed change->autosave#changed" data-autosave-saved-value="Saved · {time}" …>
// Posts the whole form with the revision it was made on. One request at a time: what is typed meanwhile goes with the next.
// 200 {"revision"} saved · 409 somebody else saved: nothing is overwritten · 422 {"errors"} stays marked · unreachable: tries again.
import { Controller } from "@hotwired/stimulus";
import { csrfToken } from "../csrf.js";

const RETRY = 4000;

export default class AutosaveController extends Controller {
  static targets = ["status"];
  static values = {
    url: String, revision: Number, delay: { type: Number, default: 600 },
    saving: String, saved: String, conflict: String, error: String, offline: String,
  };

  connect() {
    this.dirty = false;
    this.busy = false;
    this.warn = (/** @type {BeforeUnloadEvent} */ event) => {
      if (this.dirty || this.busy) event.preventDefault();
    };
    window.addEventListener("beforeunload", this.warn);
  }

  disconnect() {
    clearTimeout(this.timer);
    window.removeEventListener("beforeunload", this.warn);
  }

  changed() {
    this.dirty = true;
    this.later(/** @type {any} */ (this).delayValue);
  }

  /** @param {number} delay */
  later(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), delay);
  }

  async save() {
    if (this.busy || !this.dirty || this.conflicted) return;
    const self = /** @type {any} */ (this);
    const body = new FormData(/** @type {HTMLFormElement} */ (this.element));
    body.set("revision", String(self.revisionValue));
    this.busy = true;
    this.dirty = false;
    this.say("saving", self.savingValue);
    try {
      const response = await fetch(self.urlValue || /** @type {HTMLFormElement} */ (this.element).action, {
        method: "POST", body, headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
      });
      this.busy = false;
      await this.answered(response);
    } catch {
      this.busy = false;
      this.dirty = true;
      this.say("offline", self.offlineValue);
      this.later(RETRY);
    }
  }

  /** @param {Response} response */
  async answered(response) {
    const self = /** @type {any} */ (this);
    const data = await response.json().catch(() => ({}));
    if (response.ok) {
      self.revisionValue = data.revision ?? self.revisionValue;
      this.mark({});
      const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      this.say("saved", self.savedValue.replace("{time}", time));
      this.dispatch("saved", { detail: { revision: self.revisionValue, data } });
      if (this.dirty) this.later(0);
    } else if (response.status === 409) {
      this.conflicted = true;
      this.dirty = true;
      this.say("conflict", self.conflictValue);
      this.dispatch("conflict", { detail: data });
    } else if (response.status >= 500 || response.status === 429) {
      this.dirty = true;
      this.say("offline", self.offlineValue);
      this.later(RETRY);
    } else {
      this.mark(data.errors ?? {});
      this.say("error", Object.values(data.errors ?? {}).flat()[0] ?? data.detail ?? self.errorValue);
    }
  }

  /** @param {Record<string, string[]>} errors */
  mark(errors) {
    for (const field of /** @type {HTMLFormElement} */ (this.element).elements) {
      const name = field.getAttribute("name");
      if (name && name in errors) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }

  /** @param {string} state @param {string} text */
  say(state, text) {
    this.element.setAttribute("data-autosave-state", state);
    for (const status of /** @type {any} */ (this).statusTargets) {
      status.dataset.s = { saving: "running", saved: "succeeded", conflict: "waiting", error: "failed", offline: "waiting" }[state];
      status.textContent = text;
    }
  }
}
