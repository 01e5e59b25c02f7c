/** The race: the curves of all trials in one plot, and a slider over the rungs that lets the losers go. */

import { list, player, switcher } from "./controls.js";
import { el, redraw } from "./dom.js";
import { scoreName } from "./names.js";
import { colorKey, marksKey } from "./key.js";
import { racePlot } from "./raceplot.js";
import { section } from "./sections.js";
import { text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */

section("race", "race", renderRace, (data) => data.search && data.search.trials.state.length > 1 && data.search.stops.length > 0);

/** @param {HTMLElement} container @param {any} data @param {Page} page */
function renderRace(container, data, page) {
  const { search } = data;
  const { trials } = page;
  const curves = trials.curveNames.filter((name) => /^(val|train)_/.test(name));
  let { longest } = trials;
  let stops = stopsOf(page);
  const state = {
    curve: "val_loss",
    logY: spansDecades(page, "val_loss"),
    logX: search.rungs.length > 0,
    limit: longest,
    chosen: false,
    color: page.color.get(),
  };

  const plot = el("div", { class: "race-plot" });
  const says = el("p", { class: "says", "aria-live": "polite" });
  const key = el("div", { class: "key" });
  const shown = racePlot(plot, page, state);

  const words = () => {
    says.textContent = sentence(page, state.limit, longest);
    key.replaceChildren(colorKey(page), marksKey(page, true));
  };
  const update = () => {
    words();
    shown.rebuild();
  };
  const rungs = el("div", { class: "rungs" });
  const fillRungs = () => {
    const slider = player(text("race.slider"), stops.length, stops.indexOf(state.limit), (place) => {
      state.limit = stops[place];
      page.epoch.set(place === stops.length - 1 ? search.stop : stops[place]);
      says.textContent = sentence(page, state.limit, longest);
      slider.input.setAttribute("aria-valuetext", says.textContent);
      shown.draw();
    });
    const marks = stops.map((epoch, k) => el("button", { type: "button", onclick: () => slider.go(k), title: text("race.go", { epoch }) }, String(epoch)));
    rungs.replaceChildren(...(stops.length > 1 ? [slider.element, el("div", { class: "marks" }, ...marks)] : []));
  };
  const grown = () => {
    const [before, last] = [String(stops), state.limit >= longest];
    longest = trials.longest;
    stops = stopsOf(page);
    if (last || !stops.includes(state.limit)) state.limit = longest;
    if (before !== String(stops)) fillRungs();
    words();
    // With the first rung the axis becomes that of a page that is opened now, unless the reader has set it or zoomed.
    if (state.chosen || shown.zoomed() || state.logX === search.rungs.length > 0) return void shown.update();
    state.logX = search.rungs.length > 0;
    axisX.show(Number(state.logX));
    shown.rebuild();
  };

  const axisY = switcher(text("race.y"), [[0, text("linear")], [1, text("log")]], Number(state.logY), (log) => {
    state.logY = Boolean(log);
    state.chosen = true;
    shown.rebuild();
  });
  const axisX = switcher(text("race.x"), [[0, text("linear")], [1, text("log")]], Number(state.logX), (log) => {
    state.logX = Boolean(log);
    state.chosen = true;
    shown.rebuild();
  });
  const chosen = list(text("race.curve"), curves.map((name) => [name, scoreName(page, name)]), state.curve, (name) => {
    state.curve = name;
    state.logY = name.endsWith("loss") && spansDecades(page, name);
    axisY.show(Number(state.logY));
    shown.rebuild();
  });
  const colors = list(text("color.by"), trials.panels.map((panel, k) => [k, panel.name]), page.color.get(), (k) => page.color.set(k));

  container.append(
    el("div", { class: "controls" }, chosen, axisY.element, axisX.element, trials.panels.length ? colors : null),
    el("div", { class: "card" },
      rungs, says, plot,
      el("div", { class: "below" }, key, el("span", { class: "hint" }, text("race.hint"))),
    ),
  );
  fillRungs();
  page.watch(page.color, update);
  page.watch(page.live, grown);
  page.watch(redraw, update);
  update();
}

/** @param {Page} page @returns {number[]} the epochs to go to: the rungs, and the end of the longest curve */
function stopsOf(page) {
  const { longest } = page.trials;
  return [...page.data.search.stops.map((/** @type {any} */ stop) => stop.epoch).filter((/** @type {number} */ epoch) => epoch < longest), longest];
}

/** @param {Page} page @param {number} limit @param {number} longest */
function sentence(page, limit, longest) {
  const { trials } = page;
  let [training, won] = [0, 0];
  for (let row = 0; row < trials.count; row++) {
    if (trials.lengths[row] > limit) training++;
    if (trials.lengths[row] >= limit) won++;
  }
  if (limit >= longest) return text("race.end", { all: trials.count, last: won, epoch: limit });
  return text("race.rung", { epoch: limit, reached: won, training });
}

/** Return whether values differ so much that a log axis shows more. @param {Page} page @param {string} name */
function spansDecades(page, name) {
  let [low, high] = [Infinity, 0];
  for (let row = 0; row < page.trials.count; row++) {
    const values = page.trials.curve(name, row);
    if (values[0] > high && Number.isFinite(values[0])) high = values[0];
    for (const value of values) if (value > 0 && value < low) low = value;
  }
  return low > 0 && high > 5 * low;
}
