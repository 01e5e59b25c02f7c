/** Colors that everyone can tell apart, in light and in dark pages. */

import { style } from "./dom.js";

/** Viridis, from dark to bright. */
const VIRIDIS = [
  [68, 1, 84], [71, 24, 106], [71, 45, 123], [66, 64, 134], [59, 82, 139], [51, 99, 141], [44, 114, 142], [38, 130, 142],
  [33, 145, 140], [31, 160, 136], [40, 174, 128], [63, 188, 115], [94, 201, 98], [132, 212, 75], [173, 220, 48], [216, 226, 25],
];

/** Colors of a choice's options: the palette of Okabe and Ito. */
const OPTION_COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8f94"];

/** @returns {boolean} whether the page is dark now */
export function isDark() {
  return style("color-scheme") === "dark";
}

/**
 * Return the color of a share from 0 to 1; the ends that the page's background would swallow are left out.
 * @param {number} share
 */
export function shade(share) {
  const [low, high] = isDark() ? [0.28, 1] : [0, 0.9];
  const place = (low + (high - low) * Math.max(0, Math.min(1, share))) * (VIRIDIS.length - 1);
  const k = Math.min(VIRIDIS.length - 2, Math.floor(place));
  const mix = VIRIDIS[k].map((value, c) => Math.round(value + (VIRIDIS[k + 1][c] - value) * (place - k)));
  return `rgb(${mix.join(",")})`;
}

/** @param {number} index of an option */
export function optionColor(index) {
  return OPTION_COLORS[index % OPTION_COLORS.length];
}

/**
 * Return the color of each trial by one of its hyperparameters, and what the colors mean.
 * @param {import("./trials.js").Panel} panel
 * @returns {{color: (row: number) => string | null, listed: boolean, low: number, high: number}}
 */
export function colorsOf(panel) {
  const listed = panel.options.length > 0 && panel.options.length <= OPTION_COLORS.length;
  let [low, high] = [Infinity, -Infinity];
  for (const value of panel.x) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const warp = panel.log ? Math.log : (/** @type {number} */ value) => value;
  const [a, b] = [warp(low), warp(high)];
  const color = (/** @type {number} */ row) => {
    const value = panel.x[row];
    if (!Number.isFinite(value)) return null;
    return listed ? optionColor(value) : shade(b > a ? (warp(value) - a) / (b - a) : 0.5);
  };
  return { color, listed, low, high };
}

/** @returns {string} a CSS gradient from the lowest to the highest shade */
export function gradient() {
  return `linear-gradient(90deg, ${[0, 0.2, 0.4, 0.6, 0.8, 1].map(shade).join(", ")})`;
}
