// Opens:  <button type="button" data-controller="dialog" data-dialog-id-value="sure" data-action="dialog#open">
// Closes: a <form method="dialog"> inside, Escape, or a click beside it.
import { Controller } from "@hotwired/stimulus";

export default class DialogController extends Controller {
  static values = { id: String };

  open() {
    const dialog = document.getElementById(/** @type {any} */ (this).idValue);
    if (!(dialog instanceof HTMLDialogElement)) return;
    dialog.showModal();
    if (dialog.dataset.closes) return;
    dialog.dataset.closes = "beside";
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }
}
