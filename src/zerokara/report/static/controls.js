/** Switches, lists and sliders above the charts. */

import { el } from "./dom.js";
import { text } from "./text.js";

/**
 * Return buttons of which one is pressed.
 * @template {string | number} T
 * @param {string} label
 * @param {[T, string][]} options each value with its name
 * @param {T} value
 * @param {(value: T) => void} chosen
 */
export function switcher(label, options, value, chosen) {
  const buttons = options.map(([option, name]) =>
    el("button", { type: "button", "data-value": option, "aria-pressed": String(option === value), onclick: () => press(option) }, name),
  );
  const show = (/** @type {T} */ option) => {
    buttons.forEach((button, k) => button.setAttribute("aria-pressed", String(options[k][0] === option)));
  };
  const press = (/** @type {T} */ option) => {
    show(option);
    chosen(option);
  };
  const element = el("div", { class: "switch", role: "group", "aria-label": label }, el("span", { class: "label" }, label), el("div", {}, ...buttons));
  return { element, show };
}

/**
 * Return a list to choose from.
 * @template {string | number} T
 * @param {string} label
 * @param {[T, string][]} options
 * @param {T} value
 * @param {(value: T) => void} chosen
 */
export function list(label, options, value, chosen) {
  const select = /** @type {HTMLSelectElement} */ (el("select", { onchange: () => chosen(options[select.selectedIndex][0]) }));
  for (const [option, name] of options) select.append(el("option", { value: option, selected: option === value }, name));
  return el("label", { class: "list" }, el("span", { class: "label" }, label), select);
}

/**
 * Return a slider over a few places, with a button that plays them one after another.
 * @param {string} label
 * @param {number} count the number of places
 * @param {number} value
 * @param {(value: number) => void} moved
 * @param {number} [pause] milliseconds between two places
 */
export function player(label, count, value, moved, pause = 900) {
  const input = /** @type {HTMLInputElement} */ (
    el("input", { type: "range", min: 0, max: count - 1, step: 1, value, "aria-label": label, oninput: () => moved(Number(input.value)) })
  );
  let timer = 0;
  const button = el("button", { type: "button", class: "play", "aria-label": text("play"), title: text("play"), onclick: () => (timer ? stop() : play()) }, "▶");
  const go = (/** @type {number} */ place) => {
    input.value = String(place);
    moved(place);
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "▶";
  };
  const play = () => {
    button.textContent = "❚❚";
    if (Number(input.value) >= count - 1) go(0);
    timer = window.setInterval(() => {
      if (!input.isConnected || Number(input.value) >= count - 1) stop();
      else go(Number(input.value) + 1);
    }, pause);
  };
  input.addEventListener("pointerdown", stop);
  return { element: el("div", { class: "player" }, button, input), input, go };
}

/**
 * Return the choice of the epoch at which trials are compared; it is one choice for the whole page.
 * @param {import("./page.js").Page} page
 */
export function epochSwitch(page) {
  const element = el("div", { class: "switch", role: "group", "aria-label": text("compare.at") });
  let shown = "";
  const update = () => {
    const epochs = page.data.search.stops.map((/** @type {any} */ stop) => stop.epoch);
    element.hidden = epochs.length < 2;
    if (shown !== String(epochs)) {
      const options = epochs.map((/** @type {number} */ epoch) => [epoch, String(epoch)]);
      element.replaceChildren(...switcher(text("compare.at"), options, page.epoch.get(), (epoch) => page.epoch.set(epoch)).element.children);
      shown = String(epochs);
    }
    for (const button of element.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.value === String(page.epoch.get())));
  };
  page.watch(page.epoch, update);
  page.watch(page.live, update);
  update();
  return element;
}
