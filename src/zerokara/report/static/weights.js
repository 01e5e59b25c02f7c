/** The winner's weights, trained, at the start and their difference; its activations and gradients, layer by layer. */

import { largestSize } from "./arrays.js";
import { histogramView } from "./charts.js";
import { el } from "./dom.js";
import { brief } from "./format.js";
import { divergingColor, matrixView } from "./matrix.js";
import { painted } from "./samples.js";
import { text } from "./text.js";

/** @typedef {import("./forward.js").Matrix} Matrix */

/** @param {any} network */
export function weightsView(network) {
  const holder = el("div", {});
  const affine = /** @type {{layer: any, k: number}[]} */ (network.model.layers
    .map((/** @type {any} */ layer, /** @type {number} */ k) => ({ layer, k }))
    .filter((/** @type {any} */ each) => each.layer.layer === "affine"));
  /** @type {[string, () => HTMLElement[]][]} */
  const views = affine.map(({ layer, k }, number) => [
    `Affine${number + 1} (${layer.arrays.W.shape.join(" × ")})`,
    () => layerWeights(layer.arrays.W, network.start?.[`${k}.W`], k ? null : network.inputs),
  ]);
  if (network.images) views.unshift([text("weights.images"), () => firstImages(network)]);
  const tabs = views.map(([name, view]) => {
    const tab = el("button", { type: "button", class: "tab", onclick: () => open(tab, view) }, name);
    return tab;
  });
  const open = (/** @type {HTMLElement} */ tab, /** @type {() => HTMLElement[]} */ view) => {
    tabs.forEach((each) => each.toggleAttribute("aria-current", each === tab));
    holder.replaceChildren(...view());
  };
  if (tabs.length) open(tabs[0], views[0][1]);
  return el("div", {}, el("div", { class: "tabs" }, ...tabs), holder);
}

/** @param {Matrix} W @param {Matrix} [start] @param {string[] | null} [inputs] @returns {HTMLElement[]} */
function layerWeights(W, start, inputs) {
  const readout = el("p", { class: "note numbers" }, el("span", { class: "soft" }, text("weights.point")));
  const change = start && { data: Float32Array.from(W.data, (value, k) => value - start.data[k]), shape: W.shape };
  const all = /** @type {[string, Matrix | undefined][]} */ ([["trained", W], ["start", start], ["difference", change]]);
  const shown = /** @type {[string, Matrix][]} */ (all.filter(([, matrix]) => matrix));
  const top = Math.max(largestSize(W.data), largestSize(start?.data ?? []));
  const views = shown.map(([name, matrix]) =>
    matrixView({
      name: text(`weights.${name}`),
      matrix,
      top: name === "difference" ? largestSize(matrix.data) || 1 : top,
      width: 320,
      height: 420,
      point: (row, column) => {
        views.forEach((view) => view.mark([{ row, column }]));
        const numbers = shown.map(([each, { data }]) => el("span", {}, `${text(`weights.${each}`)} `, el("b", {}, brief(data[row * W.shape[1] + column], 6))));
        readout.replaceChildren(el("span", {}, el("var", {}, "W"), `[${row}, ${column}]${inputs ? ` (${inputs[row]})` : ""}`), ...numbers);
      },
      leave: () => views.forEach((view) => view.mark([])),
    }),
  );
  return [el("div", { class: "operands" }, ...views.map((view) => view.element)), readout];
}

/** @param {any} network @returns {HTMLElement[]} */
function firstImages(network) {
  const { title, blocks } = network.images;
  return [
    el("p", { class: "note" }, title),
    el("div", { class: "blocks" }, ...blocks.map((/** @type {any} */ block) => el("figure", { class: "tiles" }, el("figcaption", { class: "note soft" }, block.title), weightTiles(block.images)))),
  ];
}

/** Images (U, H, W) of 0 to 254, 127 being 0, in a grid. @param {Matrix} images */
function weightTiles(images) {
  const [count, height, width] = images.shape;
  const color = images.shape.length === 4;
  const columns = Math.min(10, count);
  const rows = Math.ceil(count / columns);
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { class: "tile-sheet", role: "img", "aria-label": text("weights.images") }));
  [canvas.width, canvas.height] = [columns * (width + 1) - 1, rows * (height + 1) - 1];
  return painted(canvas, () => {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const probe = /** @type {HTMLElement} */ (el("span"));
    document.body.append(probe);
    const colors = Array.from({ length: 255 }, (_, k) => {
      probe.style.color = divergingColor((k - 127) / 127);
      return colorNumbers(getComputedStyle(probe).color);
    });
    probe.remove();
    const image = context.createImageData(canvas.width, canvas.height);
    for (let u = 0; u < count; u += 1) {
      const [left, top] = [(u % columns) * (width + 1), Math.floor(u / columns) * (height + 1)];
      for (let k = 0; k < width * height; k += 1) {
        const at = 4 * ((top + Math.floor(k / width)) * canvas.width + left + (k % width));
        const from = (u * width * height + k) * (color ? 3 : 1);
        const shade = color ? [images.data[from], images.data[from + 1], images.data[from + 2]] : colors[images.data[from]];
        for (let c = 0; c < 3; c += 1) image.data[at + c] = shade[c];
        image.data[at + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
  });
}

/** The channels of a computed color, 0 to 255. @param {string} color */
function colorNumbers(color) {
  const numbers = (color.match(/[\d.]+/g) ?? []).map(Number);
  return color.startsWith("color(") ? numbers.slice(0, 3).map((value) => 255 * value) : numbers.slice(0, 3);
}

/** @param {any} network */
export function distributionsView(network) {
  const { start, trained } = network.distributions;
  /** @type {(kind: "activations" | "gradients", names: string[]) => HTMLElement} */
  const grid = (kind, names) => {
    const head = el("div", { class: "head" }, el("span", {}, text(`weights.${kind}`)), el("span", {}, text("weights.start")), el("span", {}, text("weights.trained")));
    const rows = names.map((name, k) => {
      const cells = [start, trained].map((which) => {
        const one = which[kind][k];
        const words = text("weights.spread", { mean: brief(one.mean, 3), deviation: brief(one.deviation, 3) });
        return el("div", {}, /** @type {any} */ (histogramView(one, `${name}: ${words}`)), el("span", { class: "note soft" }, words));
      });
      return el("div", { class: "line-of" }, el("span", { class: "row-name" }, name), ...cells);
    });
    return el("div", { class: "distribution" }, head, ...rows);
  };
  let number = 0;
  const names = trained.activations.map((/** @type {any} */ each) => `${each.kind}${each.kind === "Affine" ? (number += 1) : Math.max(1, number)}`);
  const slopes = trained.gradients.map((/** @type {any} */ _, /** @type {number} */ k) => `dW${k + 1}`);
  return el("div", { class: "pair aligned" }, grid("activations", names), grid("gradients", slopes));
}
