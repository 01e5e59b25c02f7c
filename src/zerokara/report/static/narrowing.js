/** Narrowing: the ranges of each round and its trials, one round after another. */

import { cross, dot, drawXAxis, followPage, layers, line, pointing, ring, star } from "./chart.js";
import { gradient, shade } from "./colors.js";
import { decode } from "./blobs.js";
import { player } from "./controls.js";
import { el, redraw, style } from "./dom.js";
import { brief, scoreText } from "./format.js";
import { panelScale, spread, spreadWidth } from "./scale.js";
import { section } from "./sections.js";
import { text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./trials.js").Panel} Panel */
/** @typedef {{shown: number, count: number, round: Int32Array, score: Float64Array, place: Float64Array, share: (row: number) => number}} Rounds */

const ROW = 42;

section("narrowing", "narrowing", renderNarrowing, (data) => Boolean(data.search?.narrowing));

/** @param {HTMLElement} container @param {any} data @param {Page} page */
function renderNarrowing(container, data, page) {
  const { narrowing } = data.search;
  const rounds = roundsOf(page, narrowing);
  const says = el("p", { class: "says", "aria-live": "polite" });
  const grid = el("div", { class: "grid" });
  const charts = page.trials.panels.map((panel, k) => roundsPanel(grid, page, panel, narrowing.ranges[k], rounds));
  const show = (/** @type {number} */ place) => {
    rounds.shown = place;
    says.textContent = sentenceOf(page, narrowing, rounds);
    for (const chart of charts) chart.draw();
    for (const chart of charts) chart.drawTop();
  };
  const slider = player(text("narrowing.slider"), rounds.count, rounds.count - 1, show, 1400);
  const finite = rounds.score.filter(Number.isFinite);
  const label = data.search.score.label;
  const key = el("span", { class: "key-scale" }, text("narrowing.score", { epoch: narrowing.epoch }), scoreText(label, Math.min(...finite)),
    el("i", { class: "bar", style: `background:${gradient()}` }), scoreText(label, Math.max(...finite)));
  container.append(el("div", { class: "rungs" }, slider.element), says, grid, el("div", { class: "below" }, finite.length ? key : null));
  page.watch(redraw, () => key.querySelector("i")?.setAttribute("style", `background:${gradient()}`));
  show(rounds.count - 1);
}

/** @param {Page} page @param {any} narrowing @returns {Rounds} */
function roundsOf(page, narrowing) {
  const [rows, each, scores] = [narrowing.trials, narrowing.rounds, narrowing.scores].map(decode);
  const { count } = page.trials;
  const [round, score, place] = [new Int32Array(count).fill(-1), new Float64Array(count).fill(NaN), new Float64Array(count)];
  const sizes = new Map();
  rows.forEach((row, k) => {
    [round[row], score[row]] = [each[k], scores[k]];
    sizes.set(each[k], (sizes.get(each[k]) ?? 0) + 1);
  });
  const seen = new Map();
  for (const row of rows) {
    const before = (seen.get(round[row]) ?? 0) + 1;
    seen.set(round[row], before);
    place[row] = (before / (sizes.get(round[row]) + 1) - 0.5) * 0.7;
  }
  let [low, high] = [Infinity, -Infinity];
  for (const value of scores) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  low = Math.max(low, -0.5);
  const total = Math.max(0, ...narrowing.ranges.map((/** @type {any[]} */ ranges) => ranges.length));
  return { shown: total - 1, count: total, round, score, place, share: (row) => (score[row] - low) / (high - low || 1) };
}

/** @param {Page} page @param {any} narrowing @param {Rounds} rounds */
function sentenceOf(page, narrowing, rounds) {
  const ranges = page.trials.panels.map((panel, k) => {
    const ends = narrowing.ranges[k][rounds.shown] ?? [];
    const words = panel.options.length
      ? ends.map((/** @type {number} */ option) => panel.options[option]).join(", ")
      : `${brief(ends[0], 3)} – ${brief(ends[1], 3)}`;
    return `${panel.name} ${words}`;
  });
  return text("narrowing.round", { round: rounds.shown + 1, count: rounds.count, ranges: ranges.join("; ") });
}

/** @param {HTMLElement} grid @param {Page} page @param {Panel} panel @param {number[][]} ranges @param {Rounds} rounds */
function roundsPanel(grid, page, panel, ranges, rounds) {
  const { trials } = page;
  const card = el("figure", { class: "card small" }, el("figcaption", {}, el("b", {}, panel.name)));
  grid.append(card);
  const height = ranges.length * ROW + 34;
  const left = 28;
  let width = 300;
  const places = (/** @type {number} */ wide) => {
    const x = panelScale(panel, left, wide - 8, Math.max(2, Math.round(wide / 80)));
    const jitter = spreadWidth(panel, x);
    return { x, at: (/** @type {number} */ row) => x.to(panel.x[row]) + jitter * spread(row), y: (/** @type {number} */ row) => (rounds.round[row] + 0.5 + rounds.place[row]) * ROW };
  };
  const seen = (/** @type {number} */ row) => rounds.round[row] >= 0 && rounds.round[row] <= rounds.shown;
  const chart = layers(card, height, text("narrowing.label", { name: panel.name }), (context, wide) => {
    width = wide;
    const { x, at, y } = places(width);
    drawXAxis(context, x, ranges.length * ROW + 6);
    ranges.forEach((ends, r) => {
      const parts = panel.options.length ? ends.map((option) => [x.to(option - 0.4), x.to(option + 0.4)]) : [[x.to(ends[0]), x.to(ends[1])]];
      context.fillStyle = r === rounds.shown ? style("--accent-wash") : style("--wash");
      context.strokeStyle = r === rounds.shown ? style("--accent") : style("--line");
      context.lineWidth = 1;
      for (const [from, to] of r <= rounds.shown ? parts : []) {
        context.beginPath();
        context.roundRect(from - 3, r * ROW + 3, to - from + 6, ROW - 6, 6);
        context.fill();
        context.stroke();
      }
      context.fillStyle = r === rounds.shown ? style("--accent") : style("--soft");
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(String(r + 1), 10, (r + 0.5) * ROW);
      if (r) line(context, left, r * ROW + 0.5, width - 8, r * ROW + 0.5, style("--line"), 0.5);
    });
    for (let row = 0; row < trials.count; row++) {
      if (!seen(row) || !Number.isFinite(at(row))) continue;
      const shown = page.filter.passes(row);
      if (!Number.isFinite(rounds.score[row])) cross(context, at(row), y(row), 3, shown ? style("--bad") : style("--fade"));
      else dot(context, at(row), y(row), 3.2, shown ? shade(rounds.share(row)) : style("--fade"));
    }
  }, (context, wide) => {
    const { at, y } = places(wide);
    const winner = page.data.search.winner;
    if (winner !== null && seen(winner)) star(context, at(winner), y(winner), 7);
    for (const row of new Set([page.select.get(), page.hover.get()])) if (row >= 0 && seen(row)) ring(context, at(row), y(row), 6, style("--ink"));
  });
  followPage(page, chart);
  pointing(page, chart.canvas, (x, y) => {
    const scales = places(width);
    let [nearest, found] = [12, -1];
    for (let row = 0; row < trials.count; row++) {
      if (!seen(row) || !page.filter.passes(row)) continue;
      const distance = Math.hypot(scales.at(row) - x, scales.y(row) - y);
      if (distance < nearest) [nearest, found] = [distance, row];
    }
    return found;
  });
  return chart;
}
