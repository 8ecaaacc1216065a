// The chat's calls to the API: start a run, cancel one. Errors come back as one sentence for the person.

/**
 * @typedef {{label: string, url: string}} Remedy
 * @typedef {{prompt_tokens: number, completion_tokens: number, total_tokens: number, credits: string}} Usage
 * @typedef {{run_id: string, conversation_id: string, status: string, events_url: string, status_url: string}} StartedRun
 * @typedef {{message: string, conversation_id?: string, version?: string | number, context_id?: string, parent_message_id?: string, model?: string, attachments?: string[]}} RunInput
 */

import { csrfToken } from "../csrf.js";

export class ApiError extends Error {
  /** @param {string} message @param {number} status @param {string} code */
  constructor(message, status, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** A key nobody else has. crypto.randomUUID exists only on HTTPS and localhost. */
function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Start a run; a lost connection is tried again with the same key, which cannot start it twice.
 * @param {string} url @param {RunInput} input
 * @param {{offline: string, source?: string}} options what to say when the server cannot be reached; "test" marks the builder's chat
 * @returns {Promise<StartedRun>}
 */
export async function startRun(url, input, { offline, source }) {
  /** @type {Record<string, string>} */
  const headers = { Prefer: "respond-async", "Idempotency-Key": randomKey() };
  if (source) headers["X-Troupe-Source"] = source;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await post(url, input, headers);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (attempt === 2) throw new ApiError(offline, 0, "offline");
      await new Promise((resolve) => setTimeout(resolve, 400 * (attempt + 1)));
    }
  }
}

/** @param {string} url */
export function cancelRun(url) {
  return post(url, {}, {});
}

/** @param {string} url @returns {Promise<{usage: Usage, remedy: Remedy | null}>} */
export async function getRun(url) {
  const response = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" } });
  if (!response.ok) throw new ApiError(response.statusText, response.status, "");
  return response.json();
}

/** A form's values to a page that answers with a fragment. @param {string} url @param {Record<string, string>} values @returns {Promise<string>} */
export async function postForm(url, values) {
  const headers = { "HX-Request": "true", "X-CSRFToken": csrfToken() };
  const response = await fetch(url, { method: "POST", credentials: "same-origin", headers, body: new URLSearchParams(values) });
  const text = await response.text();
  if (response.ok) return text;
  const said = new DOMParser().parseFromString(text, "text/html").querySelector("p")?.textContent; // an error is a toast
  throw new ApiError(said || response.statusText, response.status, "");
}

/** @param {string} url @param {object} body @param {Record<string, string>} headers */
async function post(url, body, headers) {
  const response = await fetch(url, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken(), ...headers },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(answer.detail ?? response.statusText, response.status, answer.code ?? "");
  return answer;
}
