// One message, two to four answers side by side: each column is a conversation of its own with the version or model at its head
// (data-version and data-model of the chosen option; neither is the draft as it is).
// Markup: templates/agents/compare.html
//
//   <section data-controller="compare" data-compare-run-url-value="/api/v1/agents/<id>/run/" data-compare-runs-url-value="/api/v1/runs/"
//            data-compare-page-url-value="/agents/<id>/chat/" data-compare-labels-value="{…}">
import { Controller } from "@hotwired/stimulus";
import { Answer } from "../chat/answer.js";
import { part } from "../chat/parts.js";
import { ApiError, cancelRun, getRun, startRun } from "../chat/api.js";
import { RunStream } from "../chat/run_stream.js";
import { copyText } from "../clipboard.js";
import { written } from "../numbers.js";

const LEAST = 2;
const MOST = 4;

/** @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class CompareController extends Base {
  static values = { runUrl: String, runsUrl: String, pageUrl: String, labels: Object };
  static targets = ["columns", "column", "person", "answer", "input", "add", "send", "stop", "alert"];

  /** @type {Map<string, RunStream>} runs under way, by their ids */
  running = new Map();
  busy = false;

  connect() {
    while (this.columns.length < LEAST) this.addColumn();
  }

  disconnect() {
    for (const stream of this.running.values()) stream.stop();
  }

  /** @returns {HTMLElement[]} */
  get columns() {
    return [...this.columnsTarget.children];
  }

  /** Another column; it asks the next model that no other column asks, if there is one. */
  addColumn() {
    if (this.columns.length >= MOST) return;
    const column = copyOf(this.columnTarget);
    const choice = /** @type {HTMLSelectElement} */ (part(column, "choice"));
    const taken = this.columns.map((each) => /** @type {HTMLSelectElement} */ (part(each, "choice")).value);
    choice.value = [...choice.options].find((option) => !option.disabled && !taken.includes(option.value))?.value ?? "";
    this.columnsTarget.append(column);
    this.showState();
  }

  /** @param {Event} event */
  removeColumn(event) {
    if (this.columns.length <= LEAST || this.busy) return;
    /** @type {HTMLElement} */ (event.currentTarget).closest(".compare-column")?.remove();
    this.showState();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Escape") this.stop();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }

  /** @param {Event} [event] */
  async submit(event) {
    event?.preventDefault();
    const text = this.inputTarget.value.trim();
    if (!text || this.busy) return;
    this.inputTarget.value = "";
    this.alert("");
    this.busy = true;
    this.showState();
    const started = await Promise.all(this.columns.map((column) => this.ask(column, text)));
    this.busy = false;
    if (!started.includes(true)) this.inputTarget.value = text;
    this.showState();
  }

  stop() {
    for (const id of this.running.keys()) cancelRun(`${this.runsUrlValue}${id}/cancel/`).catch(() => {}); // it may have ended just now
  }

  /** @param {HTMLElement} column @param {string} text @returns {Promise<boolean>} whether it was asked at all */
  async ask(column, text) {
    const person = copyOf(this.personTarget);
    part(person, "text").textContent = text;
    const answer = new Answer(copyOf(this.answerTarget), this.labelsValue);
    part(column, "log").append(person, answer.element);
    const { version, model } = /** @type {HTMLSelectElement} */ (part(column, "choice")).selectedOptions[0]?.dataset ?? {};
    const input = /** @type {import("../chat/api.js").RunInput} */ ({ message: text, version: version ? Number(version) : "draft" });
    if (model) input.model = model;
    if (column.dataset.chatConversationValue) input.conversation_id = column.dataset.chatConversationValue;
    try {
      const run = await startRun(this.runUrlValue, input, { offline: this.labelsValue.offline });
      this.belongs(column, run.conversation_id);
      await this.follow(run.run_id, column, answer);
      return true;
    } catch (error) {
      person.remove();
      answer.element.remove();
      this.alert(error instanceof ApiError ? error.message : this.labelsValue.offline);
      return false;
    }
  }

  /** The column's conversation, also for the feedback controller. @param {HTMLElement} column @param {string} conversation */
  belongs(column, conversation) {
    column.dataset.chatConversationValue = conversation;
    const open = part(column, "open");
    open.setAttribute("href", `${this.pageUrlValue}${conversation}/`);
    open.hidden = false;
  }

  /** @param {string} id @param {HTMLElement} column @param {Answer} answer */
  async follow(id, column, answer) {
    const log = part(column, "log");
    const stream = new RunStream(`${this.runsUrlValue}${id}/events/`, {
      onEvent: (event) => {
        answer.take(event);
        log.scrollTop = log.scrollHeight;
      },
    });
    this.running.set(id, stream);
    for (const link of answer.element.querySelectorAll("a[data-run-link]")) link.setAttribute("href", `/runs/${id}/`);
    await stream.follow();
    this.running.delete(id);
    if (!answer.status) answer.finish("", "");
    const run = await getRun(`${this.runsUrlValue}${id}/`).catch(() => null);
    if (!run) return;
    part(column, "used").textContent = this.used(run.usage);
    answer.offer(run.remedy);
  }

  /** Time, tokens and cost of the last answer. @param {any} usage */
  used(usage) {
    const { tokens, credits_unit: credits } = this.labelsValue;
    const units = [`${written(usage.execution_time, 1)} s`, `${written(usage.total_tokens)} ${tokens}`, `${written(Number(usage.credits))} ${credits}`];
    return units.join(" · ");
  }

  showState() {
    this.stopTarget.hidden = !this.busy;
    this.sendTarget.disabled = this.busy;
    this.addTarget.hidden = this.columns.length >= MOST;
    for (const column of this.columns) part(column, "remove").hidden = this.columns.length <= LEAST;
    this.element.toggleAttribute("data-busy", this.busy);
  }

  /** @param {string} text */
  alert(text) {
    this.alertTarget.textContent = text;
    this.alertTarget.hidden = !text;
  }

  /** @param {Event} event */
  copy(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest("[data-chat-copy]");
    if (button) copyText(button.closest("[data-message]")?.querySelector('[data-part="body"]')?.textContent?.trim() ?? "");
  }
}

/** @param {HTMLTemplateElement} template @returns {HTMLElement} */
function copyOf(template) {
  return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
}
