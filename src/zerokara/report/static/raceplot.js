/** The plot of the race: uPlot has the axes and the zoom, the curves are drawn here. */

import { cross, dot, line, pointing, star } from "./chart.js";
import { colorsOf } from "./colors.js";
import { drawing, style } from "./dom.js";
import { brief } from "./format.js";
import { linearTicks, logTicks } from "./scale.js";
import { scoreName } from "./names.js";
import { text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {{curve: string, logY: boolean, logX: boolean, limit: number}} RaceState */
/** @typedef {{x: (epoch: number) => number, y: (value: number) => number}} Places */

const RACE_HEIGHT = 420;

/**
 * @param {HTMLElement} container
 * @param {Page} page
 * @param {RaceState} state what is shown; change it, then call `draw`, or `rebuild` if the axes change, or `update` if
 *   the trials do, which keeps the zoom
 */
export function racePlot(container, page, state) {
  /** @type {any} */
  let plot = null;
  /** @type {ReturnType<typeof drawing> | null} */
  let over = null;
  /** @type {number[][]} */
  let ends = [];
  const build = () => {
    plot?.destroy();
    ends = bounds(page, state);
    plot = new uPlot(options(page, state, container.clientWidth || 600), ends, container);
    const { over: area } = plot;
    over = drawing(area, 0, (context) => paintTop(context, page, state, css(plot)), { "aria-hidden": "true", class: "over" });
    Object.assign(over.canvas.style, { pointerEvents: "none", height: "100%" }); // The area gets its height later.
    plot.root.setAttribute("role", "img");
    plot.root.setAttribute("aria-label", text("race.label", { curve: scoreName(page, state.curve), count: page.trials.count }));
    pointing(page, plot.over, (x, y) => nearest(page, state, css(plot), x, y));
  };
  const drawTop = () => over?.draw();
  const draw = () => {
    plot?.redraw(false);
    drawTop();
  };
  const zoomed = () => {
    const { x, y } = plot.scales;
    return x.min !== ends[0][0] || x.max !== ends[0][1] || y.min !== ends[1][0] || y.max !== ends[1][1];
  };
  const update = () => {
    const kept = zoomed();
    ends = bounds(page, state);
    plot.setData(ends, !kept);
    draw();
  };
  new ResizeObserver(() => {
    const width = container.clientWidth;
    if (plot && width && width !== plot.width) plot.setSize({ width, height: RACE_HEIGHT });
  }).observe(container);
  page.watch(page.hover, drawTop);
  page.watch(page.select, drawTop);
  page.watch(page.filter, draw);
  return { draw, update, rebuild: build, zoomed };
}

/** @param {any} plot @returns {Places} in CSS pixels of the plotting area */
function css(plot) {
  return { x: (epoch) => plot.valToPos(epoch, "x"), y: (value) => plot.valToPos(value, "y") };
}

/** @param {Page} page @param {RaceState} state @param {number} width */
function options(page, state, width) {
  const ends = (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => [low, high];
  const ticks = (/** @type {boolean} */ log, /** @type {number} */ count) =>
    (/** @type {any} */ _u, /** @type {number} */ _axis, /** @type {number} */ low, /** @type {number} */ high) =>
      log ? logTicks(low, high, count) : linearTicks(low, high, count);
  const axis = {
    stroke: style("--soft"), font: `12px ${style("--font")}`, labelFont: `12px ${style("--font")}`, labelSize: 22,
    grid: { stroke: style("--line"), width: 1 }, ticks: { show: false },
    values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map((value) => brief(value, 3)),
    filter: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits,
  };
  const epochs = ticks(false, 8);
  return {
    width,
    height: RACE_HEIGHT,
    padding: [34, 12, 0, 0],
    legend: { show: false },
    cursor: { x: false, y: false, points: { show: false }, drag: { x: true, y: true, uni: 24 } },
    scales: { x: { time: false, distr: state.logX ? 3 : 1, range: ends }, y: { distr: state.logY ? 3 : 1, range: ends } },
    axes: [
      { ...axis, size: 34, label: text("epoch"), grid: { show: false },
        splits: (/** @type {any} */ u, /** @type {number} */ k, /** @type {number} */ low, /** @type {number} */ high) => {
          const stops = page.data.search.stops.map((/** @type {any} */ stop) => stop.epoch); // They move while it trains.
          const inside = stops.filter((/** @type {number} */ stop) => stop >= low && stop <= high);
          return state.logX && inside.length > 1 ? inside : epochs(u, k, Math.max(1, low), high).filter(Number.isInteger);
        } },
      { ...axis, size: 56, label: scoreName(page, state.curve), splits: ticks(state.logY, 6) },
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: { draw: [(/** @type {any} */ plot) => paint(plot, page, state)] },
  };
}

/** Return the data that give the axes their ends: all but trials far worse than most after their first epoch. @param {Page} page @param {RaceState} state */
function bounds(page, state) {
  const { trials } = page;
  let [low, high] = [Infinity, -Infinity];
  const longest = Math.max(2, trials.longest);
  const first = [];
  for (let row = 0; row < trials.count; row++) {
    const values = trials.curve(state.curve, row);
    if (Number.isFinite(values[0])) first.push(values[0]);
    for (const value of values) {
      if (!Number.isFinite(value) || (state.logY && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (!(low <= high)) [low, high] = [state.logY ? 0.1 : 0, 1];
  if (state.curve.endsWith("loss") && first.length) {
    first.sort((a, b) => a - b);
    const typical = first[first.length >> 1];
    high = Math.max(Math.min(high, 4 * typical), typical * 1.1);
    const winner = page.data.search.winner;
    if (winner !== null) for (const value of trials.curve(state.curve, winner)) if (value > high) high = value;
  } else if (low < -0.5) low = -0.5; // R2 has no lower end.
  const ends = state.logY ? [low / 1.15, high * 1.08] : [low - 0.04 * (high - low || 1), high + 0.04 * (high - low || 1)];
  return [state.logX ? [0.94, longest * 1.06] : [1 - 0.02 * longest, longest * 1.02], ends];
}

/** Draw the curves on uPlot's canvas. @param {any} plot @param {Page} page @param {RaceState} state */
function paint(plot, page, state) {
  const { ctx: context, bbox } = plot;
  const ratio = window.devicePixelRatio || 1;
  const places = { x: (/** @type {number} */ epoch) => plot.valToPos(epoch, "x", true), y: (/** @type {number} */ value) => plot.valToPos(value, "y", true) };
  context.save();
  drawRungs(context, plot, page, state, ratio);
  context.beginPath();
  context.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  context.clip();
  context.lineJoin = "round";
  drawCurves(context, page, state, places, ratio);
  drawDiverged(context, page, state, places, bbox.top + 6 * ratio, ratio);
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {any} plot @param {Page} page @param {RaceState} state @param {number} ratio */
function drawRungs(context, plot, page, state, ratio) {
  const { trials } = page;
  const { bbox } = plot;
  context.font = `${11 * ratio}px ${style("--font")}`;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  let end = -Infinity;
  for (const rung of page.data.search.rungs) {
    const x = plot.valToPos(rung, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    context.setLineDash([4 * ratio, 3 * ratio]);
    line(context, x, bbox.top, x, bbox.top + bbox.height, rung === state.limit ? style("--accent") : style("--faint"), ratio);
    context.setLineDash([]);
    let [there, on] = [0, 0];
    for (const length of trials.lengths) {
      if (length >= rung) there++;
      if (length > rung) on++;
    }
    const label = text("race.on", { on, there });
    const half = context.measureText(label).width / 2;
    if (x - half < end) continue;
    context.fillStyle = style("--soft");
    context.fillText(label, Math.max(x, bbox.left - 50 * ratio + half), bbox.top - 6 * ratio);
    end = x + half + 8 * ratio;
  }
}

/** @param {CanvasRenderingContext2D} context @param {Page} page @param {RaceState} state @param {Places} places @param {number} ratio */
function drawCurves(context, page, state, places, ratio) {
  const { trials, filter } = page;
  const panel = trials.panels[page.color.get()];
  const color = panel ? colorsOf(panel).color : () => style("--accent");
  const faded = style("--fade");
  /** @type {Map<string, number[]>} */
  const groups = new Map([[faded, []]]);
  for (let row = 0; row < trials.count; row++) {
    const gone = !filter.passes(row) || trials.lengths[row] < state.limit && state.limit < trials.longest;
    const own = gone ? faded : color(row) ?? style("--faint");
    groups.get(own)?.push(row) ?? groups.set(own, [row]);
  }
  for (const [own, rows] of groups) {
    context.strokeStyle = context.fillStyle = own;
    context.lineWidth = (trials.count > 200 ? 1 : 1.3) * ratio;
    context.globalAlpha = own === faded ? 1 : 0.8;
    context.beginPath();
    for (const row of rows) trace(context, trials.curve(state.curve, row), state.limit, places);
    context.stroke();
    context.beginPath();
    for (const row of rows) {
      const end = Math.min(trials.lengths[row], state.limit);
      const last = trials.curve(state.curve, row)[end - 1];
      const stopped = trials.state[row] === "pruned" || trials.lengths[row] === 1;
      if (!stopped || end < trials.lengths[row] || !Number.isFinite(last)) continue;
      const [x, y] = [places.x(end), places.y(last)];
      context.moveTo(x, y);
      context.arc(x, y, (trials.count > 200 ? 1.8 : 2.6) * ratio, 0, 7);
    }
    context.fill();
  }
  context.globalAlpha = 1;
}

/** Draw a cross where a trial diverged, at the top if its value is no number or above. @param {CanvasRenderingContext2D} context @param {Page} page @param {RaceState} state @param {Places} places @param {number} top @param {number} ratio */
function drawDiverged(context, page, state, places, top, ratio) {
  const { trials, filter } = page;
  context.setLineDash([]);
  for (let row = 0; row < trials.count; row++) {
    const length = trials.lengths[row];
    if (trials.state[row] !== "diverged" || !length || length > state.limit) continue;
    const value = trials.curve(state.curve, row)[length - 1];
    const y = Number.isFinite(value) ? Math.max(top, places.y(value)) : top; // uPlot has a place even for NaN.
    cross(context, places.x(length), y, 4 * ratio, filter.passes(row) ? style("--bad") : style("--fade"));
  }
}

/** Add a curve to the path, up to an epoch; gaps where it was not evaluated are bridged. @param {CanvasRenderingContext2D} context @param {import("./trials.js").Numbers} values @param {number} limit @param {Places} places */
function trace(context, values, limit, places) {
  let begun = false;
  const end = Math.min(values.length, limit);
  for (let k = 0; k < end; k++) {
    if (!Number.isFinite(values[k])) continue;
    const [x, y] = [places.x(k + 1), places.y(values[k])];
    if (begun) context.lineTo(x, y);
    else context.moveTo(x, y);
    begun = true;
  }
}

/** Draw what follows the pointer: the trial under it, the one that is selected, and the winner. @param {CanvasRenderingContext2D} context @param {Page} page @param {RaceState} state @param {Places} places */
function paintTop(context, page, state, places) {
  const { trials } = page;
  const winner = page.data.search.winner;
  context.lineJoin = "round";
  const bold = (/** @type {number} */ row, /** @type {string} */ color, /** @type {number} */ width) => {
    for (const [stroke, wide] of /** @type {[string, number][]} */ ([[style("--card"), width + 3], [color, width]])) {
      context.strokeStyle = stroke;
      context.lineWidth = wide;
      context.beginPath();
      trace(context, trials.curve(state.curve, row), state.limit, places);
      context.stroke();
    }
    const end = Math.min(trials.lengths[row], state.limit);
    const last = trials.curve(state.curve, row)[end - 1];
    if (Number.isFinite(last)) dot(context, places.x(end), places.y(last), 4, color);
  };
  if (winner !== null) {
    bold(winner, style("--star"), 2.5);
    const own = trials.curve(state.curve, winner);
    const epoch = Math.min(trials.epoch[winner], own.length); // A mean curve ends with the first network that stopped.
    if (epoch <= state.limit) star(context, places.x(epoch), places.y(own[epoch - 1]), 9);
  }
  for (const row of new Set([page.select.get(), page.hover.get()])) if (row >= 0) bold(row, style("--ink"), 2.5);
}

/** @param {Page} page @param {RaceState} state @param {Places} places @param {number} x @param {number} y @returns {number} the row of the curve under the pointer */
function nearest(page, state, places, x, y) {
  const { trials, filter } = page;
  let [best, found] = [18, -1];
  for (let row = 0; row < trials.count; row++) {
    if (!filter.passes(row)) continue;
    const values = trials.curve(state.curve, row);
    const end = Math.min(values.length, state.limit);
    let [lastX, lastY] = [NaN, NaN];
    for (let k = 0; k < end; k++) {
      if (!Number.isFinite(values[k])) continue;
      const [nowX, nowY] = [places.x(k + 1), places.y(values[k])];
      let distance = Math.hypot(nowX - x, nowY - y);
      if (lastX <= x && x <= nowX) {
        const between = lastY + ((nowY - lastY) * (x - lastX)) / (nowX - lastX || 1);
        distance = Math.min(distance, Math.abs(between - y));
      }
      if (distance < best) [best, found] = [distance, row];
      [lastX, lastY] = [nowX, nowY];
      if (nowX > x + 20) break;
    }
  }
  return found;
}
