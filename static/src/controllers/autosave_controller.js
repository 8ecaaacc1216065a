// <form data-controller="autosave" data-autosave-url-value="…" data-autosave-revision-value="3"
//   data-action="input->autosave#changed change->autosave#changed" data-autosave-saved-value="Saved · {time}" …>
//   <p data-autosave-target="status">, <div data-autosave-target="conflict" hidden> with targets who and what,
//   buttons data-action="autosave#takeTheirs" and "autosave#keepMine"
//   and <input type="hidden" name="revision" data-autosave-target="revision">, for what else HTMX sends from this page
//   (hx-include of it): an answer puts another in its place where that made a newer revision of exactly what is shown
//   here. Such a request and a save wait for each other, else each would be taken for somebody else's by the other.
// Posts the whole form with the revision it was made on. One request at a time: what is typed meanwhile goes with the next.
// 200 {"revision"} saved · 409 somebody else saved: nothing is overwritten until the person chooses · 422 {"errors"} stays
// marked · unreachable: tries again, at once when the network is back. A link that is followed waits for the save.
import { Controller } from "@hotwired/stimulus";
import { csrfToken } from "../csrf.js";

const RETRY = 4000;
const STATES = /** @type {Record<string, string>} */ ({ saving: "running", saved: "succeeded", conflict: "waiting", error: "failed", offline: "waiting" });

/** What Stimulus adds: the targets and values declared below. @type {new (...args: any[]) => Controller<HTMLFormElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class AutosaveController extends Base {
  static targets = ["status", "conflict", "who", "what", "revision"];
  static values = {
    url: String, revision: Number, delay: { type: Number, default: 600 },
    saving: String, saved: String, conflict: String, error: String, refused: String, offline: String, somebody: String,
  };

  /** The names of the fields changed since the last save. @type {Set<string>} */
  mine = new Set();
  dirty = false;
  busy = false;
  held = 0;
  waiting = 0;
  conflicted = false;
  leaving = false;
  /** The save under way. @type {Promise<boolean> | undefined} */
  running;

  warn = (/** @type {BeforeUnloadEvent} */ event) => {
    if (this.dirty || this.busy) event.preventDefault();
  };

  online = () => {
    if (this.dirty) this.later(0);
  };

  /** A link waits for what was typed just before: the next page must show it. @param {MouseEvent} event */
  leave = async (event) => {
    const link = /** @type {HTMLAnchorElement | null} */ (/** @type {Element} */ (event.target).closest("a[href]"));
    const plain = !event.defaultPrevented && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (!plain || this.leaving || this.conflicted || !(this.dirty || this.busy)) return;
    if (!link || link.getAttribute("target") || link.getAttribute("href")?.startsWith("#")) return;
    event.preventDefault();
    this.leaving = true; // what cannot be saved now is warned of by the browser
    await this.running;
    await this.save();
    link.click();
    this.leaving = false;
  };

  /** Another request with the revision: it goes out when what was typed before is saved. @param {Event} event */
  confirm = async (event) => {
    const { elt, issueRequest } = /** @type {CustomEvent} */ (event).detail;
    if (!elt.closest("[hx-include='#agent-revision']") || this.conflicted || !(this.dirty || this.busy)) return;
    event.preventDefault();
    this.waiting += 1;
    await this.running;
    await this.save();
    issueRequest();
    this.waiting -= 1;
  };

  /** What a save made fresh is not put in the place of a button that is being pressed, or whose request waits: without its element it
   * would never be made. Its own answer brings all of it anew. @param {Event} event */
  keep = (event) => {
    const { target } = /** @type {CustomEvent} */ (event).detail;
    if (target.querySelector("[hx-include='#agent-revision']") && (this.waiting || target.querySelector(":active"))) event.preventDefault();
  };

  /** While it is under way nothing is saved. @param {Event} event */
  hold = (event) => {
    const { requestConfig, xhr } = /** @type {CustomEvent} */ (event).detail;
    if (!requestConfig.formData.has("revision")) return;
    this.held += 1;
    xhr.addEventListener("loadend", () => {
      this.held -= 1;
      if (this.dirty) this.later(this.delayValue);
    });
  };

  connect() {
    document.addEventListener("htmx:confirm", this.confirm);
    document.addEventListener("htmx:oobBeforeSwap", this.keep);
    document.addEventListener("htmx:beforeSend", this.hold);
    document.addEventListener("click", this.leave);
    window.addEventListener("beforeunload", this.warn);
    window.addEventListener("online", this.online);
  }

  disconnect() {
    clearTimeout(this.timer);
    document.removeEventListener("htmx:confirm", this.confirm);
    document.removeEventListener("htmx:oobBeforeSwap", this.keep);
    document.removeEventListener("htmx:beforeSend", this.hold);
    document.removeEventListener("click", this.leave);
    window.removeEventListener("beforeunload", this.warn);
    window.removeEventListener("online", this.online);
  }

  revisionValueChanged() {
    for (const field of this.revisionTargets) field.value = String(this.revisionValue);
  }

  /** @param {HTMLInputElement} field */
  revisionTargetConnected(field) {
    if (Number(field.value) > this.revisionValue) this.revisionValue = Number(field.value);
  }

  /** @param {Event} event */
  changed(event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    if (field.hasAttribute("form")) return; // stands here, and is sent by another form
    const { name } = field;
    if (name) this.mine.add(name);
    this.dirty = true;
    this.later(this.delayValue);
  }

  /** @param {number} delay */
  later(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), delay);
  }

  async save() {
    if (this.busy || this.held || !this.dirty || this.conflicted) return;
    const body = new FormData(this.element);
    body.set("revision", String(this.revisionValue));
    const sent = this.mine;
    this.mine = new Set();
    this.running = this.post(body);
    if (!(await this.running)) sent.forEach((name) => this.mine.add(name));
  }

  /** @param {FormData} body @returns {Promise<boolean>} whether it was saved */
  async post(body) {
    this.busy = true;
    this.dirty = false;
    this.say("saving", this.savingValue);
    try {
      const response = await fetch(this.urlValue || this.element.action, {
        method: "POST", body, headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
      });
      this.busy = false;
      return this.answered(response, await response.json().catch(() => ({})));
    } catch {
      this.busy = false;
      this.unsaved();
      return false;
    }
  }

  /** @param {Response} response @param {any} data @returns {boolean} */
  answered(response, data) {
    if (response.ok) {
      this.revisionValue = data.revision ?? this.revisionValue;
      this.mark({});
      const time = new Date().toLocaleTimeString(document.documentElement.lang || [], { hour: "2-digit", minute: "2-digit" });
      this.say("saved", this.savedValue.replace("{time}", time));
      this.dispatch("saved", { detail: { revision: this.revisionValue, data } });
      if (this.dirty) this.later(0);
    } else if (response.status === 409) {
      this.refused(data);
    } else if (response.status >= 500 || response.status === 429) {
      this.unsaved();
    } else {
      this.mark(data.errors ?? {});
      const why = Object.values(data.errors ?? {}).flat()[0] ?? data.detail;
      this.say("error", why && this.refusedValue ? this.refusedValue.replace("{why}", () => String(why)) : (why ?? this.errorValue));
    }
    return response.ok;
  }

  unsaved() {
    this.dirty = true;
    this.say("offline", this.offlineValue);
    this.later(RETRY);
  }

  /** Somebody else saved since: say who and what, and let the person choose. @param {{current_revision?: number, changed?: string[], changed_by?: string}} data */
  refused(data) {
    this.conflicted = true;
    this.dirty = true;
    this.current = data.current_revision;
    this.say("conflict", this.conflictValue);
    for (const who of this.whoTargets) who.textContent = data.changed_by || this.somebodyValue;
    for (const what of this.whatTargets) what.textContent = (data.changed ?? []).map((name) => this.labelOf(name)).join(", ");
    for (const box of this.conflictTargets) {
      box.hidden = false;
      box.scrollIntoView?.({ block: "nearest" });
    }
    this.dispatch("conflict", { detail: data });
  }

  /** Their version; what was typed here is dropped. */
  takeTheirs() {
    this.dirty = false;
    window.location.reload();
  }

  /** Write the fields changed here over theirs; the fields only they changed stay, and come with the reload. */
  async keepMine() {
    const form = new FormData(this.element);
    const body = new FormData();
    for (const name of this.mine) for (const value of form.getAll(name)) body.append(name, value);
    body.set("revision", String(this.current));
    this.conflicted = false;
    for (const box of this.conflictTargets) box.hidden = true;
    if (await this.post(body)) window.location.reload();
  }

  /** What the page calls a field. @param {string} name */
  labelOf(name) {
    const group = this.element.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (group) return group.getAttribute("data-field-label") ?? name;
    const field = this.element.querySelector(`[name="${CSS.escape(name)}"]`);
    return /** @type {HTMLInputElement | null} */ (field)?.labels?.[0]?.firstChild?.textContent?.trim() || name;
  }

  /** Say what is wrong beside each field, and take away what was said before. @param {Record<string, string[]>} errors */
  mark(errors) {
    for (const said of this.element.querySelectorAll(".field-error")) said.remove();
    const marked = new Set();
    for (const field of this.element.elements) {
      const name = field.getAttribute("name") ?? "";
      if (name in errors && !marked.has(name)) {
        marked.add(name);
        field.setAttribute("aria-invalid", "true");
        this.tell(field, errors[name]);
      } else if (!(name in errors)) {
        field.removeAttribute("aria-invalid");
        field.removeAttribute("aria-errormessage");
      }
    }
  }

  /** @param {Element} field @param {string[]} messages */
  tell(field, messages) {
    const text = document.createElement("p");
    text.className = "field-error";
    text.id = `${field.id || field.getAttribute("name")}-said`;
    text.setAttribute("role", "alert");
    text.textContent = messages.join(" ");
    field.setAttribute("aria-errormessage", text.id);
    (field.closest(".form-row") ?? field.closest("fieldset")?.parentElement ?? this.element).append(text);
  }

  /** @param {string} state @param {string} text */
  say(state, text) {
    this.element.setAttribute("data-autosave-state", state);
    for (const status of this.statusTargets) {
      status.dataset.s = STATES[state];
      status.textContent = text;
    }
  }
}
