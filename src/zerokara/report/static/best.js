/** Where the best trials lie: of each hyperparameter the range, or the options, of the best tenth at one epoch. */

const BEST_SHARE = 0.1;
const BEST_TRIALS = 5;

/**
 * Return the rows of the best tenth of the trials at an epoch, at least five, best first.
 * @param {import("./page.js").Page} page
 * @param {number} epoch
 * @returns {number[]}
 */
export function bestRows(page, epoch) {
  const { rank } = page.data.search;
  const values = page.trials.at(rank.curve, epoch);
  const rows = [...values.keys()].filter((row) => Number.isFinite(values[row]));
  rows.sort((a, b) => (rank.maximize ? values[b] - values[a] : values[a] - values[b]) || a - b);
  return rows.slice(0, Math.max(BEST_TRIALS, Math.ceil(BEST_SHARE * rows.length)));
}

/**
 * Return the lowest and highest value of a hyperparameter among some rows; of a choice, its most frequent option.
 * @param {import("./trials.js").Panel} panel
 * @param {number[]} rows
 * @returns {{low: number, high: number, option: number, count: number} | null} null if no row has the hyperparameter
 */
export function rangeOf(panel, rows) {
  const values = rows.map((row) => panel.x[row]).filter(Number.isFinite);
  if (!values.length) return null;
  const counts = panel.options.map((_, option) => values.filter((value) => value === option).length);
  const count = Math.max(0, ...counts);
  return { low: Math.min(...values), high: Math.max(...values), option: counts.indexOf(count), count };
}
