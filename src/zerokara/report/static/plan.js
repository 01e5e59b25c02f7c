/** One training step as a list of small steps: the batch, each layer forward, the loss, each layer backward, the update. */

import { asRows } from "./arrays.js";
import { plainLine } from "./equations.js";
import { backwardEquations, forwardEquations, namedArray } from "./layer_steps.js";
import { lossEquations, lossGradientEquations, updateEquation } from "./loss_steps.js";

/** @typedef {import("./equations.js").Equation} Equation */
/** @typedef {import("./equations.js").Named} Named */
/** @typedef {import("./equations.js").Axis} Axis */
/** @typedef {import("./forward.js").Matrix} Matrix */
/**
 * @typedef {object} SmallStep
 * @property {"batch" | "forward" | "backward" | "update"} phase
 * @property {string} name such as Affine1
 * @property {string} kind of the layer or loss; the text of the step has the key step.KIND.PHASE
 * @property {Equation[]} equations
 */

/** Names as in the book: Affine1, ReLU1, Affine2. @param {any[]} layers @returns {string[]} */
export function layerNames(layers) {
  let number = 0;
  return layers.map((layer) => `${layer.kind}${layer.kind === "Affine" ? (number += 1) : Math.max(number, 1)}`);
}

/**
 * @param {any} step the content of `zerokara.report.network.trace.trace`, with its arrays read
 * @param {{inputs?: string[] | null, classes?: string[] | null}} [names] of the inputs and outputs
 * @returns {SmallStep[]}
 */
export function planOf(step, names = {}) {
  const rows = { count: step.samples, kept: null };
  const axes = step.units.map((/** @type {any} */ unit) => ({ count: unit.count, kept: unit.kept ? unit.kept.data : null }));
  axes[0].names = names.inputs;
  if (axes.length > 1) axes[axes.length - 1].names = names.classes;
  const titles = layerNames(step.layers);
  const layers = step.layers.map((/** @type {any} */ _, /** @type {number} */ k) => layerArrays(step, k, rows, axes));
  const loss = lossArrays(step, rows, axes[axes.length - 1]);
  const batch = batchEquation(namedArray("x", step.x, rows, axes[0]), loss.t);
  const order = layers.map((/** @type {any} */ _, /** @type {number} */ k) => k);
  const learned = order.filter((/** @type {number} */ k) => Object.keys(step.layers[k].parameters).length);
  return [
    { phase: "batch", name: "x, t", kind: "batch", equations: [batch] },
    ...order.map((/** @type {number} */ k) => smallStep("forward", titles[k], step.layers[k].kind, forwardEquations(layers[k]))),
    smallStep("forward", "Loss", loss.kind, lossEquations(loss)),
    smallStep("backward", "Loss", loss.kind, lossGradientEquations(loss)),
    ...order.toReversed().map((/** @type {number} */ k) => smallStep("backward", titles[k], step.layers[k].kind, backwardEquations(layers[k]))),
    ...learned.map((/** @type {number} */ k) => smallStep("update", titles[k], step.optimizer.kind, layerUpdates(step, layers[k]))),
  ];
}

/** The samples beside their targets. @param {Named} x @param {Named} t @returns {Equation} */
function batchEquation(x, t) {
  const items = [x, ",", t];
  return {
    formula: "",
    items,
    at: (item, row, column) => ({ marks: { 0: [{ row }], 2: [{ row }], [item]: [{ row, column }] }, lines: [plainLine(/** @type {Named} */ (items[item]), row, column)] }),
  };
}

/** @type {(phase: SmallStep["phase"], name: string, kind: string, equations: Equation[]) => SmallStep} */
const smallStep = (phase, name, kind, equations) => ({ phase, name, kind, equations });

/** @param {any} step @param {any} layer @returns {Equation[]} */
function layerUpdates(step, layer) {
  return Object.entries(layer.parameters).map(([name, arrays]) => updateEquation(step.optimizer, name, /** @type {any} */ (arrays)));
}

/** The axis of an array if it has its length, else one of that length. @param {Axis} axis @param {number} length */
function axisOf(axis, length) {
  return (axis.kept ? axis.kept.length : axis.count) === length ? axis : { count: length, kept: null };
}

/** @param {any} step @param {number} k @param {Axis} rows @param {Axis[]} axes */
function layerArrays(step, k, rows, axes) {
  const layer = step.layers[k];
  const above = k + 1 < step.layers.length ? step.layers[k + 1].dx : step.loss.dscores;
  const greek = /** @type {Record<string, string>} */ ({ gamma: "γ", beta: "β" });
  const parameters = Object.entries(layer.parameters).map(([name, arrays]) => {
    const shown = greek[name] ?? name;
    const own = Object.entries(/** @type {Record<string, Matrix>} */ (arrays)).map(([what, array]) => {
      const title = what === "gradient" ? `d${shown}` : what === "before" ? shown : what === "after" ? `${shown}′` : what;
      const [height, width] = asRows(array).shape;
      return [what, namedArray(title, array, axisOf(axes[k], height), axisOf(axes[k + 1], width))];
    });
    return [name, Object.fromEntries(own)];
  });
  const symbols = /** @type {Record<string, string>} */ ({ normal: "x̂", deviation: "√(σ² + ε)" });
  const more = Object.entries(layer.more).map(([name, array]) => [name, namedArray(symbols[name] ?? name, array, rows, axes[k + 1])]);
  return {
    kind: layer.kind,
    settings: layer.settings,
    x: namedArray("x", k ? step.layers[k - 1].y : step.x, rows, axes[k]),
    y: namedArray("y", layer.y, rows, axes[k + 1]),
    dout: namedArray("dout", above, rows, axes[k + 1]),
    dx: namedArray("dx", layer.dx, rows, axes[k]),
    parameters: Object.fromEntries(parameters),
    more: Object.fromEntries(more),
    samples: step.samples,
  };
}

/** @param {any} step @param {Axis} rows @param {Axis} columns @returns {import("./loss_steps.js").LossArrays} */
function lossArrays(step, rows, columns) {
  const { loss } = step;
  const scores = step.layers[step.layers.length - 1].y;
  const classes = loss.class_weights?.data;
  const weights = step.weights?.data;
  const label = loss.probabilities ? "s" : "y";
  return {
    kind: loss.kind,
    value: loss.value,
    samples: step.samples,
    scores: namedArray(label, scores, rows, columns),
    t: { name: "t", matrix: targetRows(step, scores.shape, columns), rows, columns },
    p: loss.probabilities ? namedArray("p", loss.probabilities, rows, columns) : null,
    losses: { name: "L", matrix: { data: loss.per_sample.data, shape: [loss.per_sample.data.length, 1] }, rows, columns: { count: 1, kept: null } },
    dscores: namedArray("dout", loss.dscores, rows, columns),
    weight: (row) => (weights ? weights[row] : 1) * (classes ? classes[step.t.data[row]] : 1),
    weighted: Boolean(weights || classes),
    delta: loss.delta,
  };
}

/** Classes as one-hot rows with the loss's smoothing; other targets as they are. @param {any} step @param {number[]} shape @param {Axis} columns @returns {Matrix} */
function targetRows(step, shape, columns) {
  if (step.t.shape.length === 2) return asRows(step.t);
  const { smoothing } = step.loss;
  const data = new Float64Array(shape[0] * shape[1]).fill(smoothing / columns.count);
  const places = Array.from({ length: shape[1] }, (_, c) => (columns.kept ? columns.kept[c] : c));
  step.t.data.forEach((/** @type {number} */ label, /** @type {number} */ n) => {
    const c = places.indexOf(label);
    if (c >= 0) data[n * shape[1] + c] += 1 - smoothing;
  });
  return { data, shape };
}
