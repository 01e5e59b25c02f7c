/** Scales: from values to places on an axis and back, and their ticks. */

import { brief } from "./format.js";

/**
 * @typedef {object} Scale
 * @property {(value: number) => number} to the place of a value, NaN if it has none
 * @property {(place: number) => number} from
 * @property {{value: number, label: string}[]} ticks
 */

/**
 * Return a linear or logarithmic scale from `low` and `high` to two places.
 * @param {number} low
 * @param {number} high
 * @param {number} start the place of `low`
 * @param {number} end
 * @param {{log?: boolean, count?: number}} [options] `count` ticks at most
 * @returns {Scale}
 */
export function scale(low, high, start, end, { log = false, count = 5 } = {}) {
  const warp = log ? Math.log : (/** @type {number} */ value) => value;
  const back = log ? Math.exp : (/** @type {number} */ value) => value;
  const [a, b] = [warp(low), warp(high)];
  const slope = (end - start) / (b - a || 1);
  return {
    to: (value) => (log && value <= 0 ? NaN : start + (warp(value) - a) * slope),
    from: (place) => back(a + (place - start) / slope),
    ticks: (log ? logTicks(low, high, count) : linearTicks(low, high, count)).map((value) => ({ value, label: brief(value, 3) })),
  };
}

/**
 * Return the scale of a searched hyperparameter: its whole range, for a choice a place for each option.
 * @param {import("./trials.js").Panel} panel
 * @param {number} start
 * @param {number} end
 * @param {number} [count] of ticks at most
 * @returns {Scale}
 */
export function panelScale(panel, start, end, count = 5) {
  if (panel.options.length) {
    const options = panel.options.map((label, value) => ({ value, label }));
    return { ...scale(-0.6, panel.options.length - 0.4, start, end), ticks: options };
  }
  let [low, high] = [panel.low ?? 0, panel.high ?? 1];
  if (low === high) [low, high] = panel.log ? [low / 2, high * 2] : [low - 1, high + 1];
  const gap = 0.03; // Between the ends of the range and those of the axis, so that no dot is cut.
  if (panel.log) {
    const factor = (high / low) ** gap;
    const made = scale(low / factor, high * factor, start, end, { log: true, count });
    return { ...made, ticks: made.ticks.filter(({ value }) => value >= low * 0.999 && value <= high * 1.001) };
  }
  const pad = (high - low) * gap;
  const made = scale(low - pad, high + pad, start, end, { count });
  const steps = panel.steps.length && panel.steps.length <= count + 3 ? panel.steps : null;
  const ticks = steps ? steps.map((value) => ({ value, label: brief(value, 4) })) : made.ticks;
  return { ...made, ticks: ticks.filter(({ value }) => value >= low - pad && value <= high + pad) };
}

/** @param {number} low @param {number} high @param {number} count @returns {number[]} round numbers within */
export function linearTicks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((each) => each * power >= rough * 0.999) ?? 10) * power;
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

/** @param {number} low @param {number} high @param {number} count @returns {number[]} powers of ten, or round numbers */
export function logTicks(low, high, count) {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  if (last - first < 2) {
    const ticks = [];
    for (let power = first - 1; power <= last; power++) {
      for (const each of last < first ? [1, 1.5, 2, 3, 5, 7] : [1, 2, 5]) ticks.push(Number((each * 10 ** power).toPrecision(6)));
    }
    return ticks.filter((value) => value >= low && value <= high);
  }
  const every = Math.ceil((last - first + 1) / Math.max(2, count));
  const powers = [];
  for (let power = first; power <= last; power += every) powers.push(Number(`1e${power}`));
  return powers;
}

/** A fixed place for each row in [-0.5, 0.5], so that trials with one option do not lie on one line. @param {number} row */
export function spread(row) {
  return ((row * 0.6180339887) % 1) - 0.5;
}

/**
 * Return how wide the trials of one value are spread, in pixels: half of the place of an option or of a step.
 * @param {import("./trials.js").Panel} panel
 * @param {Scale} made its scale
 */
export function spreadWidth(panel, made) {
  if (panel.options.length) return 0.5 * Math.abs(made.to(1) - made.to(0));
  const [first, second] = panel.steps;
  return panel.steps.length > 1 ? 0.4 * Math.abs(made.to(second) - made.to(first)) : 0;
}
