/**
 * The forward pass of one network, in the page: the numbers of the Python model to 1e-5.
 * Codings, scaling and layers that are not listed here are named by `unknownParts`, and nothing is computed.
 */

import { ENCODING_OUTPUTS } from "./encodings.js";

/** @typedef {{data: ArrayLike<number>, shape: number[]}} Matrix */
/** @typedef {{layer: string, kind: string, settings: Record<string, number>, arrays: Record<string, Matrix>}} LayerSpec */
/** @typedef {number | string | boolean | null} Cell */
/**
 * @typedef {object} ColumnSpec
 * @property {string} name
 * @property {string} kind
 * @property {number[]} statistics
 * @property {(string | null)[]} levels
 * @property {number} width
 * @property {boolean} [clipped]
 * @property {Matrix | null} codes
 */
/**
 * @typedef {object} ModelSpec
 * @property {string} task
 * @property {string[]} classes
 * @property {number[]} sample_shape
 * @property {LayerSpec[]} layers
 * @property {{kind: string, shift?: Matrix, scale?: Matrix, basis?: Matrix | null}} scaling
 * @property {ColumnSpec[] | null} columns
 * @property {{shift: Matrix, scale: Matrix} | null} target
 */

/** @type {(value: (x: number, layer: LayerSpec) => number) => (x: Float64Array, layer: LayerSpec) => Float64Array} */
const elementwise = (value) => (x, layer) => x.map((each) => value(each, layer));

/** @param {Float64Array} x @param {LayerSpec} layer */
function affineOutput(x, layer) {
  const { W, b } = layer.arrays;
  const [inputs, outputs] = W.shape;
  const y = new Float64Array(outputs);
  for (let j = 0; j < outputs; j += 1) y[j] = b.data[j];
  for (let i = 0; i < inputs; i += 1) {
    if (x[i] === 0) continue;
    for (let j = 0; j < outputs; j += 1) y[j] += x[i] * W.data[i * outputs + j];
  }
  return y;
}

/** @param {Float64Array} x @param {LayerSpec} layer */
function normalizedOutput(x, layer) {
  const { gamma, beta, running_mean: mean, running_var: variance } = layer.arrays;
  const { epsilon } = layer.settings;
  return x.map((value, j) => {
    const normal = (value - mean.data[j]) / Math.sqrt(variance.data[j] + epsilon);
    return gamma.data[j] * normal + beta.data[j];
  });
}

const GELU_ROOT = Math.sqrt(2 / Math.PI);
const EXPONENT_LIMIT = 30;

/** What each layer gives for one sample, evaluated as in a prediction. */
const LAYER_OUTPUTS = {
  ...ENCODING_OUTPUTS,
  affine: affineOutput,
  batch_norm: normalizedOutput,
  dropout: elementwise((x) => x),
  relu: elementwise((x) => Math.max(x, 0)),
  leaky_relu: elementwise((x, layer) => Math.max(x, layer.settings.slope * x)),
  sigmoid: elementwise((x) => 0.5 * (1 + Math.tanh(0.5 * x))),
  tanh: elementwise(Math.tanh),
  gelu: elementwise((x) => 0.5 * x * (1 + Math.tanh(GELU_ROOT * (x + 0.044715 * x * x * x)))),
  exponential: elementwise((x) => Math.exp(Math.min(Math.max(x, -EXPONENT_LIMIT), EXPONENT_LIMIT))),
};

/** @type {Record<string, (column: ColumnSpec, cell: Cell) => number[]>} */
const COLUMN_INPUTS = { number: numberInputs, boolean: booleanInputs, category: categoryInputs };

/** @param {ColumnSpec} column @param {Cell} cell */
function numberInputs(column, cell) {
  const [middle, spread] = column.statistics;
  const missing = cell === null;
  const z = Math.min(Math.max(((missing ? middle : Number(cell)) - middle) / spread, -1e6), 1e6);
  return [Math.fround(column.clipped ? z / Math.sqrt(1 + (z / 3) ** 2) : z), Number(missing)].slice(0, column.width);
}

/** @param {ColumnSpec} column @param {Cell} cell */
function booleanInputs(column, cell) {
  return [cell === null ? column.statistics[0] : Number(cell), Number(cell === null)].slice(0, column.width);
}

/** @param {ColumnSpec} column @param {Cell} cell */
function categoryInputs(column, cell) {
  const codes = /** @type {Matrix} */ (column.codes);
  const known = column.levels.indexOf(cell === null ? null : String(cell));
  const row = known < 0 ? column.width - 1 : known;
  return Array.from({ length: column.width }, (_, k) => codes.data[row * column.width + k]);
}

/** The names of what a model has and this page cannot compute. @param {ModelSpec} model @returns {string[]} */
export function unknownParts(model) {
  const layers = model.layers.filter((layer) => !(layer.layer in LAYER_OUTPUTS)).map((layer) => layer.kind);
  const columns = (model.columns ?? []).filter((column) => !(column.kind in COLUMN_INPUTS)).map((c) => c.kind);
  const scalings = ["none", "target", "center", "standard", "range", "whiten"];
  const scaling = scalings.includes(model.scaling.kind) ? [] : [model.scaling.kind];
  return [...new Set([...layers, ...columns, ...scaling])];
}

/** The inputs of a table's row, before scaling. @param {ColumnSpec[]} columns @param {Record<string, Cell>} row */
export function encodeRow(columns, row) {
  return columns.flatMap((column) => COLUMN_INPUTS[column.kind](column, row[column.name] ?? null));
}

/** What the first layer gets of a sample in the data's units. @param {ModelSpec} model @param {ArrayLike<number>} x */
export function scaledInputs(model, x) {
  const { kind, shift, scale, basis } = model.scaling;
  const raw = Float64Array.from(x, Math.fround);
  if (kind === "none" || kind === "target" || !shift || !scale) return raw;
  if (!basis) return raw.map((value, i) => (value - shift.data[i]) / scale.data[i]);
  const out = new Float64Array(scale.data.length);
  for (let i = 0; i < raw.length; i += 1) {
    const centered = raw[i] - shift.data[i];
    for (let k = 0; k < out.length; k += 1) out[k] += centered * basis.data[i * out.length + k];
  }
  return out.map((value, k) => value / scale.data[k]);
}

/** The outputs of every layer, the first being the inputs. @param {LayerSpec[]} layers @param {Float64Array} inputs */
export function layerOutputs(layers, inputs) {
  const outputs = [inputs];
  for (const layer of layers) {
    const compute = /** @type {Record<string, typeof affineOutput>} */ (LAYER_OUTPUTS)[layer.layer];
    outputs.push(compute(outputs[outputs.length - 1], layer));
  }
  return outputs;
}

/**
 * Probabilities of the classes or labels, or in regression the values in the target's units.
 * @param {ModelSpec} model @param {Float64Array} scores
 */
export function answersOf(model, scores) {
  if (model.task === "regression" && model.target) {
    const { shift, scale } = model.target;
    return scores.map((value, c) => value * scale.data[c] + shift.data[c]);
  }
  if (model.task === "multilabel") return scores.map((score) => 0.5 * (1 + Math.tanh(0.5 * score)));
  const top = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - top));
  const total = powers.reduce((sum, each) => sum + each, 0);
  return powers.map((each) => each / total);
}

/**
 * The layers' outputs and the answer for one sample in the data's own units: numbers, or a table's row.
 * @param {ModelSpec} model @param {ArrayLike<number> | Record<string, Cell>} sample
 */
export function predictSample(model, sample) {
  const raw = model.columns ? encodeRow(model.columns, /** @type {Record<string, Cell>} */ (sample)) : sample;
  const outputs = layerOutputs(model.layers, scaledInputs(model, /** @type {ArrayLike<number>} */ (raw)));
  return { outputs, answers: answersOf(model, outputs[outputs.length - 1]) };
}
