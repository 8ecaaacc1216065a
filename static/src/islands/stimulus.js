// Stands for "@hotwired/stimulus" inside islands (build.mjs): one Stimulus a page, the one that app.js brought.
export const { app, Controller } = /** @type {any} */ (globalThis).troupe;
