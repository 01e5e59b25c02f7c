/** Scatter: the score of every trial against each hyperparameter, at one epoch for all, or at each trial's own. */

import { bestRows, rangeOf } from "./best.js";
import { cross, dot, dragging, drawXAxis, drawYAxis, followPage, layers, line, pointing, ring, star } from "./chart.js";
import { gradient, shade } from "./colors.js";
import { epochSwitch, switcher } from "./controls.js";
import { el, redraw, style } from "./dom.js";
import { brief } from "./format.js";
import { marksKey } from "./key.js";
import { scoreName, shownScore } from "./names.js";
import { panelScale, scale, spread, spreadWidth } from "./scale.js";
import { section } from "./sections.js";
import { gap, text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./trials.js").Panel} Panel */
/** @typedef {{own: boolean, values: Float64Array, best: number[]}} ScatterState */

const SCATTER_HEIGHT = 240;
const LOWEST_R2 = -0.1;
const SCATTER_BOX = { left: 46, right: 10, top: 10, bottom: 28 };

section("scatter", "scatter", renderScatter, (data) => data.search && data.search.panels.length > 0 && data.search.trials.state.length > 1);

/** @param {HTMLElement} container @param {any} _data @param {Page} page */
function renderScatter(container, _data, page) {
  const score = shownScore(page);
  /** @type {ScatterState} */
  const state = { own: false, values: new Float64Array(0), best: [] };
  const epochs = epochSwitch(page);
  const says = el("p", { class: "says" });
  const key = el("div", { class: "key" });
  const grid = el("div", { class: "grid" });
  const own = switcher(text("scatter.when"), [["equal", text("scatter.equal")], ["own", text("scatter.own")]], "equal", (value) => {
    state.own = value === "own";
    update();
  });
  container.append(
    el("div", { class: "controls" }, own.element, epochs),
    says, grid,
    el("div", { class: "below" }, key, el("span", { class: "hint" }, text("scatter.hint"))),
  );
  const charts = page.trials.panels.map((panel) => scatterPanel(grid, page, panel, state, score.curve));
  const update = () => {
    const at = state.own ? 0 : page.epoch.get();
    state.values = page.trials.at(score.curve, at);
    state.best = bestRows(page, at);
    epochs.classList.toggle("off", state.own);
    const count = state.values.reduce((sum, value) => sum + Number(Number.isFinite(value)), 0);
    const name = scoreName(page, score.curve);
    const below = score.curve === "val_score" && state.values.some((value) => value < LOWEST_R2) ? `${gap()}${text("scatter.below", { low: LOWEST_R2 })}` : "";
    says.textContent = (state.own ? text("scatter.own.about", { name }) : text("scatter.equal.about", { name, count, all: page.trials.count, epoch: at })) + below;
    const trained = el("span", { class: "key-scale" }, text("scatter.trained"), "1", el("i", { class: "bar", style: `background:${gradient()}` }), page.trials.longest);
    key.replaceChildren(marksKey(page), state.own ? trained : "");
    for (const chart of charts) chart.update();
  };
  page.watch(page.epoch, update);
  page.watch(redraw, update);
  page.watch(page.live, update);
  update();
}

/** @param {HTMLElement} grid @param {Page} page @param {Panel} panel @param {ScatterState} state @param {string} curve */
function scatterPanel(grid, page, panel, state, curve) {
  const { trials } = page;
  const best = el("span", { class: "best" });
  const card = el("figure", { class: "card small" }, el("figcaption", {}, el("b", {}, panel.name), best));
  grid.append(card);
  let [low, high] = [0, 1];
  const box = SCATTER_BOX;
  const places = (/** @type {number} */ width) => {
    const x = panelScale(panel, box.left, width - box.right, Math.max(2, Math.round(width / 80)));
    const wide = spreadWidth(panel, x);
    const y = scale(low, high, SCATTER_HEIGHT - box.bottom, box.top, { count: 5 });
    return { x, y, at: (/** @type {number} */ row) => x.to(panel.x[row]) + wide * spread(row) };
  };
  /** @type {[number, number] | null} */
  let brush = null;
  let width = 300;
  const chart = layers(card, SCATTER_HEIGHT, text("scatter.label", { name: panel.name }), (context, wide) => {
    width = wide;
    const { x, y, at } = places(width);
    const bottom = SCATTER_HEIGHT - box.bottom;
    drawYAxis(context, y, box.left, width - box.right);
    drawXAxis(context, x, bottom);
    const range = rangeOf(panel, state.best);
    if (range && !panel.options.length) line(context, x.to(range.low), bottom, Math.max(x.to(range.high), x.to(range.low) + 3), bottom, style("--good"), 4);
    for (const shown of [false, true]) {
      for (let row = 0; row < trials.count; row++) {
        const place = at(row);
        if (page.filter.passes(row) !== shown || !Number.isFinite(place)) continue;
        if (trials.state[row] === "diverged" && !Number.isFinite(state.values[row])) cross(context, place, bottom - 5, 3.5, shown ? style("--bad") : style("--fade"));
        if (!Number.isFinite(state.values[row])) continue;
        context.globalAlpha = shown ? 0.75 : 1;
        const color = state.own ? shade(Math.log(trials.epochs[row]) / Math.log(Math.max(2, trials.longest))) : style("--accent");
        dot(context, place, y.to(Math.max(state.values[row], low)), trials.count > 400 ? 2.2 : 3.2, shown ? color : style("--fade"));
        context.globalAlpha = 1;
      }
    }
    if (brush) {
      context.fillStyle = style("--brush");
      context.fillRect(Math.min(...brush), box.top, Math.abs(brush[1] - brush[0]), bottom - box.top);
    }
  }, (context, wide) => {
    const { y, at } = places(wide);
    const winner = page.data.search.winner;
    const place = (/** @type {number} */ row) => y.to(Math.max(state.values[row], low));
    if (winner !== null && Number.isFinite(place(winner))) star(context, at(winner), place(winner), 8);
    for (const row of new Set([page.select.get(), page.hover.get()])) {
      if (row < 0 || !Number.isFinite(place(row))) continue;
      ring(context, at(row), place(row), 7, style("--ink"));
    }
  });
  followPage(page, chart);
  pointing(page, chart.canvas, (x, y) => {
    const scales = places(width);
    let [nearest, found] = [14, -1];
    for (let row = 0; row < trials.count; row++) {
      const distance = Math.hypot(scales.at(row) - x, scales.y.to(Math.max(state.values[row], low)) - y);
      if (distance < nearest && page.filter.passes(row)) [nearest, found] = [distance, row];
    }
    return found;
  });
  const name = `scatter ${panel.name}`;
  dragging(chart.canvas, (from, to) => {
    const { x, at } = places(width);
    const [left, right] = [Math.min(from.x, to.x), Math.max(from.x, to.x)];
    brush = [Math.max(box.left, left), Math.min(width - box.right, right)];
    const label = panel.options.length
      ? `${panel.name}: ${panel.options.filter((_, option) => x.to(option) >= left && x.to(option) <= right).join(", ") || "–"}`
      : `${panel.name}: ${brief(x.from(brush[0]), 3)} – ${brief(x.from(brush[1]), 3)}`;
    page.filter.set(name, (row) => at(row) >= left && at(row) <= right, label); // Also of trials that come later.
  });
  page.watch(page.filter, () => {
    if (!page.filter.tests().some(([one]) => one === name)) brush = null;
  });
  return {
    update() {
      [low, high] = scoreEnds(state.values, curve);
      const range = rangeOf(panel, state.best);
      best.textContent = !range ? "" : panel.options.length
        ? text("scatter.option", { option: panel.options[range.option], count: range.count, all: state.best.length })
        : text("scatter.range", { low: brief(range.low, 2), high: brief(range.high, 2) });
      chart.draw();
      chart.drawTop();
    },
  };
}

/** Return the ends of the axis of scores: 0 and 1 where the scores are near them; R2 far below 0 is drawn at the edge. @param {Float64Array} values @param {string} curve */
function scoreEnds(values, curve) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(low <= high)) return [0, 1];
  if (curve === "val_score") {
    low = Math.max(low, LOWEST_R2);
    const pad = Math.max(0.08 * (high - low), 0.005);
    return [low >= 0 && low < 0.35 ? 0 : low - pad, high > 0.75 ? Math.max(1.02, high) : high + pad];
  }
  const pad = 0.06 * (high - low) || 0.5;
  return [low - pad, high + pad];
}
