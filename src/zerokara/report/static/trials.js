/** The trials of a search as arrays; a row is a trial, in the order of their numbers. */

import { decode } from "./blobs.js";

/** @typedef {import("./blobs.js").Numbers} Numbers */

/**
 * One searched hyperparameter.
 * @typedef {object} Panel
 * @property {string} name
 * @property {Numbers} x its value in each trial, of a choice the index of the option; NaN in a trial without it
 * @property {boolean} log
 * @property {string[]} options
 * @property {number[]} steps all values of a range that has few
 * @property {number | null} low
 * @property {number | null} high
 * @property {boolean} whole its values are whole numbers
 * @property {string} text the range as the command line has it
 */

/**
 * @typedef {object} Trials
 * @property {number} count
 * @property {Numbers} number
 * @property {string[]} state
 * @property {Numbers} epochs the epochs that each trained
 * @property {Numbers} epoch the epoch that each is ranked by
 * @property {Numbers} lengths the epochs of each one's curves
 * @property {number} longest the epochs of the longest curve, at least 1
 * @property {Numbers} order the rows, best first
 * @property {Int32Array} place the place of each row in that order, from 0
 * @property {Panel[]} panels
 * @property {string[]} curveNames
 * @property {(name: string, row: number) => Numbers} curve a trial's values by epoch
 * @property {(name: string, epoch: number) => Float64Array} at values of all trials at an epoch, or with 0 at the one
 *   that ranks each; NaN for trials that ended before, or diverged there
 * @property {(name: string) => Numbers} ranked values of all trials at the epoch that ranks each, also of those that diverged
 * @property {(name: string, row: number) => number} error the standard error over a trial's networks, or NaN
 */

/**
 * @param {any} search the key `search` of the page's data, or null
 * @returns {Trials}
 */
export function makeTrials(search) {
  const none = new Int32Array(0);
  if (!search) {
    const nothing = () => new Float64Array(0);
    const empty = { count: 0, number: none, state: [], epochs: none, epoch: none, lengths: none, longest: 1, order: none };
    return { ...empty, place: none, panels: [], curveNames: [], curve: nothing, at: nothing, ranked: nothing, error: () => NaN };
  }
  const { state, at: own, errors = {} } = search.trials;
  const count = state.length;
  const [number, epochs, epoch] = [search.trials.number, search.trials.epochs, search.trials.epoch].map(decode);
  const [lengths, order] = [search.curves.lengths, search.order].map(decode);
  const starts = new Int32Array(count + 1);
  const place = new Int32Array(count);
  for (let row = 0; row < count; row++) starts[row + 1] = starts[row] + lengths[row];
  for (let rank = 0; rank < count; rank++) place[order[rank]] = rank;
  const values = decoded(search.curves.values);
  const ranked = decoded(own);
  const deviations = decoded(errors);

  /** @param {string} name @param {number} at */
  function atEpoch(name, at) {
    const result = new Float64Array(count).fill(NaN);
    if (!(name in values)) return result;
    for (let row = 0; row < count; row++) {
      const reached = at <= lengths[row] && !(state[row] === "diverged" && at >= lengths[row]);
      if (at === 0) result[row] = state[row] === "diverged" ? NaN : ranked[name][row];
      else if (reached) result[row] = values[name][starts[row] + at - 1];
    }
    return result;
  }

  return {
    count,
    number,
    state,
    epochs,
    epoch,
    lengths,
    longest: Math.max(1, ...lengths),
    order,
    place,
    panels: search.panels.map((/** @type {any} */ panel) => ({ ...panel, x: decode(panel.x) })),
    curveNames: Object.keys(values),
    curve: (name, row) => (values[name] ?? none).subarray(starts[row], starts[row + 1]),
    at: atEpoch,
    ranked: (name) => ranked[name] ?? new Float64Array(count).fill(NaN),
    error: (name, row) => deviations[name]?.[row] ?? NaN,
  };
}

/** @param {Record<string, any>} blobs @returns {Record<string, Numbers>} */
function decoded(blobs) {
  return Object.fromEntries(Object.entries(blobs).map(([name, blob]) => [name, decode(blob)]));
}
