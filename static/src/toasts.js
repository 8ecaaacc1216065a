// Toasts from scripts. The texts come from #toasts' data attributes (translated by the server) or from the caller.

/**
 * @param {string} title
 * @param {{detail?: string, status?: string, page?: Document}} [options]
 */
export function showToast(title, { detail = "", status = "", page = document } = {}) {
  const box = page.querySelector("#toasts");
  if (!box) return;
  const toast = page.createElement("div");
  toast.className = "toast";
  toast.setAttribute("role", status === "failed" ? "alert" : "status");
  if (status) toast.dataset.s = status;
  const strong = page.createElement("strong");
  strong.textContent = title;
  toast.append(strong);
  if (detail) {
    const text = page.createElement("p");
    text.textContent = detail;
    toast.append(text);
  }
  box.append(toast);
}
