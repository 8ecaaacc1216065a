// A thumb on an answer, and why. The answer's id is on its article, the conversation's on the chat around it.
//
//   <span data-controller="feedback" data-feedback-rating-value="" data-feedback-trouble-value="…" data-feedback-thanks-value="…">
//     <button data-feedback-target="up" data-action="feedback#rate" data-feedback-rating-param="up" aria-pressed="false">…
//     <form data-feedback-target="form" data-action="submit->feedback#explain" hidden><input data-feedback-target="reason">…
//     <span data-feedback-target="said" role="status"></span></span>
import { Controller } from "@hotwired/stimulus";
import { csrfToken } from "../csrf.js";

/** @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class FeedbackController extends Base {
  static values = { rating: String, trouble: String, thanks: String };
  static targets = ["up", "down", "form", "reason", "said"];

  /** @param {string} rating */
  show(rating) {
    this.ratingValue = rating;
    this.upTarget.setAttribute("aria-pressed", String(this.ratingValue === "up"));
    this.downTarget.setAttribute("aria-pressed", String(this.ratingValue === "down"));
  }

  /** The same thumb once more takes it back. @param {Event & {params: {rating: string}}} event */
  async rate(event) {
    const before = String(this.ratingValue);
    const wanted = event.params.rating === before ? "" : event.params.rating;
    this.show(wanted); // shown at once, and taken back if it could not be saved
    if (!wanted) this.reasonTarget.value = "";
    this.formTarget.hidden = !wanted;
    if (!(await this.save())) this.show(before);
    else if (wanted) this.reasonTarget.focus();
  }

  /** @param {Event} event */
  async explain(event) {
    event.preventDefault();
    if (await this.save()) {
      this.close();
      this.saidTarget.textContent = this.thanksValue;
    }
  }

  close() {
    this.formTarget.hidden = true;
  }

  /** One after the other: what was said last is what stays. @returns {Promise<boolean>} whether the server has it */
  save() {
    const body = { rating: String(this.ratingValue), reason: String(this.reasonTarget.value) };
    this.saved = Promise.resolve(this.saved).then(() => this.send(body));
    return this.saved;
  }

  /** @param {{rating: string, reason: string}} body @returns {Promise<boolean>} */
  async send(body) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken() };
    const options = body.rating ? { method: "PUT", body: JSON.stringify(body) } : { method: "DELETE" };
    const response = await fetch(this.url, { ...options, headers, credentials: "same-origin" }).catch(() => null);
    this.saidTarget.textContent = response?.ok ? "" : this.troubleValue;
    return response?.ok === true;
  }

  get url() {
    const message = /** @type {HTMLElement} */ (this.element.closest("[data-message-id]")).dataset.messageId;
    const chat = /** @type {HTMLElement} */ (this.element.closest("[data-chat-conversation-value]"));
    return `/api/v1/conversations/${chat.dataset.chatConversationValue}/messages/${message}/feedback/`;
  }
}
