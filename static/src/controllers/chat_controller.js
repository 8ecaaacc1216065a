// The chat: composer, running answer, stop, regenerate, edit-and-resend, queue. Markup: templates/components/chat.html
//
//   <section data-controller="chat" data-chat-run-url-value="/api/v1/agents/<id>/run/" data-chat-runs-url-value="/api/v1/runs/"
//            data-chat-conversation-value="<id or empty>" data-chat-page-url-value="/agents/<id>/chat/" data-chat-labels-value="{…}">
// A live run is given as data-run-id and data-after on that element; its answer is replayed from its events.

import { Controller } from "@hotwired/stimulus";
import { Answer, part } from "../chat/answer.js";
import { ApiError, cancelRun, startRun } from "../chat/api.js";
import { RunStream } from "../chat/run_stream.js";

const NEAR_END_PX = 80;

/** What Stimulus adds: the targets and values declared below. @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class ChatController extends Base {
  static targets = ["log", "list", "empty", "input", "send", "stop", "queued", "queuedText", "edited", "connection", "alert", "person", "answer", "tokens", "credits"];
  static values = { runUrl: String, source: String, runsUrl: String, conversation: String, pageUrl: String, labels: Object };

  connect() {
    /** @type {{id: string, answer: Answer, stream: RunStream} | null} */
    this.run = null;
    this.starting = false;
    this.queue = "";
    /** @type {HTMLElement | null} */
    this.editing = null;
    this.pinned = true;
    const { runId, after } = this.element.dataset;
    if (runId) this.follow(runId, Number(after ?? 0), this.addAnswer());
    this.showState();
    this.toEnd();
  }

  disconnect() {
    this.run?.stream.stop();
  }

  // What the person does

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape") {
      if (this.editing) this.stopEditing();
      else this.stop();
    }
  }

  /** @param {Event} [event] */
  submit(event) {
    event?.preventDefault();
    const text = this.inputTarget.value.trim();
    if (!text) return;
    const replaces = this.editing?.dataset.messageId;
    if (this.busy) {
      if (replaces) return; // an edit replaces what comes after it: first stop, then resend
      this.queue = this.queue ? `${this.queue}\n\n${text}` : text;
    } else {
      const bubble = this.editing;
      this.stopEditing();
      if (bubble) this.cutFrom(bubble);
      this.start(text, replaces);
    }
    this.inputTarget.value = "";
    this.grow();
    this.showState();
  }

  /** @param {Event & {params: {text: string}}} event */
  starter(event) {
    if (!this.busy) this.start(event.params.text);
  }

  stop() {
    if (!this.run) return;
    this.stopTarget.disabled = true;
    cancelRun(`${this.runsUrlValue}${this.run.id}/cancel/`).catch((error) => {
      this.stopTarget.disabled = false;
      if (!(error instanceof ApiError && error.code === "run_ended")) this.alert(this.labelsValue.offline);
    });
  }

  dequeue() {
    this.inputTarget.value = this.queue;
    this.queue = "";
    this.showState();
    this.inputTarget.focus();
  }

  /** Answer the person's last message once more. @param {Event} event */
  regenerate(event) {
    const answer = closest(event, "[data-message]");
    let person = /** @type {HTMLElement | null} */ (answer?.previousElementSibling ?? null);
    while (person && person.dataset.message !== "user") person = /** @type {HTMLElement | null} */ (person.previousElementSibling);
    if (!person?.dataset.messageId || this.busy) return;
    while (person.nextElementSibling) person.nextElementSibling.remove();
    this.start(part(person, "text").textContent ?? "", person.dataset.messageId, person);
  }

  /** Put a message of the person into the composer; sending it makes a new branch. @param {Event} event */
  edit(event) {
    const bubble = closest(event, "[data-message]");
    if (!bubble || this.busy) return;
    this.stopEditing();
    this.editing = bubble;
    bubble.dataset.editing = "";
    this.inputTarget.value = part(bubble, "text").textContent ?? "";
    this.showState();
    this.grow();
    this.inputTarget.focus();
  }

  stopEditing() {
    if (!this.editing) return;
    delete this.editing.dataset.editing;
    this.editing = null;
    this.inputTarget.value = "";
    this.showState();
  }

  /** Copy a message, or the code block whose button was pressed. @param {Event} event */
  async copy(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const code = target.closest("[data-chat-copy-code]");
    const button = code ?? target.closest("[data-chat-copy]");
    if (!button) return;
    const source = code ? code.closest("figure")?.querySelector("pre") : button.closest("[data-message]")?.querySelector('[data-part="body"], [data-part="text"]');
    await navigator.clipboard.writeText(source?.textContent?.trim() ?? "");
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

  // The run

  get busy() {
    return this.starting || this.run !== null;
  }

  /** @param {string} text @param {string} [parent] a person's message to answer again or replace @param {HTMLElement} [bubble] */
  async start(text, parent, bubble) {
    this.starting = true;
    this.alert("");
    if (this.hasEmptyTarget) this.emptyTarget.hidden = true;
    const shown = bubble ?? this.addPerson(text);
    const answer = this.addAnswer();
    this.pinned = true;
    this.showState();
    this.toEnd();
    try {
      /** @type {import("../chat/api.js").RunInput} */
      const input = { message: text, version: "draft" };
      if (this.conversationValue) input.conversation_id = this.conversationValue;
      if (parent) input.parent_message_id = parent;
      const started = await startRun(this.runUrlValue, input, { offline: this.labelsValue.offline, source: this.sourceValue });
      this.inConversation(started.conversation_id);
      this.starting = false;
      this.follow(started.run_id, 0, answer, shown);
    } catch (error) {
      this.starting = false;
      answer.element.remove();
      if (!bubble) shown.remove();
      if (!this.inputTarget.value) this.inputTarget.value = bubble ? "" : text;
      this.grow();
      this.alert(error instanceof ApiError ? error.message : this.labelsValue.offline);
    }
    this.showState();
  }

  /** @param {string} id @param {number} after @param {Answer} answer @param {HTMLElement} [person] */
  async follow(id, after, answer, person) {
    const stream = new RunStream(`${this.runsUrlValue}${id}/events/`, {
      after,
      onEvent: (event) => {
        if (event.type === "conversation_started" && person) person.dataset.messageId = event.message_id;
        answer.take(event);
        this.toEnd();
      },
      onConnection: (state) => this.showConnection(state),
    });
    this.run = { id, answer, stream };
    answer.element.dataset.runId = id;
    for (const link of answer.element.querySelectorAll("a[data-run-link]")) link.setAttribute("href", `/runs/${id}/`);
    this.showState();
    await stream.follow();
    if (this.run?.id !== id || stream.abort.signal.aborted) return;
    if (!answer.status) answer.finish("", "");
    this.run = null;
    this.count(answer.usage);
    this.showState();
    this.toEnd();
    this.dispatch("finished", { detail: { run: id, status: answer.status, conversation: this.conversationValue } });
    const next = this.queue;
    this.queue = "";
    if (next) this.start(next);
  }

  /** @param {string} id */
  inConversation(id) {
    if (!id || this.conversationValue === id) return;
    this.conversationValue = id;
    if (this.pageUrlValue) history.replaceState(history.state, "", `${this.pageUrlValue}${id}/`);
  }

  // What is shown

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

  /** @param {HTMLElement} bubble */
  cutFrom(bubble) {
    while (bubble.nextElementSibling) bubble.nextElementSibling.remove();
    bubble.remove();
  }

  showState() {
    const busy = this.busy;
    this.stopTarget.hidden = !busy;
    this.stopTarget.disabled = !this.run;
    this.inputTarget.placeholder = busy ? this.labelsValue.queue_message : this.labelsValue.message;
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

  /** @param {string} text */
  alert(text) {
    this.alertTarget.textContent = text;
    this.alertTarget.hidden = !text;
  }

  /** Add a run's usage to the gauge. @param {{total_tokens?: number, credits?: string}} usage */
  count(usage) {
    for (const target of this.tokensTargets) add(target, usage.total_tokens ?? 0, 0);
    for (const target of this.creditsTargets) add(target, Number(usage.credits ?? 0), 2);
  }

  toEnd() {
    if (!this.pinned) return;
    requestAnimationFrame(() => (this.logTarget.scrollTop = this.logTarget.scrollHeight));
  }
}

/** @param {HTMLTemplateElement} template @returns {HTMLElement} */
function copyOf(template) {
  return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
}

/** @param {Event} event @param {string} selector @returns {HTMLElement | null} */
function closest(event, selector) {
  return /** @type {HTMLElement} */ (event.currentTarget).closest(selector);
}

/** @param {HTMLElement} element @param {number} amount @param {number} digits */
function add(element, amount, digits) {
  const sum = Number(element.dataset.value ?? 0) + amount;
  element.dataset.value = String(sum);
  element.textContent = sum.toLocaleString(document.documentElement.lang || "en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
