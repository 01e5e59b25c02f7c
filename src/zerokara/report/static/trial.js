/** The panel of one trial: its numbers, curves and command; and what is shown beside the pointer. */

import { trialCurves } from "./curves.js";
import { copyable, el } from "./dom.js";
import { brief, scoreText } from "./format.js";
import { scoreLabel, scoreName, shownScore } from "./names.js";
import { gap, text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */

/**
 * Add the panel and the tip to the page.
 * @param {HTMLElement} root
 * @param {Page} page
 */
export function trialPanel(root, page) {
  if (!page.trials.count && !page.data.board) return; // A board may have trials later.
  const panel = el("aside", { id: "trial", "aria-label": text("trial.panel"), hidden: true });
  const tip = el("div", { class: "tip", role: "status", hidden: true });
  root.append(panel, tip);
  const show = (/** @type {number} */ row) => {
    panel.hidden = row < 0;
    document.body.classList.toggle("with-trial", row >= 0);
    panel.replaceChildren(...(row < 0 ? [] : [el("div", { class: "trial-inner" })]));
    if (row >= 0) fillPanel(/** @type {HTMLElement} */ (panel.firstChild), page, row);
    panel.scrollTop = 0;
  };
  page.watch(page.select, show);
  page.watch(page.live, () => {
    const { scrollTop } = panel;
    if (page.trials.state[page.select.get()] === "training") show(page.select.get());
    panel.scrollTop = scrollTop;
  });
  show(page.select.get());
  let [x, y] = [0, 0];
  const place = () => {
    const { offsetWidth: width, offsetHeight: height } = tip;
    tip.style.left = `${Math.max(8, Math.min(window.innerWidth - width - 8, x + 16))}px`;
    tip.style.top = `${y + 20 + height > window.innerHeight ? y - height - 12 : y + 18}px`;
  };
  root.addEventListener("pointermove", (event) => {
    [x, y] = [event.clientX, event.clientY];
    if (!tip.hidden) place();
  });
  page.watch(page.hover, (row) => {
    tip.hidden = row < 0;
    if (row < 0) return;
    tip.replaceChildren(...tipContent(page, row));
    place();
  });
}

/** @param {Page} page @param {number} row */
function tipContent(page, row) {
  const { trials } = page;
  const score = shownScore(page);
  const label = scoreLabel(page, score.curve);
  const params = trials.panels.map((_, k) => el("span", {}, el("i", {}, trials.panels[k].name), ` ${paramText(page, k, row)}`));
  return [
    el("b", {}, text("trial", { number: trials.number[row] })),
    el("span", { class: "soft" }, ` ${stateText(page, row)}`),
    el("div", {}, `${scoreName(page, score.curve)} `, el("b", {}, scoreText(label, trials.ranked(score.curve)[row])), `${gap()}${epochText(page, "tip.epoch", row)}`),
    el("div", { class: "params" }, ...params),
  ];
}

/** @param {Page} page @param {number} k the index of the hyperparameter @param {number} row */
export function paramText(page, k, row) {
  const panel = page.trials.panels[k];
  return panel.options.length ? panel.options[panel.x[row]] ?? "–" : brief(panel.x[row], 4);
}

/** @param {Page} page @param {number} row @returns {string} how it ended, such as "stopped after 9 epochs" */
function stateText(page, row) {
  const { trials } = page;
  return text(`state.${trials.state[row]}.after`, { epochs: trials.epochs[row] });
}

/** @param {Page} page @param {string} name @param {number} row @param {Record<string, any>} values @returns {string} a text about the epoch of a trial; several networks have a mean one */
function epochText(page, name, row, values = {}) {
  return text(page.data.search.rows > 1 ? `${name}.several` : name, { ...values, epoch: page.trials.epoch[row] });
}

/** @param {HTMLElement} container @param {Page} page @param {number} row */
function fillPanel(container, page, row) {
  const { trials, data } = page;
  const { commands, fixed } = data.search;
  const button = (/** @type {string} */ name, /** @type {string} */ label, /** @type {() => void} */ onclick, off = false) =>
    el("button", { type: "button", title: text(name), "aria-label": text(name), onclick, disabled: off }, label);
  const go = (/** @type {number} */ by) => page.select.set(trials.order[trials.place[row] + by]);
  const scores = trials.curveNames.filter((name) => /^(val|train)_/.test(name)).map((curve) => {
    const error = trials.error(curve, row);
    const value = scoreText(scoreLabel(page, curve), trials.ranked(curve)[row]);
    return [scoreName(page, curve), Number.isFinite(error) ? `${value} ± ${brief(error, 2)}` : value];
  });
  const params = trials.panels.map((panel, k) => [panel.name, paramText(page, k, row)]);
  container.append(
    el("div", { class: "trial-head" },
      el("h2", {}, text("trial", { number: trials.number[row] }), row === data.search.winner ? el("span", { class: "badge" }, text("trial.winner")) : null),
      button("trial.better", "↑", () => go(-1), trials.place[row] === 0),
      button("trial.worse", "↓", () => go(1), trials.place[row] === trials.count - 1),
      button("close", "✕", () => page.select.set(-1))),
    el("p", { class: "soft" }, epochText(page, "trial.about", row, { place: trials.place[row] + 1, count: trials.count, state: stateText(page, row) })),
    el("h3", {}, text("trial.searched")), facts(params),
    el("h3", {}, epochText(page, "trial.scores", row)), facts(scores),
    el("h3", {}, text("trial.curves")));
  const curves = el("div");
  container.append(curves);
  trialCurves(curves, page, row);
  if (commands.trial) {
    container.append(el("h3", {}, text("trial.again")), copyable(`${commands.trial} ${trials.number[row]}`, text("copy"), text("copied")));
  }
  container.append(el("details", {}, el("summary", {}, text("trial.fixed")), facts(Object.entries(fixed))));
}

/** @param {[string, string][] | string[][]} rows */
function facts(rows) {
  return el("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}
