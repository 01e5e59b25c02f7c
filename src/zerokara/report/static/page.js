/** What all sections of a page share: its data, and what the reader hovers, has selected and filters. */

import { signal } from "./signal.js";
import { makeFilter } from "./filter.js";
import { makeTrials } from "./trials.js";

/** @typedef {import("./signal.js").Signal<any>} AnySignal */

/**
 * @typedef {object} Page
 * @property {any} data the content of the page, see `zerokara.report.data.page_data`
 * @property {import("./trials.js").Trials} trials none if the page shows no search
 * @property {import("./signal.js").Signal<number>} hover the row of the trial under the pointer, -1 for none
 * @property {import("./signal.js").Signal<number>} select the row of the trial whose panel is open, -1 for none
 * @property {import("./signal.js").Signal<number>} epoch the epoch at which trials are compared
 * @property {import("./signal.js").Signal<number>} color the index of the hyperparameter that colors the trials
 * @property {import("./filter.js").Filter} filter which trials are shown
 * @property {import("./signal.js").Signal<number>} live changes when the trials do, on the page of a board
 * @property {(source: {subscribe: (call: (value?: any) => void) => (() => void)}, call: (value?: any) => void) => void} watch
 *   subscribes until the sections are rendered again; use it within `render`
 * @property {() => void} forget ends what `watch` has begun
 */

/**
 * @param {any} data
 * @returns {Page}
 */
export function makePage(data) {
  /** @type {(() => void)[]} */
  const ends = [];
  const trials = makeTrials(data.search);
  return {
    data,
    trials,
    hover: signal(-1),
    select: signal(-1),
    epoch: signal(data.search?.stop ?? 1),
    color: signal(Math.max(0, trials.panels.findIndex((panel) => panel.name === mattered(data.search)))),
    filter: makeFilter(trials.count),
    live: signal(0),
    watch: (source, call) => void ends.push(source.subscribe(call)),
    forget() {
      for (const end of ends.splice(0)) end();
    },
  };
}

/**
 * Return the page for a part of it that is rendered again and again: `forget` ends what that part watches.
 * @param {Page} page
 * @returns {Page}
 */
export function partOf(page) {
  /** @type {(() => void)[]} */
  const ends = [];
  const forget = () => {
    for (const end of ends.splice(0)) end();
  };
  page.watch({ subscribe: () => forget }, forget);
  return { ...page, watch: (source, call) => void ends.push(source.subscribe(call)), forget };
}

/** @param {any} search @returns {string | undefined} the hyperparameter that mattered most */
export function mattered(search) {
  const stop = search?.stops.find((/** @type {any} */ one) => one.epoch === search.stop);
  return Object.keys(stop?.importances ?? {})[0];
}
