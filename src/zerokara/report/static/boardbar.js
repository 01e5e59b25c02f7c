/** The bar above the page of a board: the runs, what the one that is shown does, how far it is, and the stop button. */

import { el } from "./dom.js";
import { brief, grouped, scoreText } from "./format.js";
import { badge, stopSearch } from "./live.js";
import { language, text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./live.js").Status} Status */

const WORKING = ["training", "stopping", "silent"];

/**
 * Add the bar above the page.
 * @param {Page} page
 * @param {import("./signal.js").Signal<Status[]>} statuses
 * @param {import("./signal.js").Signal<boolean>} connected
 */
export function boardBar(page, statuses, connected) {
  const bar = el("div", { class: "board", role: "region", "aria-label": text("board") });
  document.body.prepend(bar);
  const button = el("button", { type: "button", class: "stop" });
  const dialog = stopDialog(page, button);
  button.addEventListener("click", () => /** @type {HTMLDialogElement} */ (dialog).showModal());
  const update = () => {
    const runs = statuses.get();
    const run = runs[page.data.board.run];
    bar.setAttribute("aria-label", text("board"));
    button.textContent = text("board.stop");
    button.hidden = run.state !== "training" || !connected.get();
    bar.replaceChildren(
      runs.length > 1 ? tabs(page, runs) : "",
      el("div", { class: "now" }, badge(run.state, text(`board.${run.state}`)), ...progressOf(run), button),
      ...rungsOf(run),
      message(run, connected.get()),
    );
  };
  for (const source of [statuses, connected, language]) source.subscribe(update);
  update();
  const measure = () => document.documentElement.style.setProperty("--above", `${getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0}px`);
  new ResizeObserver(measure).observe(bar);
}

/** @param {Page} page @param {Status[]} runs */
function tabs(page, runs) {
  const root = location.pathname.split("/").slice(0, 2).join("/");
  return el("nav", { class: "runs", "aria-label": text("board.runs") }, ...runs.map((run, k) =>
    el("a", { href: `${root}/${k}/`, class: "run", "aria-current": k === page.data.board.run ? "page" : null, title: run.path },
      el("b", {}, run.name), badge(run.state, text(`board.${run.state}`)),
      el("span", { class: "soft" }, [trialsOf(run), bestOf(run), timeLeft(run)].filter(Boolean).join(" · ")),
      meter(run))));
}

/** @param {Status} run */
function meter(run) {
  const share = run.progress.epochs ? run.progress.epochs_done / run.progress.epochs : run.done / Math.max(1, run.all);
  return el("span", { class: "meter", "aria-hidden": "true" }, el("i", { class: "fill", style: `width:${100 * Math.min(1, share)}%` }));
}

/** @param {Status} run */
function trialsOf(run) {
  return text("board.trials", { done: grouped(run.progress.trials_done ?? run.done), all: grouped(run.all) });
}

/** @param {Status} run */
function bestOf(run) {
  return run.best ? text("board.best", { number: run.best.number, score: scoreText(run.best.label, run.best.value) }) : "";
}

/** @param {Status} run */
function timeLeft(run) {
  const { seconds_left: left } = run.progress;
  if (!WORKING.includes(run.state) || left === null || left === undefined) return "";
  return text("board.left", { time: duration(left) });
}

/** @param {number} seconds */
function duration(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60)];
  if (hours) return text("board.hours", { hours, minutes: minutes % 60 });
  return minutes ? text("board.minutes", { minutes, seconds: Math.round(seconds % 60) }) : text("board.seconds", { seconds: Math.max(1, Math.round(seconds)) });
}

/** @param {Status} run */
function progressOf(run) {
  const { progress } = run;
  const rate = progress.seconds ? (progress.epochs_done - progress.epochs_before) / progress.seconds : 0;
  const parts = [["trials", trialsOf(run)], ["best", bestOf(run)], ["left", timeLeft(run)], ["rate", rate ? text("board.rate", { rate: brief(rate, 2) }) : ""]];
  return [...parts.filter(([, words]) => words).map(([name, words]) => el("span", { class: name }, words)), meter(run)];
}

/** The survivors by rung: how many trials have reached each, of those that will. @param {Status} run */
function rungsOf(run) {
  /** @type {[number, number, number][]} */
  const rungs = run.progress.rungs ?? [];
  if (rungs.length < 2) return [];
  const most = Math.max(...rungs.map(([, planned]) => planned));
  return [el("div", { class: "survivors", role: "img", "aria-label": rungs.map(([epoch, planned, reached]) => text("board.rung", { epoch, planned, reached })).join("; ") },
    el("span", { class: "soft" }, text("board.survivors")),
    ...rungs.map(([epoch, planned, reached]) =>
      el("span", { class: "rung", title: text("board.rung", { epoch, planned, reached }) },
        el("span", { class: "track", style: `width:${Math.max(4, (70 * planned) / most)}px` }, el("i", { style: `width:${(100 * Math.min(reached, planned)) / planned}%` })),
        el("b", {}, grouped(reached)), el("span", { class: "soft" }, text("board.at", { epoch })))))];
}

/** @param {Status} run @param {boolean} connected */
function message(run, connected) {
  const lines = [];
  if (!connected) lines.push(text("board.lost"));
  const key = `board.${run.state}.about`;
  const about = text(key, { path: run.path, argument: run.argument, note: run.note });
  if (about !== key) lines.push(about);
  if (run.moved) lines.push(text("board.moved", { path: run.path }));
  if (run.resumed && WORKING.includes(run.state)) lines.push(text("board.resumed"));
  return el("p", { class: "message", role: "status", hidden: !lines.length }, lines.join(" "));
}

/** @param {Page} page @param {HTMLElement} button what opens it */
function stopDialog(page, button) {
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog", { class: "ask" }));
  const fill = () => {
    const yes = el("button", { type: "button", class: "yes", onclick: async () => {
      dialog.close();
      if (!(await stopSearch(page))) button.title = text("board.refused");
    } }, text("board.stop"));
    dialog.replaceChildren(el("p", {}, text("board.ask")), el("div", { class: "tools" }, yes, el("button", { type: "button", onclick: () => dialog.close() }, text("board.keep"))));
    dialog.setAttribute("aria-label", text("board.stop"));
  };
  language.subscribe(fill);
  fill();
  document.body.append(dialog);
  return dialog;
}
