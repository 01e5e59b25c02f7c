/** Parallel coordinates: a line for each trial through its hyperparameters, its epochs and its score; brush any axis. */

import { dragging, followPage, layers, line, pointing } from "./chart.js";
import { gradient, shade } from "./colors.js";
import { el, redraw, style } from "./dom.js";
import { brief, scoreText } from "./format.js";
import { scoreLabel, scoreName, shownScore } from "./names.js";
import { panelScale, scale, spread, spreadWidth } from "./scale.js";
import { section } from "./sections.js";
import { text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {{name: string, scale: import("./scale.js").Scale, at: (row: number) => number, show: (value: number) => string}} Axis */

const PARALLEL_HEIGHT = 360;
const PARALLEL_TOP = 44;
const PARALLEL_BOTTOM = PARALLEL_HEIGHT - 18;

section("parallel", "parallel", renderParallel, (data) => data.search && data.search.panels.length > 1 && data.search.trials.state.length > 1);

/** @param {HTMLElement} container @param {any} _data @param {Page} page */
function renderParallel(container, _data, page) {
  const { trials } = page;
  const score = shownScore(page);
  /** @type {import("./trials.js").Numbers} */
  let values = new Float64Array(0);
  /** @type {Axis[]} */
  let axes = [];
  let order = new Uint32Array(0);
  let [worst, best] = [0, 1];
  /** @type {Map<number, [number, number]>} */
  const brushes = new Map();
  const says = el("p", { class: "says" });
  const key = el("span", { class: "key-scale" });
  const scroller = el("div", { class: "scroller" });
  const inner = el("div", { style: `min-width:${92 * (trials.panels.length + 2)}px` });
  scroller.append(inner);
  container.append(says, el("div", { class: "card" }, scroller, el("div", { class: "below" }, key, el("span", { class: "hint" }, text("parallel.hint")))));

  let width = 800;
  const across = (/** @type {number} */ k) => 50 + (k * (width - 130)) / (axes.length - 1);
  const path = (/** @type {CanvasRenderingContext2D} */ context, /** @type {number} */ row) => {
    let begun = false;
    axes.forEach((axis, k) => {
      const y = axis.at(row);
      if (!Number.isFinite(y)) return;
      if (begun) context.lineTo(across(k), y);
      else context.moveTo(across(k), y);
      begun = true;
    });
  };
  const share = (/** @type {number} */ row) => (values[row] - worst) / (best - worst || 1);
  const chart = layers(inner, PARALLEL_HEIGHT, text("parallel.label"), (context, wide) => {
    width = wide;
    context.globalAlpha = trials.count > 300 ? 0.5 : 0.75;
    /** @type {Map<string, number[]>} */
    const groups = new Map();
    for (const row of order) {
      const shown = page.filter.passes(row) && Number.isFinite(values[row]);
      const color = shown ? shade(Math.round(16 * share(row)) / 16) : style("--fade");
      const key = shown ? `1${color}` : `0${color}`;
      groups.get(key)?.push(row) ?? groups.set(key, [row]);
    }
    const sorted = [...groups].sort(([a], [b]) => a.charCodeAt(0) - b.charCodeAt(0));
    for (const [key, rows] of sorted) {
      context.strokeStyle = key.slice(1);
      context.lineWidth = trials.count > 1000 ? 0.6 : 1.1;
      context.beginPath();
      for (const row of rows) path(context, row);
      context.stroke();
    }
    context.globalAlpha = 1;
    axes.forEach((axis, k) => drawAxis(context, axis, across(k), brushes.get(k)));
  }, (context) => {
    const winner = page.data.search.winner;
    for (const [row, color] of /** @type {[number, string][]} */ ([[winner ?? -1, style("--star")], [page.select.get(), style("--ink")], [page.hover.get(), style("--ink")]])) {
      if (row < 0 || !axes.length) continue;
      for (const [stroke, wide] of /** @type {[string, number][]} */ ([[style("--card"), 5], [color, 2.5]])) {
        context.strokeStyle = stroke;
        context.lineWidth = wide;
        context.beginPath();
        path(context, row);
        context.stroke();
      }
    }
  });
  const update = () => {
    values = trials.at(score.curve, page.epoch.get());
    axes = axesOf(page, values, score.curve);
    const finite = Float64Array.from(values).filter(Number.isFinite).sort();
    // The worst tenth shares a color, or a few that diverge nearly would take the whole scale.
    [worst, best] = [finite[Math.floor(finite.length / 10)] ?? 0, finite[finite.length - 1] ?? 1];
    if (!score.maximize) [worst, best] = [finite[Math.ceil(finite.length * 0.9) - 1] ?? 1, finite[0] ?? 0];
    order = Uint32Array.from(trials.order).reverse();
    const label = scoreLabel(page, score.curve);
    says.textContent = text("parallel.at", { name: scoreName(page, score.curve), epoch: page.epoch.get() });
    key.replaceChildren(el("b", {}, scoreName(page, score.curve)), scoreText(label, worst), el("i", { class: "bar", style: `background:${gradient()}` }), scoreText(label, best));
    chart.draw();
    chart.drawTop();
  };
  followPage(page, chart);
  page.watch(page.epoch, update);
  page.watch(page.live, update);
  page.watch(redraw, update);
  page.watch(page.filter, () => {
    const names = new Set(page.filter.tests().map(([name]) => name));
    for (const k of brushes.keys()) if (!names.has(`parallel ${axes[k]?.name}`)) brushes.delete(k);
  });
  const axisAt = (/** @type {number} */ x) => {
    let found = 0;
    axes.forEach((_, k) => {
      if (Math.abs(across(k) - x) < Math.abs(across(found) - x)) found = k;
    });
    return found;
  };
  dragging(chart.canvas, (from, to) => {
    const k = axisAt(from.x);
    const axis = axes[k];
    const [top, bottom] = [Math.max(PARALLEL_TOP - 6, Math.min(from.y, to.y)), Math.min(PARALLEL_BOTTOM + 6, Math.max(from.y, to.y))];
    brushes.set(k, [top, bottom]);
    const ends = [axis.scale.from(bottom), axis.scale.from(top)];
    const label = `${axis.name}: ${axis.show(axis.scale.from(bottom))} – ${axis.show(axis.scale.from(top))}`;
    page.filter.set(`parallel ${axis.name}`, (row) => {
      const { scale: now, at } = axes[k]; // Of trials that come later the scale may be another.
      return at(row) >= now.to(ends[1]) - 1e-6 && at(row) <= now.to(ends[0]) + 1e-6;
    }, label);
  });
  chart.canvas.addEventListener("dblclick", (event) => {
    const k = axisAt(event.offsetX);
    page.filter.set(`parallel ${axes[k].name}`, null);
  });
  pointing(page, chart.canvas, (x, y) => {
    const right = Math.max(1, axes.findIndex((_, k) => across(k) >= x));
    const [left, a, b] = [right - 1, across(right - 1), across(right)];
    let [nearest, found] = [10, -1];
    for (let row = 0; row < trials.count; row++) {
      if (!page.filter.passes(row)) continue;
      const [u, v] = [axes[left].at(row), axes[right].at(row)];
      const distance = Math.abs(u + ((v - u) * (x - a)) / (b - a) - y);
      if (distance < nearest) [nearest, found] = [distance, row];
    }
    return found;
  });
  update();
}

/** Return the axes: the hyperparameters, the epochs that were trained, and the score. @param {Page} page @param {import("./trials.js").Numbers} values @param {string} curve @returns {Axis[]} */
function axesOf(page, values, curve) {
  const { trials } = page;
  const axes = trials.panels.map((panel) => {
    const own = panelScale(panel, PARALLEL_BOTTOM, PARALLEL_TOP, 6);
    const wide = spreadWidth(panel, own);
    const show = (/** @type {number} */ value) => panel.options.length ? panel.options[Math.max(0, Math.min(panel.options.length - 1, Math.round(value)))] : brief(value, 3);
    return { name: panel.name, scale: own, at: (/** @type {number} */ row) => own.to(panel.x[row]) + wide * spread(row), show };
  });
  const epochs = scale(0.9, trials.longest * 1.1, PARALLEL_BOTTOM, PARALLEL_TOP, { log: true });
  const stops = page.data.search.stops.map((/** @type {any} */ stop) => ({ value: stop.epoch, label: String(stop.epoch) }));
  axes.push({ name: text("epochs"), scale: { ...epochs, ticks: stops }, at: (row) => epochs.to(trials.epochs[row]), show: (value) => String(Math.round(value)) });
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(low < high)) [low, high] = [0, 1];
  if (curve === "val_score") low = Math.max(low, -0.5);
  const scores = scale(low, high, PARALLEL_BOTTOM, PARALLEL_TOP);
  axes.push({ name: scoreName(page, curve), scale: scores, at: (row) => scores.to(Math.max(low, values[row])), show: (value) => brief(value, 3) });
  return axes;
}

/** @param {CanvasRenderingContext2D} context @param {Axis} axis @param {number} x @param {[number, number] | undefined} brush */
function drawAxis(context, axis, x, brush) {
  line(context, x, PARALLEL_TOP - 6, x, PARALLEL_BOTTOM + 6, style("--soft"), 1);
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.fillStyle = style("--ink");
  context.font = `600 12px ${style("--font")}`;
  context.fillText(axis.name, x, PARALLEL_TOP - 14);
  context.font = `11px ${style("--font")}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const { value, label } of axis.scale.ticks) {
    const y = axis.scale.to(value);
    if (y < PARALLEL_TOP - 8 || y > PARALLEL_BOTTOM + 8) continue;
    line(context, x, y, x + 4, y, style("--soft"));
    const wide = context.measureText(label).width;
    context.fillStyle = style("--plate");
    context.fillRect(x + 6, y - 7, wide + 4, 14);
    context.fillStyle = style("--ink");
    context.fillText(label, x + 8, y);
  }
  if (!brush) return;
  context.fillStyle = style("--brush");
  context.fillRect(x - 9, brush[0], 18, brush[1] - brush[0]);
  context.strokeStyle = style("--accent");
  context.strokeRect(x - 9, brush[0], 18, brush[1] - brush[0]);
}
