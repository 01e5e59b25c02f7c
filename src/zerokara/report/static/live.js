/** Follows a run: the events of its board change the page, without a reload. */

import { el } from "./dom.js";
import { mergeSearch, replaceTrials } from "./merge.js";
import { refresh } from "./shell.js";
import { signal } from "./signal.js";

/** @typedef {import("./page.js").Page} Page */

/**
 * What the board says of a run.
 * @typedef {object} Status
 * @property {string} name
 * @property {string} path
 * @property {string} argument the path, quoted for a shell
 * @property {string} state
 * @property {string} note
 * @property {boolean} moved
 * @property {boolean} resumed
 * @property {number} done
 * @property {number} all
 * @property {{number: number, label: string, value: number} | null} best
 * @property {any} progress the fields of `zerokara.engine.progress.Progress`, or empty
 */

/** Milliseconds between two renderings of what shows sentences about all trials. */
const SENTENCES_EVERY = 2000;
const WRITTEN = ["glance", "narrowing"];
const OF_NETWORK = ["glance", "narrowing", "winner", "try", "steps"];

/**
 * Follow the run of a page.
 * @param {Page} page
 * @returns {{statuses: import("./signal.js").Signal<Status[]>, connected: import("./signal.js").Signal<boolean>}}
 */
export function followRun(page) {
  const { board } = page.data;
  const statuses = signal(/** @type {Status[]} */ (board.runs));
  const connected = signal(true);
  const source = new EventSource(`${base(page)}/events?version=${board.version}`);
  const on = (/** @type {string} */ kind, /** @type {(data: any) => void} */ call) =>
    source.addEventListener(kind, (event) => call(JSON.parse(/** @type {MessageEvent} */ (event).data)));
  source.onopen = () => connected.set(true);
  source.onerror = () => connected.set(false);
  let timer = 0;
  on("status", (runs) => statuses.set(runs));
  on("reload", () => location.reload());
  on("end", () => {
    source.close();
    connected.set(false);
  });
  on("page", (data) => {
    change(page, data.search);
    page.data.network = data.network;
    refresh(page, OF_NETWORK);
  });
  on("changes", (changes) => {
    change(page, page.data.search ? mergeSearch(page.data.search, changes) : changes);
    refresh(page, []);
    timer ||= window.setTimeout(() => {
      timer = 0;
      refresh(page, WRITTEN);
    }, SENTENCES_EVERY);
  });
  return { statuses, connected };
}

/** @param {Page} page @returns {string} the address of the run, below which are its events */
export function base(page) {
  return `${location.pathname.split("/").slice(0, 2).join("/")}/${page.data.board.run}`;
}

let lost = NaN;

/** Show another state of the search; what is selected and filtered stays. @param {Page} page @param {any} search */
function change(page, search) {
  const { data, trials, select, hover, epoch, live } = page;
  // One that is selected may be missing for a moment, as of a run that was killed and is resumed.
  const selected = select.get() < 0 ? lost : trials.number[select.get()];
  const followed = epoch.get() === data.search?.stop;
  if (data.search && search) Object.assign(data.search, search);
  else data.search = search;
  replaceTrials(trials, search);
  const row = trials.number.indexOf(selected);
  lost = row < 0 ? selected : NaN;
  hover.set(-1);
  select.set(row);
  if (search && followed) epoch.set(search.stop);
  live.set(live.get() + 1);
  page.filter.resize(trials.count);
}

/** Ask the search of the page's run to stop. @param {Page} page @returns {Promise<boolean>} whether it was asked */
export async function stopSearch(page) {
  try {
    return (await fetch(`${base(page)}/stop`, { method: "POST" })).ok;
  } catch {
    return false;
  }
}

/** @param {string} kind @param {...import("./dom.js").Child} children */
export function badge(kind, ...children) {
  return el("span", { class: `state ${kind}` }, ...children);
}
