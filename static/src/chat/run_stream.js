// Follows the events of one run: everything after a sequence number, once each, in order, across lost connections.
//
//   const stream = new RunStream("/api/v1/runs/<id>/events/", { onEvent, onConnection });
//   await stream.follow();   // until run_finished, 204 (nothing will come any more) or stop()

/**
 * @typedef {{type: string, seq: number, run_id: string, [key: string]: any}} RunEvent
 * @typedef {"live" | "reconnecting" | "ended" | "lost"} Connection
 * @typedef {{after?: number, onEvent: (event: RunEvent) => void, onConnection?: (state: Connection) => void,
 *            fetch?: typeof globalThis.fetch, pause?: (attempt: number, signal: AbortSignal) => Promise<void>}} Options
 */

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;

export class RunStream {
  /** @param {string} url @param {Options} options */
  constructor(url, options) {
    this.url = url;
    this.last = options.after ?? 0;
    this.onEvent = options.onEvent;
    this.onConnection = options.onConnection ?? (() => {});
    this.fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.pause = options.pause ?? backOff;
    this.finished = false;
    this.abort = new AbortController();
  }

  /** Stop following. The run itself goes on. */
  stop() {
    this.abort.abort();
  }

  /** @returns {Promise<boolean>} whether the run's end was seen */
  async follow() {
    let attempt = 0;
    while (!this.finished && !this.abort.signal.aborted) {
      const before = this.last;
      const outcome = await this.connect();
      if (outcome === "ended" || outcome === "lost") {
        this.onConnection(outcome);
        return outcome === "ended";
      }
      if (this.finished || this.abort.signal.aborted) break;
      attempt = this.last > before ? 0 : attempt + 1;
      this.onConnection("reconnecting");
      await this.pause(attempt, this.abort.signal);
    }
    if (this.finished) this.onConnection("ended");
    return this.finished;
  }

  /** One connection. @returns {Promise<"ended" | "lost" | "broken">} */
  async connect() {
    try {
      const response = await this.fetch(`${this.url}?after=${this.last}`, {
        headers: { Accept: "text/event-stream" },
        credentials: "same-origin",
        cache: "no-store",
        signal: this.abort.signal,
      });
      if (response.status === 204) return "ended";
      if ([401, 403, 404].includes(response.status)) return "lost";
      if (!response.ok || !response.body) return "broken";
      this.onConnection("live");
      await this.read(response.body);
    } catch {
      return "broken"; // the network; whoever stopped us is seen by the caller
    }
    return "broken";
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async read(body) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const parser = new SseParser();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        for (const data of parser.push(decoder.decode(value, { stream: true }))) {
          if (!this.take(JSON.parse(data))) return; // a gap: ask again from the last number
          if (this.finished) return;
        }
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  /** Hand on one event unless it was seen. @param {RunEvent} event @returns {boolean} false on a gap */
  take(event) {
    if (event.seq === undefined) {
      this.onEvent(event); // true for a moment only (a place in the queue), and so without a number
      return true;
    }
    if (event.seq <= this.last) return true;
    if (event.seq !== this.last + 1) return false;
    this.last = event.seq;
    this.finished = event.type === "run_finished";
    this.onEvent(event);
    return true;
  }
}

/** Cuts an event stream into the data of its events, wherever the bytes were split. */
export class SseParser {
  rest = "";
  /** @type {string[]} */
  lines = [];

  /** @param {string} text @returns {string[]} */
  push(text) {
    const found = [];
    const lines = (this.rest + text).split(/\r\n|\n/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (this.lines.length) found.push(this.lines.join("\n"));
        this.lines = [];
      } else if (line.startsWith("data:")) {
        this.lines.push(line.slice(line[5] === " " ? 6 : 5));
      }
    }
    return found;
  }
}

/** Wait longer after each failure, but not when the network comes back. @param {number} attempt @param {AbortSignal} signal */
function backOff(attempt, signal) {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        globalThis.removeEventListener("online", done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, longest * (0.5 + Math.random() / 2));
      globalThis.addEventListener("online", done);
      signal.addEventListener("abort", done);
    })
  );
}
