/** Equations between arrays: which cells each number comes from, and the sum or product itself in numbers. */

import { cellOf, transposed } from "./arrays.js";
import { brief } from "./format.js";

/** @typedef {import("./forward.js").Matrix} Matrix */
/** @typedef {import("./matrix.js").Mark} Mark */
/** @typedef {{count: number, kept: ArrayLike<number> | null, names?: string[] | null}} Axis */
/** @typedef {{name: string, matrix: Matrix, rows: Axis, columns: Axis}} Named */
/**
 * @typedef {object} Equation
 * @property {string} formula HTML
 * @property {(Named | string)[]} items arrays, and the operators between them
 * @property {(item: number, row: number, column: number) => {marks: Record<number, Mark[]>, lines: string[]}} at
 *   which cells of the arrays belong to a cell, by item, and how its number comes about, as HTML
 */

const TERMS = 3;

/** @param {string} name @returns {string} HTML */
export function symbol(name) {
  return `<var>${asText(name)}</var>`;
}

/** @param {string} words @returns {string} HTML that shows these words */
function asText(words) {
  return words.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}

/** A number as it is stored: nine digits for float32. @param {number} value */
export function exactNumber(value) {
  const nine = Number(value.toPrecision(9));
  return String(Math.fround(nine) === value ? nine : value).replace("-", "−");
}

/** @param {number} value @returns {string} for a place within a formula */
export function num(value) {
  const shown = brief(value, 4).replace("-", "−");
  return value < 0 ? `(${shown})` : shown;
}

/** The book's symbols, as HTML. */
export const V = Object.fromEntries(
  ["x", "y", "W", "b", "dout", "dx", "dW", "db", "s", "p", "t", "L", "lr", "γ", "β", "dγ", "dβ", "x̂", "mask", "w", "u", "v", "h", "m̂", "v̂"].map((name) => [name, symbol(name)]),
);

/** The place along an axis that a shown row or column has. @param {Axis} axis @param {number} k */
export function placeOf(axis, k) {
  return axis.kept ? axis.kept[k] : k;
}

/** A cell by name, such as W[3, 7]. @param {Named} named @param {number} row @param {number} column @returns {string} HTML */
export function cellName(named, row, column) {
  const places = named.rows.count === 1 && named.columns.count > 1
    ? [placeOf(named.columns, column)]
    : [placeOf(named.rows, row), placeOf(named.columns, column)];
  return `${symbol(named.name)}[${places.join(", ")}]`;
}

/** @param {Named} named @param {number} row @param {number} column */
function valueAt(named, row, column) {
  return cellOf(named.matrix, row, column);
}

/**
 * The line "W[3, 7] = 0.25", with the names of the row and the column where they have any.
 * @param {Named} named @param {number} row @param {number} column
 */
export function plainLine(named, row, column) {
  const names = [named.rows.names?.[placeOf(named.rows, row)], named.columns.names?.[placeOf(named.columns, column)]];
  const shown = names.filter((name) => name !== undefined).map((name) => `<span class="soft">(${asText(String(name))})</span>`);
  return [`${cellName(named, row, column)} = <b>${exactNumber(valueAt(named, row, column))}</b>`, ...shown].join(" ");
}

/** @param {Named} named @param {string} [name] @returns {Named} */
export function turned(named, name = `${named.name}ᵀ`) {
  return { name, matrix: transposed(named.matrix), rows: named.columns, columns: named.rows };
}

/**
 * out = a b, plus a row `bias` where there is one.
 * @param {string} formula @param {Named} a @param {Named} b @param {Named} out @param {Named} [bias]
 * @returns {Equation}
 */
export function productEquation(formula, a, b, out, bias) {
  const items = bias ? [a, "·", b, "+", bias, "=", out] : [a, "·", b, "=", out];
  const last = items.length - 1;
  return {
    formula,
    items,
    at(item, row, column) {
      if (item !== last) {
        const lines = [plainLine(/** @type {Named} */ (items[item]), row, column)];
        /** @type {Record<number, Mark[]>} */
        const marks = { [item]: [{ row, column }] };
        if (item === 0) marks[last] = [{ row }];
        if (item === 2) marks[last] = [{ column }];
        if (item === 4) marks[last] = [{ column }];
        return { marks, lines };
      }
      const inner = a.matrix.shape[1];
      const order = Array.from({ length: inner }, (_, k) => k)
        .map((k) => ({ k, size: Math.abs(valueAt(a, row, k) * valueAt(b, k, column)) }))
        .sort((one, other) => other.size - one.size)
        .slice(0, TERMS)
        .map(({ k }) => k);
      const more = a.columns.count - order.length;
      const names = order.map((k) => `${cellName(a, row, k)}·${cellName(b, k, column)}`);
      const numbers = order.map((k) => `${num(valueAt(a, row, k))}·${num(valueAt(b, k, column))}`);
      const rest = more > 0 ? ` + … <span class="soft">(${more})</span>` : "";
      const plus = bias ? [` + ${cellName(bias, 0, column)}`, ` + ${num(valueAt(bias, 0, column))}`] : ["", ""];
      /** @type {Record<number, Mark[]>} */
      const marks = { 0: [{ row }], 2: [{ column }], [last]: [{ row, column }] };
      if (bias) marks[4] = [{ row: 0, column }];
      return {
        marks,
        lines: [
          `${cellName(out, row, column)} = ${names.join(" + ")}${rest}${plus[0]}`,
          `= ${numbers.join(" + ")}${rest}${plus[1]}`,
          `= <b>${exactNumber(valueAt(out, row, column))}</b>`,
        ],
      };
    },
  };
}

/**
 * out = a function of the same cell of each array; rows of one are used for every row.
 * @param {string} formula @param {Named[]} inputs @param {Named} out
 * @param {(values: number[]) => string} worked the formula with these numbers, as HTML
 * @param {string[]} [operators] between the arrays
 * @returns {Equation}
 */
export function cellEquation(formula, inputs, out, worked, operators = inputs.map((_, k) => (k < inputs.length - 1 ? "," : "→"))) {
  const items = [...inputs.flatMap((each, k) => [each, operators[k]]), out];
  const last = items.length - 1;
  const rowIn = (/** @type {Named} */ each, /** @type {number} */ row) => (each.matrix.shape[0] === 1 ? 0 : row);
  return {
    formula,
    items,
    at(item, row, column) {
      const broadcast = /** @type {Named} */ (items[item]).matrix.shape[0] < out.matrix.shape[0];
      /** @type {Record<number, Mark[]>} */
      const marks = {};
      inputs.forEach((each, k) => (marks[2 * k] = [{ row: rowIn(each, row), column }]));
      marks[last] = broadcast ? [{ column }] : [{ row, column }];
      if (broadcast) return { marks, lines: [plainLine(/** @type {Named} */ (items[item]), row, column)] };
      const values = inputs.map((each) => valueAt(each, rowIn(each, row), column));
      const lines = [
        `${cellName(out, row, column)} = ${worked(values)}`,
        `= <b>${exactNumber(valueAt(out, row, column))}</b>`,
      ];
      return { marks, lines: item === last ? lines : [plainLine(/** @type {Named} */ (items[item]), row, column), ...lines] };
    },
  };
}

/**
 * out = a sum over the rows of an array.
 * @param {string} formula @param {Named} input @param {Named} out @returns {Equation}
 */
export function columnSumEquation(formula, input, out) {
  return {
    formula,
    items: [input, "Σ", out],
    at(item, row, column) {
      if (item === 0) return { marks: { 0: [{ row, column }], 2: [{ column }] }, lines: [plainLine(input, row, column)] };
      const shown = Math.min(TERMS, input.matrix.shape[0]);
      const terms = Array.from({ length: shown }, (_, n) => num(valueAt(input, n, column)));
      const more = input.rows.count - shown;
      const rest = more > 0 ? ` + … <span class="soft">(${more})</span>` : "";
      return {
        marks: { 0: [{ column }], 2: [{ row, column }] },
        lines: [
          `${cellName(out, row, column)} = ${terms.join(" + ")}${rest}`,
          `= <b>${exactNumber(valueAt(out, row, column))}</b>`,
        ],
      };
    },
  };
}

/**
 * An equation of which the page shows the arrays alone.
 * @param {string} formula @param {Named[]} inputs @param {Named} out @returns {Equation}
 */
export function plainEquation(formula, inputs, out) {
  const items = [...inputs.flatMap((each, k) => [each, k < inputs.length - 1 ? "," : "→"]), out];
  return {
    formula,
    items,
    at: (item, row, column) => ({ marks: { [item]: [{ row, column }] }, lines: [plainLine(/** @type {Named} */ (items[item]), row, column)] }),
  };
}

/**
 * out = a function of a whole row, such as softmax.
 * @param {string} formula @param {Named[]} inputs @param {Named} out
 * @param {(row: number, column: number) => string} worked @param {string} [operator]
 * @returns {Equation}
 */
export function rowEquation(formula, inputs, out, worked, operator = "→") {
  const items = [...inputs.flatMap((each, k) => [each, k < inputs.length - 1 ? "," : operator]), out];
  const last = items.length - 1;
  return {
    formula,
    items,
    at(item, row, column) {
      /** @type {Record<number, Mark[]>} */
      const marks = {};
      inputs.forEach((each, k) => (marks[2 * k] = [each.matrix.shape[0] === 1 ? { column } : { row }]));
      if (item !== last) {
        marks[item] = [{ row, column }];
        marks[last] = [{ row }];
        return { marks, lines: [plainLine(/** @type {Named} */ (items[item]), row, column)] };
      }
      marks[last] = [{ row, column }];
      return {
        marks,
        lines: [
          `${cellName(out, row, column)} = ${worked(row, column)}`,
          `= <b>${exactNumber(valueAt(out, row, column))}</b>`,
        ],
      };
    },
  };
}
