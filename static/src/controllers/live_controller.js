// <div class="shell" data-controller="live" data-live-url-value="/api/v1/live/" data-live-signed-out-value="You are signed out.">
// Keeps every [data-live-badge="name"] true, shows notifications as toasts, and who else looks at this page in
// [data-live-people]. Fragments listen with hx-trigger="live:notification from:body" and "live:changed from:body".
import { Controller } from "@hotwired/stimulus";
import { LiveConnection, SIGNED_OUT } from "../live/connection.js";
import { showToast } from "../toasts.js";

const RESYNC_MS = 1500;
const HUES = 24;

/** @param {string} name */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words[words.length - 1] : ""].map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase() || "?";
}

/** A person's picture, or their initials where there is none (or it does not come). @param {{name: string, avatar?: string}} person */
export function face(person) {
  const letters = document.createElement("span");
  const hue = [...person.name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % HUES;
  letters.className = `face hue-${hue}`;
  letters.textContent = initials(person.name);
  letters.title = person.name;
  letters.setAttribute("role", "img");
  letters.setAttribute("aria-label", person.name);
  if (!person.avatar) return letters;
  const picture = document.createElement("img");
  picture.className = "face";
  picture.src = person.avatar;
  picture.alt = person.name;
  picture.title = person.name;
  picture.width = picture.height = 24;
  picture.addEventListener("error", () => picture.replaceWith(letters), { once: true });
  return picture;
}

/** Put counts into the badges of `page`; answers whether any was another before. @param {Document | HTMLElement} page @param {Record<string, number>} counts */
export function showBadges(page, counts) {
  let changed = false;
  for (const [name, count] of Object.entries(counts)) {
    for (const badge of page.querySelectorAll(`[data-live-badge="${CSS.escape(name)}"]`)) {
      if (badge.textContent !== String(count)) changed = true;
      badge.textContent = String(count);
      badge.toggleAttribute("hidden", count === 0);
    }
  }
  return changed;
}

/** What Stimulus adds: the values declared below. @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class LiveController extends Base {
  static values = { url: String, signedOut: String, me: String };

  look = () => {
    this.line?.here(document.hidden ? "" : location.pathname);
    if (!document.hidden) this.line?.hurry();
  };

  connect() {
    const url = new URL(this.urlValue, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.line = new LiveConnection(url.href, {
      frame: (frame) => this.take(frame),
      opened: (again) => again && this.announce("changed"),
      ended: (code) => code === SIGNED_OUT && showToast(this.signedOutValue, { status: "waiting" }),
    });
    document.addEventListener("visibilitychange", this.look);
    window.addEventListener("online", this.look);
    this.line.here(document.hidden ? "" : location.pathname);
    this.line.open();
  }

  disconnect() {
    document.removeEventListener("visibilitychange", this.look);
    window.removeEventListener("online", this.look);
    clearTimeout(this.soon);
    this.line?.close();
  }

  /** @param {any} frame */
  take(frame) {
    if (frame.badges && showBadges(document, frame.badges) && frame.type === "badges") this.announce("changed");
    if (frame.type === "notification") {
      showBadges(document, { notifications: frame.unread });
      showToast(frame.title, { href: frame.url });
    } else if (frame.type === "presence") {
      this.showPeople(frame.people);
    } else if (frame.type.startsWith("run.")) {
      this.resyncSoon();
    }
    this.announce(frame.type.replace(".", "-"), frame);
  }

  /** Many runs may end at once, for many people: ask once, and not all in the same moment. */
  resyncSoon() {
    this.soon ??= setTimeout(() => {
      this.soon = undefined;
      this.line?.resync();
    }, RESYNC_MS * (0.5 + Math.random()));
  }

  /** @param {{id: string, name: string, avatar?: string}[]} people */
  showPeople(people) {
    const box = document.querySelector("[data-live-people]");
    if (!box) return;
    const others = people.filter((person) => person.id !== this.meValue);
    box.replaceChildren(...others.map(face));
    box.toggleAttribute("hidden", others.length === 0);
  }

  /** @param {string} what @param {any} [detail] */
  announce(what, detail) {
    document.body.dispatchEvent(new CustomEvent(`live:${what}`, { detail }));
  }
}
