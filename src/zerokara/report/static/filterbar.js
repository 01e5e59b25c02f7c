/** The bar that says which filters are set, and removes them. */

import { el } from "./dom.js";
import { text } from "./text.js";

/**
 * @param {HTMLElement} root
 * @param {import("./page.js").Page} page
 */
export function filterBar(root, page) {
  const bar = el("div", { class: "filters", role: "status", hidden: true });
  root.append(bar);
  const update = () => {
    const tests = page.filter.tests();
    bar.hidden = !tests.length;
    const chips = tests.map(([name, label]) =>
      el("button", { type: "button", class: "chip", title: text("filter.remove"), onclick: () => page.filter.set(name, null) }, label, el("span", { "aria-hidden": "true" }, " ✕")));
    bar.replaceChildren(
      el("b", {}, text("filter.count", { count: page.filter.count(), all: page.trials.count })), ...chips,
      el("button", { type: "button", class: "clear", onclick: () => page.filter.clear() }, text("filter.clear")));
  };
  page.watch(page.filter, update);
  update();
}
