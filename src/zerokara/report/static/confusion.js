/** The confusion matrix, whose cells open into the samples behind them. */

import { cellOf } from "./arrays.js";
import { el } from "./dom.js";
import { brief, percent } from "./format.js";
import { sampleView } from "./samples.js";
import { text } from "./text.js";

const LARGE_TABLE = 25;

/** @param {any} network */
export function confusionView(network) {
  const { counts, title } = network.predictions.confusion;
  const classes = /** @type {string[]} */ (network.classes);
  const totals = classes.map((_, r) => classes.reduce((sum, __, c) => sum + cellOf(counts, r, c), 0));
  const opened = el("div", { class: "opened", "aria-live": "polite" }, el("p", { class: "soft note" }, text(network.samples ? "confusion.open" : "confusion.none")));
  /** @type {HTMLElement | null} */
  let pressed = null;
  const open = (/** @type {HTMLElement} */ button, /** @type {number} */ r, /** @type {number} */ c) => {
    pressed?.removeAttribute("aria-pressed");
    pressed = button;
    button.setAttribute("aria-pressed", "true");
    opened.replaceChildren(...cellSamples(network, r, c));
  };
  const cell = (/** @type {number} */ r, /** @type {number} */ c) => {
    const count = cellOf(counts, r, c);
    const share = totals[r] ? count / totals[r] : 0;
    const button = el(
      "button",
      {
        type: "button",
        class: r === c ? "is-right" : "is-wrong",
        style: `--share:${Math.round(100 * share ** 0.5)}%`,
        title: text("confusion.cell", { truth: classes[r], answer: classes[c], count: brief(count), share: percent(share) }),
        disabled: !count,
        onclick: () => open(button, r, c),
      },
      classes.length > LARGE_TABLE || !count ? "" : brief(count),
    );
    return el("td", {}, button);
  };
  const table = el(
    "table",
    { class: classes.length > LARGE_TABLE ? "confusion large" : "confusion" },
    el("caption", { class: "note" }, title),
    el("thead", {}, el("tr", {}, el("th", { class: "corner" }, text("confusion.corner")), ...classes.map((name) => el("th", { scope: "col", title: name }, name)))),
    el("tbody", {}, ...classes.map((name, r) => el("tr", {}, el("th", { scope: "row", title: name }, name), ...classes.map((_, c) => cell(r, c))))),
  );
  return el("div", { class: "confusion-view" }, el("div", { class: "scroll" }, table), opened);
}

/** @param {any} network @param {number} truth @param {number} answer @returns {HTMLElement[]} */
function cellSamples(network, truth, answer) {
  const { predictions } = network;
  const classes = /** @type {string[]} */ (network.classes);
  const count = cellOf(predictions.confusion.counts, truth, answer);
  const places = (predictions.cells ?? []).find((/** @type {any} */ each) => each.truth === truth && each.predicted === answer)?.places ?? [];
  const key = truth === answer ? "confusion.right" : "confusion.wrong";
  const heading = el("p", { class: "note" }, text(key, { truth: classes[truth], answer: classes[answer], count: brief(count), shown: places.length }));
  if (!places.length) return [heading, el("p", { class: "soft note" }, text("confusion.none"))];
  return [heading, el("div", { class: "gallery" }, ...places.map((/** @type {number} */ place) => sampleView(network, place)))];
}
