// A page for controller tests: happy-dom as the browser, Stimulus running on it.
//
//   const page = await open(`<form data-controller="autosave" …>`, { autosave: AutosaveController });
//   …; await page.close();
import { Application } from "@hotwired/stimulus";
import { Window } from "happy-dom";

const GLOBALS = [
  "window", "document", "Node", "Element", "HTMLElement", "HTMLInputElement", "HTMLDialogElement", "Event", "CustomEvent",
  "KeyboardEvent", "MouseEvent", "MutationObserver", "FormData", "CSS", "navigator", "DocumentFragment", "DOMParser", "requestAnimationFrame", "cancelAnimationFrame", "history", "location",
];

const kept = /** @type {Record<string, any>} */ ({});

/**
 * @param {string} html @param {Record<string, any>} controllers by their names
 * @returns {Promise<{window: any, document: any, one: (selector: string) => any, settled: () => Promise<void>, close: () => Promise<void>}>}
 */
export async function open(html, controllers) {
  const window = new Window({ url: "http://localhost/" });
  window.document.body.innerHTML = html;
  for (const name of GLOBALS) {
    kept[name] = Object.getOwnPropertyDescriptor(globalThis, name);
    const given = name === "window" ? window : /** @type {any} */ (window)[name];
    const value = name.endsWith("AnimationFrame") ? given.bind(window) : given;
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const app = new Application(/** @type {any} */ (window.document.documentElement));
  app.handleError = (error) => {
    throw error;
  };
  for (const [name, controller] of Object.entries(controllers)) app.register(name, controller);
  await app.start();
  return {
    window,
    document: window.document,
    one: (selector) => window.document.querySelector(selector),
    settled: async () => {
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    },
    close: async () => {
      app.stop();
      await window.happyDOM.close();
      for (const [name, was] of Object.entries(kept)) {
        if (was) Object.defineProperty(globalThis, name, was);
        else delete (/** @type {any} */ (globalThis)[name]);
      }
    },
  };
}

/** Let `fetch` answer with the given responses, in order; an Error is a lost connection. @param {(Response | Error)[]} answers */
export function answering(answers) {
  const calls = /** @type {{url: string, options: any}[]} */ ([]);
  globalThis.fetch = /** @type {any} */ (async (/** @type {string} */ url, /** @type {any} */ options) => {
    calls.push({ url, options });
    const answer = answers.shift() ?? new Error("no answer left");
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return calls;
}

/** @param {any} data @param {number} [status] */
export function json(data, status = 200) {
  return new Response(JSON.stringify(data), { status, headers: { "Content-Type": "application/json" } });
}
