// The places in a copy of a server's <template> that a script fills.

/** @param {ParentNode} root @param {string} name @returns {HTMLElement} */
export function part(root, name) {
  return /** @type {HTMLElement} */ (root.querySelector(`[data-part="${name}"]`));
}
