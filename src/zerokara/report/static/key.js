/** What the colors of the trials mean. */

import { colorsOf, gradient, optionColor } from "./colors.js";
import { el } from "./dom.js";
import { brief } from "./format.js";
import { text } from "./text.js";

/**
 * Return the key of the hyperparameter that colors the trials.
 * @param {import("./page.js").Page} page
 */
export function colorKey(page) {
  const panel = page.trials.panels[page.color.get()];
  if (!panel) return el("span");
  const { listed, low, high } = colorsOf(panel);
  if (listed) {
    const options = panel.options.map((option, k) =>
      el("span", { class: "option" }, el("i", { style: `background:${optionColor(k)}` }), option));
    return el("span", { class: "key-list" }, el("b", {}, panel.name), ...options);
  }
  if (!(low <= high)) return el("span");
  const bar = el("i", { class: "bar", style: `background:${gradient()}` });
  const scale = panel.log ? el("span", { class: "soft" }, text("log")) : null;
  const ends = panel.options.length ? [panel.options[0], panel.options[panel.options.length - 1]] : [brief(low, 2), brief(high, 2)];
  return el("span", { class: "key-scale" }, el("b", {}, panel.name), ends[0], bar, ends[1], scale);
}

/**
 * Return what the marks of trials mean.
 * @param {import("./page.js").Page} page
 * @param {boolean} [stopped] dots end the trials that were stopped
 */
export function marksKey(page, stopped = false) {
  const { state } = page.trials;
  const mark = (/** @type {string} */ sign, /** @type {string} */ color, /** @type {string} */ name) =>
    el("span", { class: "option" }, el("b", { style: `color:var(${color})`, "aria-hidden": "true" }, sign), text(`mark.${name}`));
  return el("span", { class: "key-list" },
    page.data.search.winner === null ? null : mark("★", "--star", "winner"),
    stopped && state.includes("pruned") ? mark("●", "--faint", "stopped") : null,
    state.includes("diverged") ? mark("✕", "--bad", "diverged") : null);
}
