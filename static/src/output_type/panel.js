// The controls of one kind of output type: [data-option="labels" data-as="lines|flag|number|choice|rows"], filled in and read.
// Rows are [data-part="rows"] with copies of a template, whose [data-cell] are name, type, required, description and values.

/** @typedef {import("./schema.js").Field} Field */

const lines = (/** @type {string} */ text, /** @type {RegExp} */ at) => [...new Set(text.split(at).map((part) => part.trim()).filter(Boolean))];

/** @param {HTMLElement} panel @returns {any[]} */
const controls = (panel) => [...panel.querySelectorAll("[data-option]")];

/** @param {HTMLElement} panel @param {Record<string, any>} options @param {HTMLTemplateElement} template */
export function fill(panel, options, template) {
  for (const control of controls(panel)) {
    const value = options[control.dataset.option];
    if (control.dataset.as === "rows") fillRows(control, (value ?? []).map(complete), template);
    else if (control.dataset.as === "flag") control.checked = value ?? control.dataset.usual === "1";
    else if (control.dataset.as === "lines") control.value = (value ?? []).join("\n");
    else control.value = value ?? (control.dataset.as === "choice" ? "text" : "");
  }
}

/** The options as the API takes them: what is as usual, or empty, is left out. @param {HTMLElement} panel */
export function read(panel) {
  const options = /** @type {Record<string, any>} */ ({});
  for (const control of controls(panel)) {
    const { option, as, usual } = control.dataset;
    if (as === "rows") options[option] = rowsOf(control).filter((field) => field.name).map(short);
    else if (as === "flag" && control.checked !== (usual === "1")) options[option] = control.checked;
    else if (as === "lines") options[option] = lines(control.value, /\n/);
    else if (as === "number" && control.value !== "") options[option] = Number(control.value);
    else if (as === "choice") options[option] = control.value;
  }
  return options;
}

/** @param {Partial<Field>} given @returns {Field} */
const complete = (given) => ({ name: "", type: "text", required: true, description: "", values: [], ...given });

/** @param {Field} field */
function short({ name, type, required, description }) {
  return { name, type, ...(description && { description }), ...(!required && { required }) };
}

/** @param {HTMLElement} box @param {Field[]} fields @param {HTMLTemplateElement} template */
export function fillRows(box, fields, template) {
  box.querySelector('[data-part="rows"]')?.replaceChildren();
  for (const field of fields) addRow(box, field, template);
}

/** @param {HTMLElement} box @param {Partial<Field>} given @param {HTMLTemplateElement} template */
export function addRow(box, given, template) {
  const field = complete(given);
  const row = /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
  const cell = (/** @type {string} */ name) => /** @type {any} */ (row.querySelector(`[data-cell="${name}"]`));
  cell("name").value = field.name;
  cell("type").value = field.type;
  cell("required").checked = field.required;
  cell("description").value = field.description;
  if ("values" in box.dataset) cell("values").value = field.values.join(", ");
  else cell("values").remove();
  box.querySelector('[data-part="rows"]')?.append(row);
  showValues(row);
  return row;
}

/** Only texts are of certain values. @param {HTMLElement} row */
export function showValues(row) {
  const values = /** @type {HTMLElement | null} */ (row.querySelector('[data-cell="values"]'));
  const type = /** @type {HTMLSelectElement} */ (row.querySelector('[data-cell="type"]')).value;
  if (values) values.hidden = type !== "text" && type !== "list";
}

/** Also those that have no name yet. @param {HTMLElement} box @returns {Field[]} */
export function rowsOf(box) {
  return [...box.querySelectorAll('[data-part="rows"] > *')].map((row) => {
    const cell = (/** @type {string} */ name) => /** @type {any} */ (row.querySelector(`[data-cell="${name}"]`));
    return {
      name: cell("name").value.trim(), type: cell("type").value, required: cell("required").checked,
      description: cell("description").value.trim(), values: lines(cell("values")?.value ?? "", /,/),
    };
  });
}
