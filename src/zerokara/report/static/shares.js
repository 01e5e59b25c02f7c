/** The importances as bars. */

import { el } from "./dom.js";
import { text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */

/**
 * Return a bar for each hyperparameter; a click colors the race by it.
 * @param {Page} page
 * @param {Record<string, number>} importances
 */
export function importanceBars(page, importances) {
  const top = Math.max(...Object.values(importances), 0);
  return Object.entries(importances).map(([name, share]) => {
    const index = page.trials.panels.findIndex((panel) => panel.name === name);
    return el(
      "button",
      { type: "button", class: "share", title: text("importances.color", { name }), "aria-pressed": String(index === page.color.get()), "data-name": name, "data-share": share, onclick: () => page.color.set(index) },
      el("span", { class: "name" }, name),
      el("span", { class: "track" }, el("i", { style: `width:${(100 * share) / (top || 1)}%` })),
      el("span", { class: "value" }, share.toFixed(2)),
    );
  });
}
