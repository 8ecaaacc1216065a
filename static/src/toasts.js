// Toasts from scripts. The texts come from #toasts' data attributes (translated by the server) or from the caller.

/**
 * @param {string} title
 * @param {{detail?: string, status?: string, href?: string, page?: Document}} [options]
 */
export function showToast(title, { detail = "", status = "", href = "", page = document } = {}) {
  const box = page.querySelector("#toasts");
  if (!box) return;
  const toast = page.createElement("div");
  toast.className = "toast";
  toast.setAttribute("role", status === "failed" ? "alert" : "status");
  if (status) toast.dataset.s = status;
  const strong = page.createElement("strong");
  strong.textContent = title;
  if (href) {
    const link = page.createElement("a");
    link.href = href;
    link.append(strong);
    toast.append(link);
  } else {
    toast.append(strong);
  }
  if (detail) {
    const text = page.createElement("p");
    text.textContent = detail;
    toast.append(text);
  }
  box.append(toast);
}
