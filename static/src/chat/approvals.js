// What a run asks people, in the flow of its answer: the server's card (templates/components/approval.html). What waits stands
// under the text; once somebody has decided, wherever that was, it stands among the steps.

import { part } from "./parts.js";

/** @typedef {import("./run_stream.js").RunEvent} RunEvent */

/** The events of one call come quickly after each other when a run is replayed: only the last one's card is wanted. @type {WeakMap<HTMLElement, Map<string, number>>} */
const wanted = new WeakMap();

/** @param {HTMLElement} answer @param {RunEvent} event approval_required or approval_decided */
export async function showApproval(answer, event) {
  const turns = wanted.get(answer) ?? new Map();
  wanted.set(answer, turns.set(event.call_id, event.seq));
  const html = await fetchCard(`/runs/${event.run_id}/decisions/${encodeURIComponent(event.call_id)}/`);
  if (html === null || turns.get(event.call_id) !== event.seq) return;
  const place = document.createElement("template");
  place.innerHTML = html; // our own server's card, as htmx would put it in
  const card = /** @type {HTMLElement | null} */ (place.content.querySelector("[data-approval]"));
  if (!card) return;
  const before = answer.querySelector(`[data-approval="${CSS.escape(event.call_id)}"]`);
  const decided = card.dataset.state !== "pending";
  const among = part(answer, decided ? "steps" : "approvals");
  const call = decided ? among.querySelector(`[data-call-id="${CSS.escape(event.call_id)}"]`) : null;
  before?.remove();
  among.insertBefore(card, call);
  /** @type {any} */ (globalThis).troupe?.htmx?.process(card);
  answer.dispatchEvent(new CustomEvent("answer:grown", { bubbles: true }));
}

/** @param {string} url @returns {Promise<string | null>} null where it cannot be had; the run's page has it too */
async function fetchCard(url) {
  const response = await fetch(url, { credentials: "same-origin", headers: { "HX-Request": "true" } }).catch(() => null);
  return response?.ok ? response.text() : null;
}
