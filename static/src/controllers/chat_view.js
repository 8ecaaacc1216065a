// What the chat shows: messages, the composer's state, the connection, the end of the log. What it does is in chat_controller.js.
import { Controller } from "@hotwired/stimulus";
import { Answer, part } from "../chat/answer.js";
import { copyText } from "../clipboard.js";

const NEAR_END_PX = 80;

/** What Stimulus adds: the targets and values declared here and below. @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export class ChatView extends Base {
  static targets = ["log", "list", "empty", "input", "model", "send", "enter", "stop", "queued", "queuedText", "edited", "connection", "alert", "person", "answer"];

  addAnswer() {
    const element = copyOf(this.answerTarget);
    this.listTarget.append(element);
    return new Answer(element, this.labelsValue);
  }

  /** @param {string} text */
  addPerson(text) {
    const element = copyOf(this.personTarget);
    part(element, "text").textContent = text;
    this.listTarget.append(element);
    return element;
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

  /** @param {string} text @param {string} [url] where something can be done about it */
  alert(text, url = "") {
    this.alertTarget.textContent = text;
    if (url) {
      const link = Object.assign(document.createElement("a"), { href: url, className: "link ml-1", textContent: this.labelsValue.see_credits });
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

/** @param {HTMLTemplateElement} template @returns {HTMLElement} */
function copyOf(template) {
  return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
}
