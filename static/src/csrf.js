/** The token of this page's session, for every request that changes something. @param {Document} page */
export function csrfToken(page = document) {
  return page.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
}
