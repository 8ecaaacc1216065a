// The versions of a message (regenerated or edited): the arrows with "2 / 3". Markup: templates/components/chat_versions.html
import { part } from "./parts.js";

/** The ids of a message's versions in the order they were made. @param {HTMLElement} message @returns {string[]} */
export function versionsOf(message) {
  const ids = (part(message, "versions")?.dataset.ids ?? "").split(" ").filter(Boolean);
  return ids.length ? ids : [message.dataset.messageId ?? ""].filter(Boolean);
}

/**
 * Show where `message` stands among `ids`. One that was not stored (it failed) comes after the last.
 * @param {HTMLElement} message @param {string[]} ids @param {string} id
 */
export function showVersions(message, ids, id) {
  const form = part(message, "versions");
  const all = ids.includes(id) ? ids : [...ids, id];
  const at = all.indexOf(id);
  form.hidden = all.length < 2;
  form.dataset.ids = all.filter(Boolean).join(" ");
  part(form, "version-place").textContent = `${at + 1} / ${all.length}`;
  for (const [name, target] of /** @type {const} */ ([["version-before", all[at - 1]], ["version-after", all[at + 1]]])) {
    const button = /** @type {HTMLButtonElement} */ (part(form, name));
    button.value = target ?? "";
    button.disabled = !target;
  }
}

/** Take everything from `first` on out of the list. @param {Element} first @returns {() => void} puts it back */
export function cut(first) {
  const list = first.parentElement;
  const taken = /** @type {Element[]} */ ([]);
  for (let element = /** @type {Element | null} */ (first); element; element = element.nextElementSibling) taken.push(element);
  taken.forEach((element) => element.remove());
  return () => list?.append(...taken);
}
