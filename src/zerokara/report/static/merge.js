/** The trials of a search that trains: what the board sends of those that have changed, joined to those that the page has. */

import { decode } from "./blobs.js";
import { makeTrials } from "./trials.js";

/** @typedef {import("./blobs.js").Numbers} Numbers */
/** @typedef {import("./trials.js").Trials} Trials */

/**
 * Return the data of a search, of which `changes` has all but the rows of the trials that are as they were.
 * @param {any} search the key `search` of the page's data
 * @param {any} changes the same, of the trials that have changed; `numbers` are those of all
 */
export function mergeSearch(search, changes) {
  const numbers = decode(changes.numbers);
  const before = rowsByNumber(decode(search.trials.number));
  const fresh = rowsByNumber(decode(changes.trials.number));
  /** The row of each trial in what the page has, and in the changes, or -1. */
  const old = Int32Array.from(numbers, (number) => before.get(number) ?? -1);
  const now = Int32Array.from(numbers, (number) => fresh.get(number) ?? -1);
  const pick = (/** @type {any} */ had, /** @type {any} */ got) => {
    const [a, b] = [had ? decode(had) : [], got ? decode(got) : []];
    return Float64Array.from(numbers, (_, row) => (now[row] >= 0 ? b[now[row]] : a[old[row]]) ?? NaN);
  };
  const each = (/** @type {any} */ had = {}, /** @type {any} */ got = {}) =>
    Object.fromEntries([...new Set([...Object.keys(had), ...Object.keys(got)])].map((name) => [name, pick(had[name], got[name])]));
  const [mine, theirs] = [search.trials, changes.trials];
  return {
    ...changes,
    trials: {
      number: numbers,
      state: Array.from(numbers, (_, row) => (now[row] >= 0 ? theirs.state[now[row]] : mine.state[old[row]])),
      epochs: pick(mine.epochs, theirs.epochs),
      epoch: pick(mine.epoch, theirs.epoch),
      at: each(mine.at, theirs.at),
      errors: each(mine.errors, theirs.errors),
    },
    panels: changes.panels.map((/** @type {any} */ panel, /** @type {number} */ k) => ({ ...panel, x: pick(search.panels[k]?.x, panel.x) })),
    curves: mergeCurves(search.curves, changes.curves, old, now),
  };
}

/** @param {Numbers} numbers */
function rowsByNumber(numbers) {
  return new Map(Array.from(numbers, (number, row) => [number, row]));
}

/** Join curves: of a trial that trains, the changes have the epochs from `since` on. @param {any} had @param {any} got @param {Int32Array} old @param {Int32Array} now */
function mergeCurves(had, got, old, now) {
  const [a, b] = [decode(had.lengths), decode(got.lengths)];
  const since = got.since ? decode(got.since) : new Int32Array(b.length);
  const starts = [a, b.map((length, row) => length - since[row])].map((lengths) => {
    let end = 0;
    return Array.from(lengths, (length) => (end += length) - length);
  });
  const lengths = Int32Array.from(old, (row, k) => (now[k] >= 0 ? b[now[k]] : a[row]));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  /** @type {Record<string, Float64Array>} */
  const values = {};
  for (const name of new Set([...Object.keys(had.values), ...Object.keys(got.values)])) {
    const [mine, theirs] = [had.values, got.values].map((all) => (all[name] ? decode(all[name]) : new Float64Array(0)));
    const joined = new Float64Array(total).fill(NaN);
    let at = 0;
    lengths.forEach((length, k) => {
      const kept = now[k] < 0 ? length : since[now[k]];
      if (kept && old[k] >= 0) joined.set(mine.subarray(starts[0][old[k]], starts[0][old[k]] + Math.min(kept, a[old[k]])), at);
      if (now[k] >= 0) joined.set(theirs.subarray(starts[1][now[k]], starts[1][now[k]] + length - kept), at + kept);
      at += length;
    });
    values[name] = joined;
  }
  return { lengths, values };
}

/**
 * Make these trials those of a search; what refers to them, and to their panels, sees the new ones.
 * @param {Trials} trials
 * @param {any} search
 */
export function replaceTrials(trials, search) {
  const { panels, ...rest } = makeTrials(search);
  panels.forEach((panel, k) => (trials.panels[k] ? Object.assign(trials.panels[k], panel) : trials.panels.push(panel)));
  trials.panels.length = panels.length;
  Object.assign(trials, rest);
}
