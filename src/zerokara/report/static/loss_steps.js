/** The formulas of the losses, their gradients, and the optimizers' updates, in the book's symbols. */

import { cellOf } from "./arrays.js";
import { cellEquation, rowEquation, num, symbol, V } from "./equations.js";
import { brief } from "./format.js";

/** @typedef {import("./equations.js").Named} Named */
/** @typedef {import("./equations.js").Equation} Equation */
/** @typedef {import("./forward.js").Matrix} Matrix */
/**
 * @typedef {object} LossArrays
 * @property {string} kind
 * @property {number} value
 * @property {number} samples
 * @property {Named} scores
 * @property {Named} t rows of one-hot classes, with smoothing, or the values
 * @property {Named | null} p
 * @property {Named} losses (N, 1)
 * @property {Named} dscores
 * @property {(row: number) => number} weight the weight of a sample, 1 where there are none
 * @property {boolean} weighted
 * @property {number | null} delta
 */

const OVER_CLASSES = "Σ<sub>c</sub>";

/** @type {Record<string, {each: string, worked: (y: number[], t: number[], delta: number) => string, slope: string, slopeWorked: (y: number, t: number, delta: number) => string}>} */
const VALUE_LOSSES = {
  SquaredError: {
    each: `${V.L}<sub>n</sub> = ½ ${OVER_CLASSES} (${V.y}<sub>nc</sub> − ${V.t}<sub>nc</sub>)²`,
    worked: (out, truth) => fewTerms(out.map((v, c) => `½ (${num(v)} − ${num(truth[c])})²`)),
    slope: `${V.y} − ${V.t}`,
    slopeWorked: (v, truth) => `${num(v)} − ${num(truth)}`,
  },
  AbsoluteError: {
    each: `${V.L}<sub>n</sub> = ${OVER_CLASSES} |${V.y}<sub>nc</sub> − ${V.t}<sub>nc</sub>|`,
    worked: (out, truth) => fewTerms(out.map((v, c) => `|${num(v)} − ${num(truth[c])}|`)),
    slope: `sign(${V.y} − ${V.t})`,
    slopeWorked: (v, truth) => `sign(${num(v)} − ${num(truth)})`,
  },
  Huber: {
    each: `${V.L}<sub>n</sub> = ${OVER_CLASSES} h(${V.y}<sub>nc</sub> − ${V.t}<sub>nc</sub>), h(e) = ½ e² <i>where</i> |e| ≤ δ, <i>else</i> δ|e| − ½ δ²`,
    worked: (out, truth, delta) => fewTerms(out.map((v, c) => `h(${num(v)} − ${num(truth[c])})`)) + `, δ = ${delta}`,
    slope: `clip(${V.y} − ${V.t}, −δ, δ)`,
    slopeWorked: (v, truth, delta) => `clip(${num(v)} − ${num(truth)}, −${delta}, ${delta})`,
  },
  PoissonError: {
    each: `${V.L}<sub>n</sub> = ${OVER_CLASSES} (${V.y}<sub>nc</sub> − ${V.t}<sub>nc</sub> log ${V.y}<sub>nc</sub>)`,
    worked: (out, truth) => fewTerms(out.map((v, c) => `(${num(v)} − ${num(truth[c])} log ${num(v)})`)),
    slope: `1 − ${V.t} / ${V.y}`,
    slopeWorked: (v, truth) => `1 − ${num(truth)} / ${num(v)}`,
  },
};

/** @param {string[]} terms */
function fewTerms(terms) {
  return terms.length > 3 ? `${terms.slice(0, 3).join(" + ")} + …` : terms.join(" + ");
}

/** @param {Matrix} matrix @param {number} row */
function numbersOf(matrix, row) {
  return Array.from({ length: matrix.shape[1] }, (_, c) => cellOf(matrix, row, c));
}

/** @param {LossArrays} loss @returns {Equation[]} */
export function lossEquations(loss) {
  const mean = `${V.L} = 1/N Σ<sub>n</sub> ${loss.weighted ? `${V.w}<sub>n</sub> ` : ""}${V.L}<sub>n</sub> = <b>${brief(loss.value, 6)}</b>`;
  if (loss.p) {
    const softmax = loss.kind !== "SigmoidCrossEntropy";
    const first = softmax
      ? rowEquation(`${V.p}<sub>nc</sub> = e<sup>${V.s}<sub>nc</sub></sup> / Σ<sub>k</sub> e<sup>${V.s}<sub>nk</sub></sup>`, [loss.scores], loss.p, (r, c) => {
          const row = numbersOf(loss.scores.matrix, r);
          const total = row.reduce((all, v) => all + Math.exp(v), 0);
          return `e<sup>${num(row[c])}</sup> / ${brief(total, 4)}`;
        }, "softmax →")
      : cellEquation(`${V.p} = 1 / (1 + e<sup>−${V.s}</sup>)`, [loss.scores], loss.p, ([v]) => `1 / (1 + e<sup>${num(-v)}</sup>)`);
    const tiny = loss.kind === "CourseLoss" ? " + 10<sup>−7</sup>" : "";
    const each = softmax
      ? `${V.L}<sub>n</sub> = −${OVER_CLASSES} ${V.t}<sub>nc</sub> log(${V.p}<sub>nc</sub>${tiny})`
      : `${V.L}<sub>n</sub> = −${OVER_CLASSES} (${V.t} log ${V.p} + (1 − ${V.t}) log(1 − ${V.p}))`;
    const worked = (/** @type {number} */ r) => {
      const [chances, truth] = [numbersOf(/** @type {Named} */ (loss.p).matrix, r), numbersOf(loss.t.matrix, r)];
      if (!softmax) return fewTerms(chances.map((v, c) => `−log ${num(truth[c] ? v : 1 - v)}`));
      return fewTerms(truth.map((q, c) => ({ q, c })).filter(({ q }) => q > 0).sort((a, b) => b.q - a.q).map(({ q, c }) => `−${q === 1 ? "" : `${brief(q, 3)} · `}log ${num(chances[c])}`));
    };
    return [first, rowEquation(`${each},&emsp;${mean}`, [loss.p, loss.t], loss.losses, worked)];
  }
  const known = VALUE_LOSSES[loss.kind];
  const worked = (/** @type {number} */ r) =>
    known?.worked(numbersOf(loss.scores.matrix, r), numbersOf(loss.t.matrix, r), loss.delta ?? 1) ?? "…";
  const each = known?.each ?? `${V.L}<sub>n</sub> = ${symbol(loss.kind)}(${V.y}<sub>n</sub>, ${V.t}<sub>n</sub>)`;
  return [rowEquation(`${each},&emsp;${mean}`, [loss.scores, loss.t], loss.losses, worked)];
}

/** @param {LossArrays} loss @returns {Equation[]} */
export function lossGradientEquations(loss) {
  const factor = loss.weighted ? `${V.w}<sub>n</sub> / N` : "1 / N";
  const share = (/** @type {number} */ row) => (loss.weighted ? `${num(loss.weight(row))} / ${loss.samples}` : `1/${loss.samples}`);
  const from = loss.p ?? loss.scores;
  const known = VALUE_LOSSES[loss.kind];
  const slope = loss.p ? `${V.p} − ${V.t}` : known?.slope ?? `∂${V.L}/∂${V.y}`;
  const worked = (/** @type {number} */ r, /** @type {number} */ c) => {
    const [v, truth] = [cellOf(from.matrix, r, c), cellOf(loss.t.matrix, r, c)];
    const inner = loss.p ? `${num(v)} − ${num(truth)}` : known?.slopeWorked(v, truth, loss.delta ?? 1) ?? "…";
    return `(${inner}) · ${share(r)}`;
  };
  const equation = rowEquation(`${V.dout} = (${slope}) · ${factor}`, [from, loss.t], loss.dscores, worked);
  const at = equation.at;
  equation.at = (item, row, column) => {
    const cell = at(4, row, column);
    const marks = { 0: [{ row, column }], 2: [{ row, column }], 4: [{ row, column }] };
    return { marks, lines: item === 4 ? cell.lines : [...at(item, row, column).lines, ...cell.lines] };
  };
  return [equation];
}

/**
 * @typedef {object} UpdateRule
 * @property {() => string} formula HTML, after a first step from a fresh state
 * @property {(W: number, dW: number, h: Record<string, number>) => string} worked
 */

/** @type {Record<string, UpdateRule>} */
const UPDATE_RULES = {
  SGD: {
    formula: () => `${V.W} ← ${V.W} − ${V.lr} ${V.dW}`,
    worked: (w, d, h) => `${num(w)} − ${num(h.lr)}·${num(d)}`,
  },
  Momentum: {
    formula: () => `${V.v} ← momentum ${V.v} − ${V.lr} ${V.dW},&emsp;${V.W} ← ${V.W} + ${V.v}`,
    worked: (w, d, h) => `${num(w)} + (${num(h.momentum)}·0 − ${num(h.lr)}·${num(d)})`,
  },
  Nesterov: {
    formula: () => `${V.v} ← momentum ${V.v} − ${V.lr} ${V.dW},&emsp;${V.W} ← ${V.W} + momentum ${V.v} − ${V.lr} ${V.dW}`,
    worked: (w, d, h) => `${num(w)} + ${num(h.momentum)}·${num(-h.lr * d)} − ${num(h.lr)}·${num(d)}`,
  },
  AdaGrad: {
    formula: () => `${V.h} ← ${V.h} + ${V.dW}²,&emsp;${V.W} ← ${V.W} − ${V.lr} ${V.dW} / (√${V.h} + ε)`,
    worked: (w, d, h) => `${num(w)} − ${num(h.lr)}·${num(d)} / (√(0 + ${num(d)}²) + 10<sup>−8</sup>)`,
  },
  RMSprop: {
    formula: () => `${V.h} ← ρ ${V.h} + (1 − ρ) ${V.dW}²,&emsp;${V.W} ← ${V.W} − ${V.lr} ${V.dW} / (√${V.h} + ε)`,
    worked: (w, d, h) => `${num(w)} − ${num(h.lr)}·${num(d)} / (√(${num(1 - h.decay_rate)}·${num(d)}²) + 10<sup>−8</sup>)`,
  },
  Adam: { formula: adamFormula, worked: adamWorked },
  AdamW: {
    formula: () => `${V.W} ← (1 − ${V.lr} λ) ${V.W},&emsp;${adamFormula()}`,
    worked: (w, d, h) => `(1 − ${num(h.lr)}·${num(h.weight_decay)})·${adamWorked(w, d, h)}`,
  },
};

function adamFormula() {
  const [m, v] = [V["m̂"], V["v̂"]];
  return `${V.W} ← ${V.W} − ${V.lr} ${m} / (√${v} + ε),&emsp;${m} = ${V.dW}, ${v} = ${V.dW}²`;
}

/** @param {number} w @param {number} d @param {Record<string, number>} h */
function adamWorked(w, d, h) {
  return `${num(w)} − ${num(h.lr)}·${num(d)} / (√(${num(d)}²) + 10<sup>−8</sup>)`;
}

/**
 * The update of one parameter.
 * @param {any} optimizer @param {string} name of the parameter @param {Record<string, Named>} arrays @returns {Equation}
 */
export function updateEquation(optimizer, name, arrays) {
  const rule = UPDATE_RULES[optimizer.kind];
  const h = { ...optimizer.hyperparameters, lr: optimizer.hyperparameters.lr * optimizer.factor };
  const decays = h.weight_decay > 0 && optimizer.decayed.includes(name);
  const added = decays && optimizer.kind !== "AdamW";
  const { shrink } = optimizer;
  const clipped = `${shrink < 1 ? `${brief(shrink)} ` : ""}${symbol(`d${name}`)}`;
  const inWords = (rule?.formula() ?? `${V.W} ← ${symbol(optimizer.kind)}(${V.W}, ${V.dW})`)
    .replaceAll(V.dW, added ? `(${clipped} + λ ${symbol(name)})` : clipped)
    .replaceAll(V.W, symbol(name));
  const worked = (/** @type {number[]} */ [before, slope]) =>
    rule?.worked(before, shrink * slope + (added ? h.weight_decay * before : 0), decays ? h : { ...h, weight_decay: 0 }) ?? "…";
  return cellEquation(inWords, [arrays.before, arrays.gradient], arrays.after, worked, [",", "→"]);
}
