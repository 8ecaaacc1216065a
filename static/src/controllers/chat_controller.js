// The chat: composer, running answer, stop, regenerate, edit-and-resend, versions, fork, queue. Markup: templates/components/chat.html
//
//   <section data-controller="chat" data-chat-run-url-value="/api/v1/agents/<id>/run/" data-chat-runs-url-value="/api/v1/runs/"
//            data-chat-conversation-value="<id or empty>" data-chat-page-url-value="/agents/<id>/chat/" data-chat-labels-value="{…}"
//            data-chat-remedies-value="{code of a refusal: {label, url}}">
// A live run is given as data-run-id and data-after on that element; its answer is replayed from its events.
// Tells the page: chat:begun (a conversation has its id, also put into [name=conversation]), chat:finished, chat:used {usage}.

import { Controller } from "@hotwired/stimulus";
import { ApiError, cancelRun, getRun, postForm, startRun } from "../chat/api.js";
import { part } from "../chat/parts.js";
import { RunStream } from "../chat/run_stream.js";
import { cut, showVersions, versionsOf } from "../chat/versions.js";
import { ChatView } from "./chat_view.js";

/**
 * What is sent: `parent` is the person's message that is answered again (`bubble`) or replaced; `restore` puts back what was
 * taken out of sight for it, `versions` are the ids of the earlier versions.
 * @typedef {{text: string, parent?: string, bubble?: HTMLElement, edited?: HTMLElement, restore?: () => void, versions?: string[], files?: HTMLElement[]}} Turn
 */

export default class ChatController extends ChatView {
  static values = { runUrl: String, source: String, runsUrl: String, conversation: String, conversationsUrl: String, pageUrl: String, labels: Object, remedies: Object };

  /** @type {HTMLElement[]} */
  queuedFiles = [];

  connect() {
    /** @type {{id: string, answer: import("../chat/answer.js").Answer, stream: RunStream} | null} */
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
    if (this.uploading) return this.alert(this.labelsValue.uploading);
    const replaces = this.editing?.dataset.messageId;
    if (this.busy) {
      if (replaces) return; // an edit replaces what comes after it: first stop, then resend
      this.queue = this.queue ? `${this.queue}\n\n${text}` : text;
      this.queuedFiles.push(...this.takeFiles());
    } else {
      const edited = this.editing;
      const files = this.takeFiles();
      this.stopEditing();
      if (edited && replaces) this.replace(edited, text, replaces, files);
      else this.start({ text, files });
    }
    this.inputTarget.value = "";
    this.grow();
    this.showState();
  }

  /** @param {Event & {params: {text: string}}} event */
  starter(event) {
    if (!this.busy) this.start({ text: event.params.text });
  }

  /** @param {HTMLElement} edited @param {string} text @param {string} parent @param {HTMLElement[]} files more than it has */
  replace(edited, text, parent, files) {
    if (text === part(edited, "text").textContent?.trim() && !files.length) this.answerAgain(edited);
    else this.start({ text, parent, edited, files, versions: versionsOf(edited), restore: cut(edited) });
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
    this.putFiles(this.queuedFiles.splice(0));
    this.showState();
    this.inputTarget.focus();
  }

  /** Answer the person's last message once more. @param {Event} event */
  regenerate(event) {
    const answer = closest(event, "[data-message]");
    let person = /** @type {HTMLElement | null} */ (answer?.previousElementSibling ?? null);
    while (person && person.dataset.message !== "user") person = /** @type {HTMLElement | null} */ (person.previousElementSibling);
    if (person) this.answerAgain(person);
  }

  /** @param {HTMLElement} person */
  answerAgain(person) {
    const parent = person.dataset.messageId;
    const before = /** @type {HTMLElement | null} */ (person.nextElementSibling);
    if (!parent || this.busy) return;
    const versions = before?.dataset.message === "assistant" ? versionsOf(before) : [];
    this.start({ text: part(person, "text").textContent ?? "", parent, bubble: person, versions, restore: before ? cut(before) : undefined });
  }

  /** Show another version of a message, and what was said after it. @param {SubmitEvent} event */
  async showVersion(event) {
    event.preventDefault();
    const message = /** @type {HTMLButtonElement} */ (event.submitter).value;
    if (this.busy || !message) return;
    this.stopEditing();
    try {
      const html = await postForm(`${this.conversationsUrlValue}${this.conversationValue}/branch/`, { message });
      const place = document.createElement("template");
      place.innerHTML = html; // our own server's page, as htmx would put it in
      this.listTarget.replaceChildren(place.content);
      this.alert("");
    } catch (error) {
      this.alert(error instanceof ApiError ? error.message : this.labelsValue.offline);
    }
  }

  /** The form goes to the server by itself; here it learns of which message and conversation it is. @param {SubmitEvent} event */
  fork(event) {
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const message = closest(event, "[data-message]")?.dataset.messageId;
    if (!message || !this.conversationValue) return event.preventDefault();
    form.action = `${this.conversationsUrlValue}${this.conversationValue}/fork/`;
    /** @type {HTMLInputElement} */ (form.elements.namedItem("message")).value = message;
  }

  /** Put a message of the person into the composer; sending it makes a new branch. @param {Event} event */
  edit(event) {
    const bubble = closest(event, "[data-message]");
    if (!bubble || this.busy) return;
    this.stopEditing();
    this.beginEditing(bubble, part(bubble, "text").textContent ?? "");
  }

  /** @param {HTMLElement} bubble @param {string} text */
  beginEditing(bubble, text) {
    this.editing = bubble;
    bubble.dataset.editing = "";
    this.inputTarget.value = text;
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

  // The run

  get busy() {
    return this.starting || this.run !== null;
  }

  /** @param {Turn} turn */
  async start(turn) {
    this.starting = true;
    this.alert("");
    if (this.hasEmptyTarget) this.emptyTarget.hidden = true;
    const person = turn.bubble ?? this.addPerson(turn.text, turn.files, turn.edited);
    const answer = this.addAnswer();
    this.pinned = true;
    this.showState();
    this.toEnd();
    try {
      const started = await startRun(this.runUrlValue, this.inputFor(turn), { offline: this.labelsValue.offline, source: this.sourceValue });
      this.inConversation(started.conversation_id);
      this.starting = false;
      this.follow(started.run_id, 0, answer, person, turn);
    } catch (error) {
      this.starting = false;
      this.takeBack(turn, answer, person);
      if (error instanceof ApiError) this.alert(error.message, error.code);
      else this.alert(this.labelsValue.offline);
    }
    this.showState();
  }

  /** The draft, or the chosen number. @returns {number | string} */
  get version() {
    const chosen = this.hasVersionTarget ? this.versionTarget.value : "draft";
    return chosen === "draft" ? chosen : Number(chosen);
  }

  /** @param {Turn} turn @returns {import("../chat/api.js").RunInput} */
  inputFor(turn) {
    const input = /** @type {import("../chat/api.js").RunInput} */ ({ message: turn.text, version: this.version });
    if (this.hasContextTarget && this.contextTarget.value) input.context_id = this.contextTarget.value;
    if (this.conversationValue) input.conversation_id = this.conversationValue;
    if (turn.parent) input.parent_message_id = turn.parent;
    if (turn.files?.length) input.attachments = [...filesOf(turn.edited), ...turn.files.map((file) => file.dataset.fileId ?? "")];
    if (this.hasModelTarget && this.modelTarget.value) input.model = this.modelTarget.value;
    return input;
  }

  /** It was not even started: everything is again as it was before. @param {Turn} turn @param {import("../chat/answer.js").Answer} answer @param {HTMLElement} person */
  takeBack(turn, answer, person) {
    answer.element.remove();
    if (!turn.bubble) person.remove();
    turn.restore?.();
    this.putFiles(turn.files ?? []);
    if (turn.edited) this.beginEditing(turn.edited, turn.text);
    else if (!turn.bubble && !this.inputTarget.value) this.inputTarget.value = turn.text;
    if (this.hasEmptyTarget) this.emptyTarget.hidden = this.listTarget.querySelector("[data-message]") !== null;
    this.grow();
  }

  /** @param {string} id @param {number} after @param {import("../chat/answer.js").Answer} answer @param {HTMLElement} [person] @param {Turn} [turn] */
  async follow(id, after, answer, person, turn) {
    const stream = new RunStream(`${this.runsUrlValue}${id}/events/`, {
      after,
      onEvent: (event) => {
        if (event.type === "conversation_started" && person) this.stored(person, event.message_id, turn);
        answer.take(event);
        this.toEnd();
      },
      onConnection: (state) => this.showConnection(state),
    });
    this.run = { id, answer, stream };
    answer.element.dataset.runId = id;
    for (const link of /** @type {NodeListOf<HTMLElement>} */ (answer.element.querySelectorAll("a[data-run-link]"))) link.setAttribute("href", `/runs/${id}/${link.dataset.runLink}`);
    this.showState();
    await stream.follow();
    if (this.run?.id !== id || stream.abort.signal.aborted) return;
    if (!answer.status) answer.finish("", "");
    this.run = null;
    if (turn?.bubble) showVersions(answer.element, turn.versions ?? [], answer.stored ? (answer.element.dataset.messageId ?? "") : "");
    this.showState();
    this.toEnd();
    this.dispatch("finished", { detail: { run: id, status: answer.status, conversation: this.conversationValue } });
    this.tellUsage(id, answer);
    const next = this.queue;
    this.queue = "";
    if (next) this.start({ text: next, files: this.queuedFiles.splice(0) });
    this.showState();
  }

  /** The person's message has its id. @param {HTMLElement} person @param {string} id @param {Turn} [turn] */
  stored(person, id, turn) {
    person.dataset.messageId = id;
    if (turn?.edited) showVersions(person, turn.versions ?? [], id);
  }

  /** What is known after a run's last event: its cost, and what helps; else after a reload. @param {string} id @param {import("../chat/answer.js").Answer} answer */
  async tellUsage(id, answer) {
    const run = await getRun(`${this.runsUrlValue}${id}/`).catch(() => null);
    if (!run) return;
    this.dispatch("used", { detail: run.usage });
    answer.offer(run.remedy);
    this.toEnd();
  }

  /** @param {string} id */
  inConversation(id) {
    if (!id || this.conversationValue === id) return;
    this.conversationValue = id;
    for (const field of document.querySelectorAll('input[name="conversation"]')) /** @type {HTMLInputElement} */ (field).value = id;
    if (this.pageUrlValue) history.replaceState(history.state, "", `${this.pageUrlValue}${id}/`);
    this.dispatch("begun", { detail: { conversation: id } });
  }
}

/** The ids of the files that a message has. @param {HTMLElement} [person] */
function filesOf(person) {
  return (person?.dataset.files ?? "").split(" ").filter(Boolean);
}

/** @param {Event} event @param {string} selector @returns {HTMLElement | null} */
function closest(event, selector) {
  return /** @type {HTMLElement} */ (event.currentTarget).closest(selector);
}
