/** The validation samples that the page has: as pictures or rows, with the truth and the winner's answer. */

import { rowOf } from "./arrays.js";
import { el, redraw } from "./dom.js";
import { brief, percent } from "./format.js";
import { signal } from "./signal.js";
import { text } from "./text.js";

/** The place of the sample that "Try it" shows, -1 for none. */
export const chosenSample = signal(-1);

/** The samples' numbers in the data's own units. @param {any} network @param {number} place @returns {Float64Array} */
export function sampleNumbers(network, place) {
  const { values, divisor } = network.samples.x;
  return Float64Array.from(rowOf(values, place), (value) => Math.fround(value / divisor));
}

/** @param {any} network @param {number} place @returns {Record<string, import("./forward.js").Cell>} */
export function sampleCells(network, place) {
  const cells = Object.entries(network.samples.cells);
  return Object.fromEntries(cells.map(([name, column]) => [name, /** @type {any} */ (column)[place]]));
}

/** The lowest and highest pixel. @param {any} network @returns {[number, number]} */
export function pixelEnds(network) {
  return [network.pixels?.low ?? 0, network.pixels?.high ?? 1];
}

/**
 * Paint numbers as a picture.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} numbers @param {number[]} shape (H, W) or (H, W, 3)
 * @param {[number, number]} ends
 */
export function paintPicture(canvas, numbers, shape, [low, high]) {
  const [height, width] = shape;
  const colors = shape[2] === 3 ? 3 : 1;
  [canvas.width, canvas.height] = [width, height];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  for (let k = 0; k < width * height; k += 1) {
    for (let c = 0; c < 3; c += 1) {
      image.data[4 * k + c] = (255 * (numbers[colors * k + (colors === 3 ? c : 0)] - low)) / (high - low || 1);
    }
    image.data[4 * k + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** @param {ArrayLike<number>} numbers @param {number[]} shape @param {[number, number]} ends */
export function pictureOf(numbers, shape, ends) {
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { class: "thumb" }));
  paintPicture(canvas, numbers, shape, ends);
  return canvas;
}

/** What is right for a sample, and what the winner says. @param {any} network @param {number} place */
export function verdictOf(network, place) {
  const { truth, answers } = network.samples;
  if (network.task === "regression") {
    const [right, said] = [rowOf(truth, place), rowOf(answers, place)];
    return network.classes.map((/** @type {string} */ name, /** @type {number} */ c) => text("sample.value", { name, truth: brief(right[c]), answer: brief(said[c]) })).join("; ");
  }
  if (network.task === "multilabel") return text("sample.number", { number: network.samples.rows.data[place] });
  const chances = rowOf(answers, place);
  const best = chances.indexOf(Math.max(...chances));
  const right = truth.data[place];
  const key = best === right ? "sample.right" : "sample.wrong";
  return text(key, { truth: network.classes[right], answer: network.classes[best], chance: percent(chances[best], 0), own: percent(chances[right], 1) });
}

/**
 * Return a sample as a picture or a list of its cells; a click shows it in "Try it".
 * @param {any} network @param {number} place
 */
export function sampleView(network, place) {
  const caption = verdictOf(network, place);
  const number = network.samples.rows.data[place];
  const open = () => {
    chosenSample.set(place);
    document.getElementById("try")?.scrollIntoView();
  };
  const shown = network.image
    ? pictureOf(sampleNumbers(network, place), network.sample_shape, pixelEnds(network))
    : el("div", { class: "cells-list" }, ...rowItems(network, place));
  const title = text("sample.title", { number });
  return el("button", { type: "button", class: network.image ? "sample picture" : "sample row", title, onclick: open }, shown, el("span", { class: "caption" }, caption));
}

/** @param {any} network @param {number} place */
function rowItems(network, place) {
  const named = network.samples.cells
    ? Object.entries(sampleCells(network, place))
    : Array.from(sampleNumbers(network, place).slice(0, 12), (value, k) => [`x${k}`, value]);
  return named.map(([name, cell]) =>
    el("span", {}, el("i", {}, String(name)), ` ${cell === null ? "–" : typeof cell === "number" ? brief(cell) : String(cell)}`),
  );
}

/** Draw something now and whenever the colors change. @param {HTMLElement} element @param {() => void} paint */
export function painted(element, paint) {
  paint();
  const end = redraw.subscribe(() => (element.isConnected ? paint() : end()));
  return element;
}
