/** Small charts as SVG: axes with a few ticks, points, lines, and histograms. */

import { svg } from "./dom.js";
import { brief } from "./format.js";

/**
 * @typedef {object} Frame
 * @property {SVGElement} element
 * @property {(value: number) => number} x
 * @property {(value: number) => number} y
 */

/** Round numbers between two ends. @param {number} low @param {number} high @param {number} most @returns {number[]} */
export function roundTicks(low, high, most) {
  if (!(high > low)) return [low];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].find((each) => each * power >= rough) ?? 10;
  const size = unit * power;
  const first = Math.ceil(low / size - 1e-9);
  return Array.from({ length: Math.floor(high / size + 1e-9) - first + 1 }, (_, k) => (first + k) * size);
}

/** A tick as text, with k and M for large numbers. @param {number} tick */
function tickText(tick) {
  return Math.abs(tick) >= 1e4 && Math.abs(tick) < 1e12 ? new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(tick) : brief(tick, 3);
}

/**
 * Return an empty chart with its axes.
 * @param {{width?: number, height?: number, x: [number, number], y: [number, number], xLabel: string, yLabel: string, label: string}} options
 * @returns {Frame}
 */
export function chartFrame({ width = 420, height = 300, x: [left, right], y: [bottom, top], xLabel, yLabel, label }) {
  const [west, east, north, south] = [58, width - 12, 10, height - 42];
  const x = (/** @type {number} */ value) => west + ((value - left) / (right - left || 1)) * (east - west);
  const y = (/** @type {number} */ value) => south - ((value - bottom) / (top - bottom || 1)) * (south - north);
  const across = roundTicks(left, right, 5).flatMap((tick) => [
    svg("line", { class: "grid-line", x1: x(tick), x2: x(tick), y1: north, y2: south }),
    svg("text", { class: "tick", x: x(tick), y: south + 16, "text-anchor": "middle" }, tickText(tick)),
  ]);
  const up = roundTicks(bottom, top, 5).flatMap((tick) => [
    svg("line", { class: "grid-line", x1: west, x2: east, y1: y(tick), y2: y(tick) }),
    svg("text", { class: "tick", x: west - 6, y: y(tick) + 4, "text-anchor": "end" }, tickText(tick)),
  ]);
  const element = svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    ...across,
    ...up,
    svg("text", { class: "axis", x: (west + east) / 2, y: height - 6, "text-anchor": "middle" }, xLabel),
    svg("text", { class: "axis", x: 14, y: (north + south) / 2, "text-anchor": "middle", transform: `rotate(-90 14 ${(north + south) / 2})` }, yLabel),
  );
  return { element, x, y };
}

/** The ends of some numbers, with a margin. @param {ArrayLike<number>[]} all @returns {[number, number]} */
export function endsOf(...all) {
  let [low, high] = [Infinity, -Infinity];
  for (const numbers of all) {
    for (let k = 0; k < numbers.length; k += 1) {
      if (!Number.isFinite(numbers[k])) continue;
      [low, high] = [Math.min(low, numbers[k]), Math.max(high, numbers[k])];
    }
  }
  if (low > high) return [0, 1];
  const margin = 0.04 * (high - low || 1);
  return [low - margin, high + margin];
}

/** Add a title that the pointer shows. @param {SVGElement} element @param {string} words */
export function titled(element, words) {
  element.append(svg("title", {}, words));
  return element;
}

/**
 * Return a small histogram.
 * @param {{low: number, high: number, counts: {data: ArrayLike<number>}, mean: number, deviation: number}} content
 * @param {string} label @param {[number, number]} [ends] of the axis, by default those of the histogram
 */
export function histogramView(content, label, ends = [content.low, content.high]) {
  const [width, height] = [200, 84];
  const counts = Array.from(content.counts.data);
  const top = Math.max(...counts, 1);
  const span = ends[1] - ends[0] || 1;
  const place = (/** @type {number} */ value) => ((value - ends[0]) / span) * width;
  const size = (content.high - content.low || span) / counts.length;
  const bars = counts.map((count, k) => {
    const [from, tall] = [content.low + k * size, Math.sqrt(count / top) * (height - 18)];
    const bar = svg("rect", { class: "hist-bar", x: place(from), width: Math.max(place(from + size) - place(from) - 0.5, 0.5), y: height - 16 - tall, height: tall });
    return titled(bar, `${brief(from, 3)} … ${brief(from + size, 3)}: ${count}`);
  });
  return svg(
    "svg",
    { class: "chart histogram", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    ends[0] < 0 && ends[1] > 0 ? svg("line", { class: "grid-line", x1: place(0), x2: place(0), y1: 0, y2: height - 16 }) : null,
    ...bars,
    svg("line", { class: "base", x1: 0, x2: width, y1: height - 16, y2: height - 16 }),
    svg("text", { class: "tick", x: 0, y: height - 3 }, brief(ends[0], 3)),
    svg("text", { class: "tick", x: width, y: height - 3, "text-anchor": "end" }, brief(ends[1], 3)),
  );
}
