/** The curves of one trial: losses and scores, of training and of validation, by epoch. */

import { el, redraw, style } from "./dom.js";
import { brief } from "./format.js";
import { plainScoreName } from "./names.js";
import { linearTicks, logTicks } from "./scale.js";
import { text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */

/**
 * Add the curves of a trial: the losses, and the scores.
 * @param {HTMLElement} container
 * @param {Page} page
 * @param {number} row
 * @param {number} [height]
 */
export function trialCurves(container, page, row, height = 170) {
  const { rank, rows } = page.data.search;
  const legend = el("div", { class: "key-list" },
    el("span", { class: "option" }, el("i", { style: "background:var(--train)" }), text("training")),
    el("span", { class: "option" }, el("i", { style: "background:var(--validation)" }), text("validation")),
    rows > 1 ? null : el("span", { class: "option" }, el("i", { class: "round", style: "background:var(--ink)" }), text("curves.kept")));
  container.append(legend);
  const more = rank.curve === "val_loss" || rank.curve === "val_score" ? [] : [rank.curve];
  for (const curve of ["val_loss", "val_score", ...more]) {
    if (page.trials.curveNames.includes(curve)) trialPlot(container, page, row, curve, height);
  }
}

/** @param {HTMLElement} container @param {Page} page @param {number} row @param {string} curve @param {number} height */
function trialPlot(container, page, row, curve, height) {
  const { trials } = page;
  const names = [curve.replace("val_", "train_"), curve].filter((name) => trials.curveNames.includes(name));
  const length = trials.lengths[row];
  if (!length) return;
  const values = names.map((name) => Array.from(trials.curve(name, row), (value) => (Number.isFinite(value) ? value : null)));
  const finite = values.flat().filter((value) => value !== null);
  const [low, high] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 1];
  const log = curve.endsWith("loss") && low > 0 && high > 20 * low;
  const ends = log ? [low / 1.2, high * 1.2] : [low - 0.06 * (high - low || 1), high + 0.06 * (high - low || 1)];
  const box = el("div", { class: "small-plot" }, el("h4", {}, plainScoreName(page, curve)));
  container.append(box);
  const place = el("div");
  box.append(place);
  /** @type {any} */
  let plot = null;
  const build = () => {
    plot?.destroy();
    const axis = { stroke: style("--soft"), font: `11px ${style("--font")}`, grid: { stroke: style("--line"), width: 1 }, ticks: { show: false } };
    const line = (/** @type {string} */ name) => ({ stroke: style(name.startsWith("train_") ? "--train" : "--validation"), width: 2, spanGaps: true, points: { show: length === 1, size: 7, fill: style(name.startsWith("train_") ? "--train" : "--validation") } });
    plot = new uPlot({
      width: place.clientWidth || 340, height, legend: { show: false }, padding: [8, 10, 0, 0],
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { x: { time: false, range: [length > 1 ? 1 : 0.5, Math.max(length, 1.5)] }, y: { distr: log ? 3 : 1, range: () => ends } },
      axes: [
        { ...axis, size: 26, grid: { show: false }, splits: () => linearTicks(1, length, 6).filter(Number.isInteger) },
        { ...axis, size: 48, splits: () => (log ? logTicks(ends[0], ends[1], 4) : linearTicks(ends[0], ends[1], 4)),
          values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map((value) => brief(value, 3)), filter: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits },
      ],
      series: [{}, ...names.map(line)],
      hooks: { draw: [(/** @type {any} */ plot) => keptMark(plot, page.data.search.rows > 1 ? 0 : trials.epoch[row], trials.curve(curve, row))], setCursor: [(/** @type {any} */ plot) => says(plot)] },
    }, [Array.from({ length }, (_, k) => k + 1), ...values], place);
  };
  const now = el("div", { class: "reads soft" });
  const says = (/** @type {any} */ plot) => {
    const { idx } = plot.cursor;
    now.textContent = idx === null || idx === undefined ? "" : `${text("epoch")} ${idx + 1}: ${names.map((name, k) => `${text(name.startsWith("train_") ? "training" : "validation")} ${brief(values[k][idx], 4)}`).join(", ")}`;
  };
  box.append(now);
  new ResizeObserver(() => plot && place.clientWidth && place.clientWidth !== plot.width && plot.setSize({ width: place.clientWidth, height })).observe(place);
  build();
  const end = redraw.subscribe(() => (place.isConnected ? build() : end()));
}

/** Mark the epoch that the trial is ranked by; of several networks none is. @param {any} plot @param {number} epoch @param {import("./trials.js").Numbers} values */
function keptMark(plot, epoch, values) {
  if (epoch < 1 || !Number.isFinite(values[epoch - 1])) return;
  const ratio = window.devicePixelRatio || 1;
  const { ctx: context } = plot;
  context.beginPath();
  context.arc(plot.valToPos(epoch, "x", true), plot.valToPos(values[epoch - 1], "y", true), 4.5 * ratio, 0, 7);
  context.fillStyle = style("--ink");
  context.fill();
  context.strokeStyle = style("--card");
  context.lineWidth = 1.5 * ratio;
  context.stroke();
}
