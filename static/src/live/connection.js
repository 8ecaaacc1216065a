// The line to /api/v1/live/: opened again after every loss, later each time, and told where the person is while they look.
//
// const line = new LiveConnection(url, { frame, opened, ended });  line.open();  line.here("/agents/");  line.close();

export const SIGNED_OUT = 4401;
const ELSEWHERE = 4404; // another workspace was chosen in another tab: this page has to be loaded anew
const FIRST_MS = 1000;
const LONGEST_MS = 30_000;
const BEAT_MS = 10_000; // the server forgets after 30 s
const SILENCE_MS = 35_000;

/** How long to wait before the attempt after `failures` in a row: doubled each time, and spread. @param {number} failures @param {number} random 0 to 1 */
export function delay(failures, random) {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** failures) * (0.5 + random / 2);
}

export class LiveConnection {
  /**
   * @param {string} url ws: or wss:
   * @param {{frame: (frame: any) => void, opened: (again: boolean) => void, ended: (code: number) => void}} told
   * @param {{WebSocket?: any, random?: () => number, now?: () => number}} [world] replaced in tests
   */
  constructor(url, told, { WebSocket = globalThis.WebSocket, random = Math.random, now = Date.now } = {}) {
    Object.assign(this, { url, told, WebSocket, random, now });
    this.failures = 0;
    this.wasReady = false;
    this.page = "";
    /** @type {any} */ this.socket = null;
    /** @type {any} */ this.retry = null;
    /** @type {any} */ this.beats = null;
    this.heard = 0;
    this.stopped = false;
  }

  open() {
    clearTimeout(this.retry);
    const { url, WebSocket: Socket, now } = /** @type {any} */ (this);
    const socket = new Socket(url);
    this.socket = socket;
    this.heard = now();
    socket.onmessage = (/** @type {{data: string}} */ event) => this.take(JSON.parse(event.data));
    socket.onclose = (/** @type {{code: number}} */ event) => {
      if (this.socket === socket) this.lost(event.code);
    };
  }

  /** @param {any} frame */
  take(frame) {
    const { told, now } = /** @type {any} */ (this);
    this.heard = now();
    if (frame.type === "pong") return;
    if (frame.type === "ready") {
      this.failures = 0;
      told.opened(this.wasReady);
      this.wasReady = true;
      this.beats ??= setInterval(() => this.beat(), BEAT_MS);
      this.say({ type: "presence", page: this.page });
    }
    told.frame(frame);
  }

  /** @param {number} code */
  lost(code) {
    this.socket = null;
    clearInterval(this.beats);
    this.beats = null;
    if (this.stopped) return;
    const { told, random } = /** @type {any} */ (this);
    if (code === SIGNED_OUT || code === ELSEWHERE) {
      this.stopped = true;
      told.ended(code);
      return;
    }
    this.retry = setTimeout(() => this.open(), delay(this.failures, random()));
    this.failures += 1;
  }

  beat() {
    const { now } = /** @type {any} */ (this);
    if (now() - this.heard > SILENCE_MS) {
      const dead = this.socket;
      this.lost(0); // the line may need minutes to notice
      dead?.close();
      return;
    }
    this.say({ type: "ping" });
    if (this.page) this.say({ type: "presence", page: this.page });
  }

  /** Which page the person looks at; "" while they look elsewhere. @param {string} page */
  here(page) {
    if (page === this.page) return;
    this.page = page;
    this.say({ type: "presence", page });
  }

  resync() {
    this.say({ type: "resync" });
  }

  /** The person is back, or the network is: do not wait any longer. */
  hurry() {
    if (this.stopped || this.socket) return;
    this.failures = 0;
    this.open();
  }

  close() {
    this.stopped = true;
    clearTimeout(this.retry);
    clearInterval(this.beats);
    this.socket?.close();
  }

  /** @param {object} frame */
  say(frame) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }
}
