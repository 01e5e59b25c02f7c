/** At first glance: how good the winner is, what mattered, what the race saved, what to do next, and the commands. */

import { bestRows, rangeOf } from "./best.js";
import { copyable, el } from "./dom.js";
import { brief, grouped, percent, scoreText } from "./format.js";
import { plainScoreName } from "./names.js";
import { section } from "./sections.js";
import { importanceBars } from "./shares.js";
import { gap, text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */

section("glance", "glance", renderGlance, (data) => Boolean(data.search));

/** @param {HTMLElement} container @param {any} data @param {Page} page */
function renderGlance(container, data, page) {
  const { search } = data;
  if (search.winner === null) container.append(el("p", { class: "lead" }, text("glance.none")));
  else {
    container.append(el("p", { class: "lead" }, ...winnerSentence(page)));
    if (search.summary.model?.refit || search.summary.model?.folds || testScore(search) !== null) container.append(el("p", { class: "second" }, modelSentence(search)));
  }
  container.append(el("div", { class: "cards" }, qualityCard(page), matteredCard(page), savedCard(page)), nextCard(page) ?? "", ...commandRows(page));
}

/** Return the winner in one sentence: its score with its error, beside always the same answer. @param {Page} page */
function winnerSentence(page) {
  const { search } = page.data;
  const { number, epoch } = page.trials;
  const { value, error } = winnerScore(page);
  const verdict = search.summary.validation;
  const base = verdict?.base?.[search.score.label];
  const alone = page.trials.count === 1;
  const title = text(alone ? "glance.network" : "trial", { number: number[search.winner] });
  const winner = el("button", { type: "button", class: "link", onclick: () => page.select.set(search.winner) }, title);
  const score = el("b", {}, withError(search.score.label, value, error));
  const values = { name: plainScoreName(page, "val_score"), epoch: epoch[search.winner], samples: verdict ? grouped(verdict.samples) : "", networks: search.rows };
  const key = !verdict ? "glance.winner.plain" : search.rows > 1 ? "glance.winner.several" : alone ? "glance.winner.alone" : "glance.winner";
  const parts = text(key, values).split(/(\[trial\]|\[score\])/);
  const line = parts.map((part) => (part === "[trial]" ? winner : part === "[score]" ? score : part));
  if (base === undefined || base === null) return line;
  const always = search.task === "regression" ? text("glance.mean") : `“${verdict.always}”`;
  return [...line, gap(), text("glance.base", { always, base: scoreText(search.score.label, base) })];
}

/** @param {any} search @returns {string} what the model to use is, and what it got on the test samples */
function modelSentence(search) {
  const { model, test_samples: samples } = search.summary;
  const first = model?.refit ? text("glance.model", { networks: model.networks, epochs: model.epochs }) : model?.folds ? foldSentence(search) : "";
  const score = testScore(search);
  if (score === null) return first;
  const test = search.score.label.replace("val_", "test_");
  const shown = withError(search.score.label, score, search.summary[`${test}_standard_error`] ?? NaN);
  const tested = text("glance.test", { score: shown, samples: samples ? grouped(samples) : "" });
  return first ? `${first}${gap()}${tested}` : tested;
}

/** @param {any} search @returns {string} the model of a search on folds, and its score on samples that its networks have not seen */
function foldSentence(search) {
  const { networks, folds, weights, ...more } = search.summary.model;
  const score = scoreText(search.score.label, more[search.score.label.replace("val_", "out_of_fold_")] ?? NaN);
  return text("glance.folds", { networks, folds, trials: Object.keys(weights).length, score });
}

/** @param {any} search @returns {number | null} */
function testScore(search) {
  return search.summary[search.score.label.replace("val_", "test_")] ?? null;
}

/** @param {Page} page @returns {{value: number, error: number}} */
function winnerScore(page) {
  const { search } = page.data;
  const own = page.trials.error("val_score", search.winner);
  const error = Number.isFinite(own) ? own : search.summary.validation?.standard_error ?? NaN;
  return { value: page.trials.ranked("val_score")[search.winner], error };
}

/** @param {string} label @param {number} value @param {number} error */
function withError(label, value, error) {
  if (!Number.isFinite(error)) return scoreText(label, value);
  if (label.endsWith("accuracy")) return `${(100 * value).toFixed(1)} ± ${(100 * error).toFixed(1)}\u00a0%`;
  return `${value.toFixed(3)} ± ${error.toFixed(3)}`;
}

/** The score as a bar, with the score of always the same answer. @param {Page} page */
function qualityCard(page) {
  const { search } = page.data;
  if (search.winner === null) return null;
  const { value, error } = winnerScore(page);
  const verdict = search.summary.validation;
  const base = verdict?.base?.[search.score.label] ?? 0;
  const place = (/** @type {number} */ score) => 100 * Math.max(0, Math.min(1, score));
  const spread = Number.isFinite(error) ? error : 0;
  const bar = el("div", { class: "meter", role: "img", "aria-label": scoreText(search.score.label, value) },
    el("i", { class: "fill", style: `width:${place(value)}%` }),
    spread ? el("i", { class: "error", style: `left:${place(value - spread)}%;width:${place(value + spread) - place(value - spread)}%` }) : null,
    verdict ? el("i", { class: "mark", style: `left:calc(${place(base)}% - 1px)` }) : null);
  const errors = Object.entries(verdict?.errors ?? {}).slice(0, 3).map(([target, kinds]) => {
    const [own, mean] = /** @type {any} */ (kinds).root_mean_squared_error;
    return el("p", { class: "soft" }, text("glance.units", { target, error: brief(own, 3), mean: brief(mean, 3) }));
  });
  return el("div", { class: "card" }, el("h3", {}, text(page.trials.count > 1 ? "glance.quality" : "glance.quality.alone")),
    el("p", { class: "big" }, withError(search.score.label, value, error)), bar,
    verdict ? el("p", { class: "soft" }, text("glance.marks", { base: scoreText(search.score.label, base) })) : null, ...errors);
}

/** What mattered, and where the best trials lie. @param {Page} page */
function matteredCard(page) {
  const { search } = page.data;
  const stop = search.stops.find((/** @type {any} */ one) => one.epoch === search.stop);
  if (!search.panels.length) return null;
  const bars = importanceBars(page, stop?.importances ?? {}).slice(0, 5);
  page.watch(page.color, (index) => bars.forEach((bar) => bar.setAttribute("aria-pressed", String(bar.dataset.name === page.trials.panels[index]?.name))));
  const first = page.trials.panels.find((panel) => panel.name === bars[0]?.dataset.name) ?? page.trials.panels[0];
  const rows = bestRows(page, search.stop);
  const range = rangeOf(first, rows);
  const where = !range ? "" : first.options.length
    ? text("glance.option", { name: first.name, option: first.options[range.option], count: range.count, all: rows.length })
    : text("glance.range", { name: first.name, low: brief(range.low, 2), high: brief(range.high, 2), count: rows.length });
  return el("div", { class: "card" }, el("h3", {}, text("glance.mattered")),
    bars.length ? el("div", { class: "bars" }, ...bars) : el("p", { class: "soft" }, text("glance.few")),
    page.trials.count > 1 && range ? el("p", { class: "where" }, where) : null);
}

/** What the race saved. @param {Page} page */
function savedCard(page) {
  const { search } = page.data;
  const [done, all] = [search.epochs_trained, search.epochs_of_all];
  const share = 1 - done / all;
  const raced = search.rungs.length > 0 && all > 0;
  const states = ["training", "complete", "pruned", "diverged", "interrupted"]
    .map((state) => [state, page.trials.state.filter((one) => one === state).length])
    .filter(([, count]) => count)
    .map(([state, count]) => text(`count.${state}`, { count: grouped(Number(count)) }));
  return el("div", { class: "card" }, el("h3", {}, text(raced ? "glance.race" : "glance.effort")),
    el("p", { class: "big" }, raced ? percent(share, 0) : grouped(done)),
    raced ? el("div", { class: "meter" }, el("i", { class: "fill", style: `width:${Math.max(1, 100 * (1 - share))}%` })) : null,
    el("p", { class: "soft" }, text(raced ? "glance.saved" : "glance.epochs", { done: grouped(done), all: grouped(all), count: page.trials.count }), search.seconds ? `${gap()}${text("glance.seconds", { seconds: brief(search.seconds, 3) })}` : ""),
    el("p", { class: "soft" }, states.join(", ")));
}

/** What to do next. @param {Page} page */
function nextCard(page) {
  const { next, score } = page.data.search;
  if (!next.length) return null;
  const items = next.map((/** @type {any} */ each) => {
    const values = { ...each };
    for (const name of ["train", "validation", "error"]) if (name in each) values[name] = name === "error" ? withUnit(score.label, each[name]) : scoreText(score.label, each[name]);
    const line = text(`next.${each.key}`, values);
    return el("li", {}, el("span", {}, each.command ? line : line.replace(/:$/, ".")), each.command ? copyable(each.command, text("copy"), text("copied")) : null);
  });
  return el("div", { class: "card next" }, el("h3", {}, text("glance.next")), el("ul", {}, ...items));
}

/** @param {string} label @param {number} error */
function withUnit(label, error) {
  return label.endsWith("accuracy") ? percent(error) : error.toFixed(3);
}

/** @param {Page} page */
function commandRows(page) {
  const { commands, winner } = page.data.search;
  return [["run", commands.run], ["winner", winner === null ? null : commands.winner]]
    .filter(([, command]) => command)
    .map(([name, command]) => el("div", { class: "repeat" }, el("span", {}, text(`repeat.${name}`)), copyable(command, text("copy"), text("copied"))));
}
