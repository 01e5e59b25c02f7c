/** The formulas of each layer in the book's symbols, forward and backward, with the arrays that they are about. */

import { asRows, cellOf } from "./arrays.js";
import { cellEquation, columnSumEquation, plainEquation, productEquation, rowEquation, num, symbol, turned, V } from "./equations.js";

/** @typedef {import("./equations.js").Axis} Axis */
/** @typedef {import("./equations.js").Named} Named */
/** @typedef {import("./equations.js").Equation} Equation */
/**
 * @typedef {object} LayerArrays a layer of the step, with its neighbors' arrays
 * @property {string} kind
 * @property {any} settings
 * @property {Named} x
 * @property {Named} y
 * @property {Named} dout
 * @property {Named} dx
 * @property {Record<string, Record<string, Named>>} parameters by name: `before`, `gradient`, `after`, and the state
 * @property {Record<string, Named>} more
 * @property {number} samples
 */

const BATCH_DEVIATION = "√(σ² + ε)";

/** @type {Record<string, {forward: string, worked: (v: number, settings: any) => string, backward: string, back: (d: number, y: number, x: number, settings: any) => string}>} */
const ACTIVATION_FORMULAS = {
  ReLU: {
    forward: `${V.y} = max(${V.x}, 0)`,
    worked: (v) => `max(${num(v)}, 0)`,
    backward: `${V.dx} = ${V.dout} <i>where</i> ${V.y} &gt; 0, <i>else</i> 0`,
    back: (d, out) => (out > 0 ? `${num(d)}, y = ${num(out)} &gt; 0` : `0, y = ${num(out)} ≤ 0`),
  },
  LeakyReLU: {
    forward: `${V.y} = max(${V.x}, slope·${V.x})`,
    worked: (v, s) => `max(${num(v)}, ${s.slope}·${num(v)})`,
    backward: `${V.dx} = ${V.dout} <i>where</i> ${V.y} &gt; 0, <i>else</i> slope·${V.dout}`,
    back: (d, out, _, s) => (out > 0 ? `${num(d)}, y = ${num(out)} &gt; 0` : `${s.slope}·${num(d)}, y = ${num(out)} ≤ 0`),
  },
  Sigmoid: {
    forward: `${V.y} = 1 / (1 + e<sup>−${V.x}</sup>)`,
    worked: (v) => `1 / (1 + e<sup>${num(-v)}</sup>)`,
    backward: `${V.dx} = ${V.dout} ${V.y} (1 − ${V.y})`,
    back: (d, out) => `${num(d)} · ${num(out)} · (1 − ${num(out)})`,
  },
  Tanh: {
    forward: `${V.y} = tanh(${V.x})`,
    worked: (v) => `tanh(${num(v)})`,
    backward: `${V.dx} = ${V.dout} (1 − ${V.y}²)`,
    back: (d, out) => `${num(d)} · (1 − ${num(out)}²)`,
  },
  GELU: {
    forward: `${V.y} = ½ ${V.x} (1 + tanh ${V.u}), ${V.u} = √(2/π) (${V.x} + 0.044715 ${V.x}³)`,
    worked: (v) => `½ · ${num(v)} · (1 + tanh ${num(geluInner(v))})`,
    backward: `${V.dx} = ${V.dout} (½ (1 + tanh u) + ½ ${V.x} (1 − tanh² u) √(2/π) (1 + 0.134145 ${V.x}²))`,
    back: (d, _, v) => `${num(d)} · ${num(geluSlope(v))}, x = ${num(v)}`,
  },
  Exp: {
    forward: `${V.y} = e<sup>${V.x}</sup>`,
    worked: (v) => `e<sup>${num(v)}</sup>`,
    backward: `${V.dx} = ${V.dout} ${V.y}`,
    back: (d, out) => `${num(d)} · ${num(out)}`,
  },
};

/** @type {Record<string, string>} */
const ENCODING_FORMULAS = {
  Piecewise: `${V.y} = [${V.x}, clip((${V.x} − low) / width, 0, 1) <i>for each bin</i>]`,
  Scaled: `${V.y} = ${V.x} · factor`,
  Robust: `${V.y} = z / √(1 + (z / 3)²), z = (${V.x} − middle) / spread`,
  Periodic: `${V.y} = [${V.x}, cos(2π ${V.x} frequency + phase) ${V.W} + ${V.b}]`,
  Embedding: `${V.y} = [<i>other inputs</i>, ${V.x}<sub>group</sub> ${V.W}<sub>group</sub>]`,
};

const ROOT_2_PI = Math.sqrt(2 / Math.PI);

/** @param {number} v */
function geluInner(v) {
  return ROOT_2_PI * (v + 0.044715 * v ** 3);
}

/** @param {number} v */
function geluSlope(v) {
  const tanh = Math.tanh(geluInner(v));
  return 0.5 * (1 + tanh) + 0.5 * v * (1 - tanh * tanh) * ROOT_2_PI * (1 + 0.134145 * v * v);
}

/** @param {LayerArrays} layer @returns {Equation[]} */
export function forwardEquations(layer) {
  const { x: input, y: out, parameters: P, more } = layer;
  if (layer.kind === "Affine") {
    return [productEquation(`${V.y} = ${V.x} ${V.W} + ${V.b}`, input, P.W.before, out, P.b.before)];
  }
  if (layer.kind.endsWith("BatchNorm") && more.normal) {
    const first = `${V["x̂"]} = (${V.x} − μ) / ${BATCH_DEVIATION}`;
    const scale = (/** @type {number} */ _, /** @type {number} */ c) => cellOf(more.deviation.matrix, 0, c);
    return [
      rowEquation(first, [input, more.deviation], more.normal, (r, c) => `(${num(cellOf(input.matrix, r, c))} − μ) / ${num(scale(r, c))}`),
      cellEquation(`${V.y} = ${V.γ} ${V["x̂"]} + ${V.β}`, [more.normal, P.gamma.before, P.beta.before], out, ([n, g, shift]) => `${num(g)}·${num(n)} + ${num(shift)}`, ["·", "+", "="]),
    ];
  }
  if (layer.kind.endsWith("Dropout")) {
    if (!more.mask) return [cellEquation(`${V.y} = ${V.x}`, [input], out, ([v]) => num(v), ["="])];
    return [cellEquation(`${V.y} = ${V.x} ${V.mask}`, [input, more.mask], out, ([v, m]) => `${num(v)}·${num(m)}`, ["·", "="])];
  }
  const known = ACTIVATION_FORMULAS[layer.kind];
  const formula = known?.forward ?? `${V.y} = ${symbol(layer.kind)}(${V.x})`;
  if (!known) return [plainEquation(ENCODING_FORMULAS[layer.kind] ?? formula, [input], out)];
  return [cellEquation(formula, [input], out, ([v]) => known.worked(v, layer.settings))];
}

/** @param {LayerArrays} layer @returns {Equation[]} */
export function backwardEquations(layer) {
  const { x: input, y: out, dout: above, dx: below, parameters: P, more } = layer;
  if (layer.kind === "Affine") {
    return [
      productEquation(`${V.dx} = ${V.dout} ${V.W}<sup>T</sup>`, above, turned(P.W.before), below),
      productEquation(`${V.dW} = ${V.x}<sup>T</sup> ${V.dout}`, turned(input), above, P.W.gradient),
      columnSumEquation(`${V.db} = Σ<sub>n</sub> ${V.dout}<sub>n</sub>`, above, P.b.gradient),
    ];
  }
  if (layer.kind.endsWith("BatchNorm") && more.normal) {
    const N = layer.samples;
    const product = { ...above, name: "dout·x̂", matrix: timesCells(above, more.normal) };
    const formula = `${V.dx} = ${V.γ} / ${BATCH_DEVIATION} · (${V.dout} − ${V.dβ}/N − ${V["x̂"]} ${V.dγ}/N)`;
    return [
      columnSumEquation(`${V.dβ} = Σ<sub>n</sub> ${V.dout}<sub>n</sub>`, above, P.beta.gradient),
      columnSumEquation(`${V.dγ} = Σ<sub>n</sub> ${V.dout}<sub>n</sub> ${V["x̂"]}<sub>n</sub>`, product, P.gamma.gradient),
      cellEquation(
        formula,
        [above, more.normal, P.beta.gradient, P.gamma.gradient, P.gamma.before, more.deviation],
        below,
        ([d, n, sum, slope, g, s]) => `${num(g)} / ${num(s)} · (${num(d)} − ${num(sum)}/${N} − ${num(n)}·${num(slope)}/${N})`,
      ),
    ];
  }
  if (layer.kind.endsWith("Dropout")) {
    if (!more.mask) return [cellEquation(`${V.dx} = ${V.dout}`, [above], below, ([v]) => num(v), ["="])];
    return [cellEquation(`${V.dx} = ${V.dout} ${V.mask}`, [above, more.mask], below, ([d, m]) => `${num(d)}·${num(m)}`, ["·", "="])];
  }
  const known = ACTIVATION_FORMULAS[layer.kind];
  if (!known) {
    const own = Object.entries(P).map(([name, arrays]) =>
      plainEquation(`${symbol(`d${name}`)} = Σ<sub>n</sub> ${V.dout}<sub>n</sub> · ∂${V.y}<sub>n</sub>/∂${symbol(name)}`, [above], arrays.gradient),
    );
    return [plainEquation(`${V.dx} = ${V.dout} · ∂${V.y}/∂${V.x}`, [above], below), ...own];
  }
  const usesX = layer.kind === "GELU";
  const worked = (/** @type {number[]} */ [d, v]) => known.back(d, usesX ? NaN : v, usesX ? v : NaN, layer.settings);
  return [cellEquation(known.backward, [above, usesX ? input : out], below, worked)];
}

/** @param {Named} a @param {Named} c */
function timesCells(a, c) {
  return { data: Float64Array.from(a.matrix.data, (value, k) => value * c.matrix.data[k]), shape: a.matrix.shape };
}

/** A vector or matrix with its name and axes. @param {string} name @param {any} array @param {Axis} rows @param {Axis} columns @returns {Named} */
export function namedArray(name, array, rows, columns) {
  const matrix = asRows(array);
  return { name, matrix, rows: matrix.shape[0] === 1 ? { count: 1, kept: null } : rows, columns };
}
