// One answer in the chat: turns a run's events into what the person sees. Markup comes from the server's <template>s.

import { written } from "../numbers.js";
import { showApproval } from "./approvals.js";
import { StreamedMarkdown } from "./markdown.js";
import { part } from "./parts.js";

/** @typedef {import("./run_stream.js").RunEvent} RunEvent */

export class Answer {
  /** @param {HTMLElement} element a copy of the answer template @param {Record<string, string>} labels */
  constructor(element, labels) {
    this.element = element;
    this.labels = labels;
    this.body = part(element, "body");
    this.content = new StreamedMarkdown(this.body);
    this.failed = false;
    this.status = "";
    /** Whether the server keeps it as a message: a failure without a word is none. */
    this.stored = false;
  }

  /** @param {RunEvent} event */
  take(event) {
    switch (event.type) {
      case "run_started":
        this.element.dataset.messageId = event.message_id ?? "";
        this.say("");
        if (event.model) part(this.element, "model").textContent = event.model;
        break;
      case "queued":
        this.say(event.position ? (this.labels.place ?? "").replace("{place}", String(event.position)) : this.labels.queued);
        break;
      case "run_status":
        this.say(event.reason === "approval" ? "" : (this.labels[event.status] ?? event.status)); // its card says what it waits for
        part(this.element, "caret").hidden = event.status === "waiting";
        if (event.status === "running") this.mark("waiting", "running", this.labels.running);
        break;
      case "reasoning_delta":
        this.reason(event.delta);
        break;
      case "content_delta":
        this.say("");
        this.content.append(event.delta);
        break;
      case "content_reset":
        this.content.set("");
        this.say(this.labels.again);
        break;
      case "message_replaced":
        this.replace(event);
        break;
      case "message_complete":
        this.content.set(event.content);
        break;
      case "guardrail_tripped":
        this.trip(event);
        break;
      case "tool_use_start":
        this.startTool(event);
        break;
      case "tool_use_complete":
        this.completeTool(event);
        break;
      case "approval_required":
        for (const call_id of event.within ?? []) this.mark("running", "waiting", this.labels.tool_waiting, call_id);
        void showApproval(this.element, event);
        break;
      case "approval_decided":
        void showApproval(this.element, event);
        break;
      case "handoff":
        this.handOver(event);
        break;
      case "error":
        this.fail(event.error);
        break;
      case "run_finished":
        this.finish(event.status, event.reason ?? "");
        break;
    }
  }

  /** The line under the name: what it is doing while there is no text. @param {string} text */
  say(text) {
    const line = part(this.element, "doing");
    line.hidden = !text;
    line.textContent = text;
  }

  /** @param {string} delta */
  reason(delta) {
    const box = part(this.element, "reasoning");
    box.hidden = false;
    part(box, "reasoning-text").append(delta);
  }

  /** @param {RunEvent} event */
  startTool(event) {
    this.element.querySelector(`[data-call-id="${CSS.escape(event.call_id)}"]`)?.remove(); // a run taken over tells it again
    const template = /** @type {HTMLTemplateElement} */ (part(this.element, "step-template"));
    const step = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    step.dataset.callId = event.call_id;
    part(step, "step-name").textContent = event.tool_name;
    part(step, "step-arguments").textContent = pretty(event.arguments);
    part(step, "step-state").textContent = this.labels.running;
    part(this.element, "steps").append(step);
  }

  /** @param {RunEvent} event */
  completeTool(event) {
    const step = /** @type {HTMLElement | null} */ (this.element.querySelector(`[data-call-id="${CSS.escape(event.call_id)}"]`));
    if (!step) return;
    part(step, "step-result").textContent = pretty(event.result);
    part(step, "step-time").textContent = `${written((event.duration_ms ?? 0) / 1000, 2)} s`;
    if (event.credits !== undefined) part(step, "step-cost").textContent = `${written(Number(event.credits))} ${this.labels.credits_short}`;
    const state = part(step, "step-state");
    state.textContent = event.is_error ? (this.labels.tool_failed ?? this.labels.failed) : this.labels.done;
    state.dataset.s = event.is_error ? "failed" : "succeeded";
  }

  /** Calls that are in one state are in another: all of them, or one. @param {string} from @param {string} to @param {string} [label] @param {string} [call_id] */
  mark(from, to, label, call_id) {
    const which = call_id === undefined ? "[data-call-id]" : `[data-call-id="${CSS.escape(call_id)}"]`;
    for (const state of /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(`${which} [data-part="step-state"][data-s="${from}"]`))) {
      state.dataset.s = to;
      state.textContent = label ?? "";
    }
  }

  /** Another agent goes on: its name stands over the answer, and a step says so. @param {RunEvent} event */
  handOver(event) {
    part(this.element, "name").textContent = event.to;
    const call_id = `handoff-${event.seq}`;
    this.startTool({ ...event, call_id, tool_name: `${event.from} → ${event.to}`, arguments: event.payload ?? {} });
    this.completeTool({ ...event, call_id, result: "" });
  }

  /** A guardrail has put something else in the place of the answer, or of what the person wrote. @param {RunEvent} event */
  replace(event) {
    if (!event.message_id || event.message_id === this.element.dataset.messageId) {
      part(this.element, "reasoning").hidden = true;
      part(this.element, "reasoning-text").textContent = "";
      this.content.set(event.content);
      return;
    }
    const asked = this.element.parentElement?.querySelector(`[data-message="user"][data-message-id="${CSS.escape(event.message_id)}"] [data-part="text"]`);
    if (asked) asked.textContent = event.content;
  }

  /** A guardrail has tripped: a step says which, and what it did. @param {RunEvent} event */
  trip(event) {
    const call_id = `guardrail-${event.seq}`;
    const { name, stage, action, message } = event;
    this.startTool({ ...event, call_id, tool_name: `${this.labels.guardrail}: ${name}`, arguments: { stage, action } });
    this.completeTool({ ...event, call_id, result: message, is_error: action === "block" });
    const state = this.element.querySelector(`[data-call-id="${call_id}"] [data-part="step-state"]`);
    if (state) state.textContent = this.labels[`guardrail_${action}`] ?? action;
  }

  /** An answer with an output type is shown as the form or table that the server makes of it. */
  async showValue() {
    const link = /** @type {HTMLAnchorElement | null} */ (this.element.querySelector("a[data-run-link]"));
    if (!link?.href || !/^\s*(```|[{[])/.test(this.content.text)) return;
    const response = await fetch(new URL("../answer/", link.href)).catch(() => null);
    if (response?.status === 200) this.body.innerHTML = await response.text();
  }

  /** @param {string} text */
  fail(text) {
    this.failed = true;
    const box = part(this.element, "error");
    box.hidden = false;
    part(box, "error-text").textContent = text;
  }

  /** The page on which something can be done about what went wrong. @param {import("./api.js").Remedy | null | undefined} remedy */
  offer(remedy) {
    const link = /** @type {HTMLAnchorElement} */ (part(this.element, "remedy"));
    if (!remedy || !link) return;
    link.href = remedy.url;
    link.textContent = remedy.label;
    link.hidden = false;
    if (!this.failed) part(this.element, "note").append(" ", link);
  }

  /** @param {string} status @param {string} reason */
  finish(status, reason) {
    this.status = status;
    this.stored = this.content.text !== "" || status === "succeeded";
    this.content.flush();
    this.say("");
    this.element.dataset.status = status;
    this.element.removeAttribute("aria-busy");
    part(this.element, "caret").hidden = true;
    part(this.element, "tools").hidden = false;
    for (const open of ["running", "waiting"]) this.mark(open, "failed", this.labels.tool_unknown);
    const note = { cancelled: this.labels.stopped, partial: this.labels[reason] ?? this.labels.partial }[status];
    if (note) {
      part(this.element, "note").textContent = note;
      part(this.element, "note").hidden = false;
    } else if (status === "failed" && !this.failed) {
      this.fail(this.labels.failed);
    } else if (status === "succeeded") {
      void this.showValue();
    }
  }
}

/** @param {unknown} value */
function pretty(value) {
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  if (!/^[{[]/.test(value)) return value;
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}
