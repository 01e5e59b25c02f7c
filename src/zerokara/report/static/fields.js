/** The fields of one sample that is no picture: a slider for a number, a list for a category, a box for yes or no. */

import { el } from "./dom.js";
import { brief } from "./format.js";
import { text } from "./text.js";

/** @typedef {import("./forward.js").Cell} Cell */
/** @typedef {{element: HTMLElement, get: () => Cell, set: (cell: Cell) => void}} Field */

const SLIDER_STEPS = 200;
const MOST_FIELDS = 60;
const MISSING = "\u0000missing";
const UNKNOWN = "\u0000unknown";

/**
 * @param {any} network @param {(sample: any) => void} changed
 * @returns {{element: HTMLElement, set: (sample: any) => void, clear: () => void}}
 */
export function fieldsView(network, changed) {
  /** @type {any[] | null} */
  const columns = network.model.columns;
  const width = network.sample_shape.reduce((/** @type {number} */ all, /** @type {number} */ one) => all * one, 1);
  const plain = Array.from({ length: Math.min(width, MOST_FIELDS) }, (_, k) => ({ name: `x${k}`, kind: "number", width: 1 }));
  const middle = (/** @type {any} */ column, /** @type {number} */ k) => {
    const range = network.ranges?.[k];
    return column.kind === "category" ? column.levels[0] : column.kind === "boolean" ? false : range ? range[1] : column.statistics?.[0] ?? 0;
  };
  const listed = columns ?? plain;
  /** @type {any} */
  let rest = columns ? {} : new Float64Array(width).map((_, k) => network.ranges?.[k]?.[1] ?? 0);
  const send = () => changed(sample());
  const fields = listed.slice(0, MOST_FIELDS).map((column, k) => fieldFor(column, network.ranges?.[k], send));
  const sample = () => {
    if (columns) return { ...rest, ...Object.fromEntries(fields.map((field, k) => [columns[k].name, field.get()])) };
    const numbers = Float64Array.from(rest);
    fields.forEach((field, k) => (numbers[k] = Number(field.get())));
    return numbers;
  };
  const more = listed.length > fields.length || width > MOST_FIELDS ? el("p", { class: "soft note" }, text("try.fields", { count: MOST_FIELDS })) : null;
  const set = (/** @type {any} */ values) => {
    rest = values;
    fields.forEach((field, k) => field.set(columns ? values[columns[k].name] ?? null : values[k]));
    // Exactly the sample, not what the steps of the sliders make of it.
    changed(values);
  };
  const clear = () => set(columns ? Object.fromEntries(columns.map((column, k) => [column.name, middle(column, k)])) : rest);
  return { element: el("div", { class: "fields" }, ...fields.map((field) => field.element), more), set, clear };
}

/** @param {any} column @param {[number, number, number] | undefined} range low, middle, high @param {() => void} changed @returns {Field} */
function fieldFor(column, range, changed) {
  if (column.kind === "category") return categoryField(column, changed);
  if (column.kind === "boolean") return booleanField(column, changed);
  return numberField(column, range ?? [-3, 0, 3], changed);
}

/** @param {string} name @param {HTMLElement} control @param {HTMLElement | null} [shown] */
function labeled(name, control, shown = null) {
  return el("label", { class: "field" }, el("span", { class: "field-name", title: name }, name), control, shown ?? el("span"));
}

/** @param {any} column @param {[number, number, number]} range @param {() => void} changed @returns {Field} */
function numberField(column, [low, middle, high], changed) {
  /** @type {number | null} */
  let value = middle;
  const shown = el("span", { class: "field-value" });
  const update = () => void (shown.textContent = value === null ? text("try.missing") : brief(value));
  const slide = () => {
    value = Number(slider.value);
    update();
    changed();
  };
  const slider = /** @type {HTMLInputElement} */ (el("input", { type: "range", min: low, max: high, step: (high - low) / SLIDER_STEPS || 1, oninput: slide }));
  const missing = () => {
    value = value === null ? Number(slider.value) : null;
    update();
    changed();
  };
  const gap = column.width > 1 ? el("button", { type: "button", class: "gap-button", title: text("try.missing"), onclick: missing }, "∅") : null;
  update();
  return {
    element: labeled(column.name, slider, el("span", { class: "field-end" }, shown, gap)),
    get: () => value,
    set(cell) {
      value = cell === null ? null : Number(cell);
      if (value !== null) slider.value = String(value);
      update();
    },
  };
}

/** @param {any} column @param {() => void} changed @returns {Field} */
function categoryField(column, changed) {
  const known = column.levels.map((/** @type {string | null} */ level) => el("option", { value: level ?? MISSING }, level ?? text("try.missing")));
  const more = column.levels.includes(null) ? [] : [el("option", { value: MISSING }, text("try.missing"))];
  const select = /** @type {HTMLSelectElement} */ (
    el("select", { onchange: () => changed() }, ...known, ...more, el("option", { value: UNKNOWN }, text("try.other")))
  );
  return {
    element: labeled(column.name, select),
    get: () => (select.value === MISSING ? null : select.value),
    set: (cell) => {
      const value = cell === null ? MISSING : String(cell);
      select.value = cell === null || column.levels.includes(value) ? value : UNKNOWN;
    },
  };
}

/** @param {any} column @param {() => void} changed @returns {Field} */
function booleanField(column, changed) {
  const options = [["true", text("try.yes")], ["false", text("try.no")], [MISSING, text("try.missing")]];
  const select = /** @type {HTMLSelectElement} */ (
    el("select", { onchange: () => changed() }, ...options.map(([value, name]) => el("option", { value }, name)))
  );
  return {
    element: labeled(column.name, select),
    get: () => (select.value === MISSING ? null : select.value === "true"),
    set: (cell) => (select.value = cell === null ? MISSING : String(Boolean(cell))),
  };
}
