// Which theme a page wears. The choice is light, dark or system; the cookie lets the server render it.

/** @typedef {"light" | "dark" | "system"} Choice */

/** @param {string | undefined} choice @param {boolean} systemIsDark */
export function themeName(choice, systemIsDark) {
  const dark = choice === "dark" || (choice !== "light" && systemIsDark);
  return dark ? "troupe-dark" : "troupe-light";
}

/** @param {HTMLElement} root @param {Window} view */
export function applyTheme(root, view) {
  root.dataset.theme = themeName(root.dataset.themeChoice, view.matchMedia("(prefers-color-scheme: dark)").matches);
}

/** @param {Choice} choice @param {Document} page */
export function rememberTheme(choice, page) {
  const secure = page.location?.protocol === "https:" ? "; Secure" : "";
  page.cookie = `theme=${choice}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  page.documentElement.dataset.themeChoice = choice;
}
