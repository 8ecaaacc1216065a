// What the chat shows: messages, the composer's state, the connection, the end of the log. What it does is in chat_controller.js.
import { Controller } from "@hotwired/stimulus";
import { Answer } from "../chat/answer.js";
import { part } from "../chat/parts.js";
import { copyText } from "../clipboard.js";

const NEAR_END_PX = 80;

/** What Stimulus adds: the targets and values declared here and below. @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export class ChatView extends Base {
  static targets = ["log", "list", "empty", "input", "model", "version", "context", "send", "enter", "stop", "queued", "queuedText", "edited", "connection", "alert", "person", "answer"];

  addAnswer() {
    const element = copyOf(this.answerTarget);
    this.listTarget.append(element);
    return new Answer(element, this.labelsValue);
  }

  /** @param {string} text @param {HTMLElement[]} [files] @param {HTMLElement} [edited] the message that it replaces, whose files it keeps */
  addPerson(text, files = [], edited) {
    const element = copyOf(this.personTarget);
    part(element, "text").textContent = text;
    const kept = edited?.querySelectorAll(".chat-file") ?? [];
    for (const file of [...kept, ...files]) part(element, "files").append(shown(/** @type {HTMLElement} */ (file)));
    element.dataset.files = [edited?.dataset.files ?? "", ...files.map((file) => file.dataset.fileId)].join(" ").trim();
    this.listTarget.append(element);
    return element;
  }

  /** Whether a file of the composer is not there yet. */
  get uploading() {
    return this.element.querySelector(".chat-attached [aria-busy]") !== null;
  }

  /** The files that go with the message; those that could not be uploaded stay and say why. @returns {HTMLElement[]} */
  takeFiles() {
    const files = /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll(".chat-attached [data-file-id]")]);
    for (const file of files) file.remove();
    this.putFiles([]);
    return files;
  }

  /** Back into the composer. @param {HTMLElement[]} files */
  putFiles(files) {
    const list = /** @type {HTMLElement | null} */ (this.element.querySelector(".chat-attached"));
    if (!list) return;
    list.append(...files);
    list.hidden = !list.childElementCount;
  }

  showState() {
    const busy = this.busy;
    this.stopTarget.hidden = !busy;
    this.stopTarget.disabled = !this.run;
    this.inputTarget.placeholder = busy ? this.labelsValue.queue_message : this.labelsValue.message;
    this.sendTarget.setAttribute("aria-label", busy ? this.labelsValue.queue : this.labelsValue.send);
    if (this.hasEnterTarget) this.enterTarget.textContent = (busy ? this.labelsValue.queue : this.labelsValue.send).toLowerCase();
    this.queuedTarget.hidden = !this.queue;
    this.queuedTextTarget.textContent = this.queue;
    this.editedTarget.hidden = !this.editing;
    this.element.toggleAttribute("data-busy", busy);
  }

  /** @param {import("../chat/run_stream.js").Connection} state */
  showConnection(state) {
    const text = { reconnecting: this.labelsValue.reconnecting, lost: this.labelsValue.lost, live: "", ended: "" }[state];
    this.connectionTarget.textContent = text;
    this.connectionTarget.hidden = !text;
  }

  /** @param {string} text @param {string} [code] of the refusal: by it the page knows where something can be done about it */
  alert(text, code = "") {
    this.alertTarget.textContent = text;
    const remedy = this.remediesValue[code];
    if (remedy) {
      const link = Object.assign(document.createElement("a"), { href: remedy.url, className: "link ml-1", textContent: remedy.label });
      this.alertTarget.append(link);
    }
    this.alertTarget.hidden = !text;
  }

  toEnd() {
    if (!this.pinned) return;
    requestAnimationFrame(() => (this.logTarget.scrollTop = this.logTarget.scrollHeight));
  }

  /** Copy a message. @param {Event} event */
  async copy(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest("[data-chat-copy]");
    if (!button) return;
    const source = button.closest("[data-message]")?.querySelector('[data-part="body"], [data-part="text"]');
    await copyText(source?.textContent?.trim() ?? "");
    const label = button.querySelector("[data-label]") ?? button;
    const before = label.textContent;
    label.textContent = this.labelsValue.copied;
    setTimeout(() => (label.textContent = before), 1500);
  }

  scrolled() {
    const log = this.logTarget;
    this.pinned = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
  }

  grow() {
    const input = this.inputTarget;
    input.rows = Math.min(8, Math.max(1, input.value.split("\n").length));
  }
}

/** A file as it stands at a message that was sent. @param {HTMLElement} file */
function shown(file) {
  const copy = /** @type {HTMLElement} */ (file.cloneNode(true));
  copy.querySelector("button")?.remove();
  return copy;
}

/** @param {HTMLTemplateElement} template @returns {HTMLElement} */
function copyOf(template) {
  return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
}
