// Files for the next message: chosen, dropped or pasted; each is uploaded at once and stands in the composer as a chip.
//
//   <section data-controller="attach" data-attach-remove-value="Remove" data-attach-trouble-value="…"
//            data-action="dragover->attach#over dragleave->attach#out drop->attach#drop paste->attach#paste">
//     <input type="file" multiple hidden data-attach-target="input" data-action="change->attach#chosen">
//     <button data-action="attach#choose">…  <div data-attach-target="list" hidden></div></section>
// A chip is ready once it has data-file-id; one with data-s="failed" says why. Whoever sends the message takes the chips out.
import { Controller } from "@hotwired/stimulus";
import { csrfToken } from "../csrf.js";

/** @type {new (...args: any[]) => Controller<HTMLElement> & Record<string, any>} */
const Base = /** @type {any} */ (Controller);

export default class AttachController extends Base {
  static values = { remove: String, trouble: String };
  static targets = ["input", "list"];

  choose() {
    this.inputTarget.click();
  }

  chosen() {
    this.add(this.inputTarget.files);
    this.inputTarget.value = "";
  }

  /** @param {DragEvent} event */
  over(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.element.toggleAttribute("data-dropping", true);
  }

  out() {
    this.element.toggleAttribute("data-dropping", false);
  }

  /** @param {DragEvent} event */
  drop(event) {
    this.out();
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.add(event.dataTransfer.files);
  }

  /** A picture in the clipboard becomes a file; text is pasted as ever. @param {ClipboardEvent} event */
  paste(event) {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    this.add(event.clipboardData.files);
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) this.upload(file, this.chip(file.name));
    this.listTarget.hidden = !this.listTarget.childElementCount;
  }

  /** @param {string} name */
  chip(name) {
    const chip = document.createElement("span");
    chip.className = "chat-file";
    chip.setAttribute("aria-busy", "true");
    const label = chip.appendChild(document.createElement("span"));
    label.className = "truncate";
    label.textContent = name;
    const remove = chip.appendChild(document.createElement("button"));
    remove.type = "button";
    remove.className = "btn btn-ghost btn-sm btn-square";
    remove.textContent = "×";
    remove.setAttribute("aria-label", `${this.removeValue} ${name}`);
    remove.dataset.action = "attach#leaveOut";
    this.listTarget.append(chip);
    return chip;
  }

  /** @param {Event} event */
  leaveOut(event) {
    /** @type {HTMLElement} */ (event.currentTarget).closest(".chat-file")?.remove();
    this.listTarget.hidden = !this.listTarget.childElementCount;
  }

  /** @param {File} file @param {HTMLElement} chip */
  async upload(file, chip) {
    const body = new FormData();
    body.append("file", file, file.name);
    const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
    const response = await fetch("/api/v1/files/", { method: "POST", credentials: "same-origin", headers, body }).catch(() => null);
    const answer = await response?.json().catch(() => null);
    chip.removeAttribute("aria-busy");
    if (response?.ok && answer) {
      chip.dataset.fileId = answer.results[0].id;
    } else {
      chip.dataset.s = "failed";
      chip.setAttribute("role", "alert");
      const label = /** @type {HTMLElement} */ (chip.firstElementChild);
      label.textContent = `${file.name}: ${answer?.detail ?? this.troubleValue}`;
    }
  }
}
