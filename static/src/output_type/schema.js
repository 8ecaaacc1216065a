// A JSON Schema of named fields as rows of a form, and back. Only what comes back unchanged may be shown as a form: nothing that
// somebody wrote is lost by looking at it.

/** @typedef {{name: string, type: string, required: boolean, description: string, values: string[]}} Field */

const DATE = String.raw`^\d{4}-\d{2}-\d{2}$`;
const TYPES = /** @type {Record<string, any>} */ ({
  text: { type: "string" },
  number: { type: "number" },
  integer: { type: "integer" },
  boolean: { type: "boolean" },
  date: { type: "string", pattern: DATE },
  list: { type: "array", items: { type: "string" } },
});

/** Strict schemas require every field: one that may be left out may be null instead. @param {Field[]} fields @param {boolean} strict */
export function fromFields(fields, strict) {
  return {
    type: "object",
    properties: Object.fromEntries(fields.map((field) => [field.name, property(field, strict)])),
    required: fields.filter((field) => strict || field.required).map((field) => field.name),
    additionalProperties: false,
  };
}

/** @param {Field} field @param {boolean} strict */
function property(field, strict) {
  const made = structuredClone(TYPES[field.type] ?? TYPES.text);
  if (field.description) made.description = field.description;
  const optional = strict && !field.required;
  if (field.values.length && field.type === "list") made.items.enum = [...field.values];
  if (field.values.length && field.type === "text") made.enum = optional ? [...field.values, null] : [...field.values];
  if (optional) made.type = [made.type, "null"];
  return made;
}

/** The rows that make this very schema; null where a form cannot say all of it. @param {any} schema @param {boolean} strict @returns {Field[] | null} */
export function toFields(schema, strict) {
  if (!schema || typeof schema !== "object" || typeof schema.properties !== "object" || !schema.properties) return null;
  const required = Array.isArray(schema.required) ? schema.required : [];
  const fields = [];
  for (const [name, given] of Object.entries(schema.properties)) {
    const field = read(name, given, required.includes(name));
    if (!field) return null;
    fields.push(field);
  }
  return same(fromFields(fields, strict), { required: [], ...schema }) ? fields : null;
}

/** @param {string} name @param {any} given @param {boolean} required @returns {Field | null} */
function read(name, given, required) {
  if (!given || typeof given !== "object") return null;
  const types = [given.type].flat();
  const plain = types.find((type) => type !== "null");
  const type = plain === "string" ? (given.pattern === DATE ? "date" : "text") : plain === "array" ? "list" : plain;
  if (!(type in TYPES)) return null;
  const values = (type === "list" ? given.items?.enum : given.enum) ?? [];
  if (!Array.isArray(values)) return null;
  const words = values.filter((value) => value !== null);
  if (words.some((value) => typeof value !== "string")) return null;
  return { name, type, required: required && !types.includes("null"), description: given.description ?? "", values: words };
}

/** Whether two values say the same, in whatever order their parts are written. @param {any} one @param {any} other @returns {boolean} */
export function same(one, other) {
  return JSON.stringify(sorted(one, "")) === JSON.stringify(sorted(other, ""));
}

/** @param {any} value @param {string} key @returns {any} */
function sorted(value, key) {
  if (Array.isArray(value)) return key === "required" ? [...value].sort() : value.map((part) => sorted(part, ""));
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name], name)]));
}
