/** What mattered: the importance of each hyperparameter at the epoch that is chosen, as Python has computed it. */

import { epochSwitch } from "./controls.js";
import { el } from "./dom.js";
import { importanceBars } from "./shares.js";
import { section } from "./sections.js";
import { text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */

section("importances", "importances", renderImportances, (data) => data.search && data.search.panels.length > 1 && data.search.trials.state.length > 1);

/** @param {HTMLElement} container @param {any} data @param {Page} page */
function renderImportances(container, data, page) {
  const says = el("p", { class: "says", "aria-live": "polite" });
  const bars = el("div", { class: "bars card" });
  container.append(el("div", { class: "controls" }, epochSwitch(page)), says, bars);
  const update = () => {
    const { stops } = data.search;
    const stop = stops.find((/** @type {any} */ one) => one.epoch === page.epoch.get()) ?? stops[0];
    bars.replaceChildren(...importanceBars(page, stop.importances));
    bars.hidden = !bars.children.length;
    const values = { epoch: stop.epoch, count: stop.compared, all: page.trials.count };
    says.textContent = text(bars.hidden ? "importances.few" : "importances.at", values);
  };
  page.watch(page.epoch, update);
  page.watch(page.color, update);
  page.watch(page.live, update);
  update();
}
