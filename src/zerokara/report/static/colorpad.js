/** A pad to paint one color picture on, or to paint over a sample, in the size and pixel range of the network's pictures. */

import { switcher } from "./controls.js";
import { el } from "./dom.js";
import { paintPicture } from "./samples.js";
import { coverage, onStroke, padFrame, strokesOnto } from "./strokes.js";
import { text } from "./text.js";

/** @typedef {import("./strokes.js").Stroke} Stroke */

const PALETTE = {
  black: "#000000", gray: "#808080", white: "#ffffff", red: "#d32f2f", orange: "#f57c00", yellow: "#fbd34d",
  green: "#388e3c", sky: "#64b5f6", blue: "#1e4fa3", purple: "#7b1fa2", brown: "#795548", sand: "#e0c097",
};
const BRUSHES = { fine: 0.04, medium: 0.1, broad: 0.22 }; // Parts of the picture's longer side.

/**
 * @param {number[]} shape (H, W, 3) of the pictures
 * @param {{low: number, high: number, background: number}} pixels
 * @param {(numbers: Float64Array) => void} painted called with the picture as numbers after each change
 */
export function colorPad([height, width], pixels, painted) {
  const shape = [height, width, 3];
  const ends = /** @type {[number, number]} */ ([pixels.low, pixels.high]);
  const span = pixels.high - pixels.low;
  const plain = (/** @type {string} */ color) => {
    const numbers = channels(color).map((share) => pixels.low + share * span);
    return Float64Array.from({ length: height * width * 3 }, (_, k) => numbers[k % 3]);
  };
  const empty = new Float64Array(height * width * 3).fill(pixels.background);
  /** @type {Float64Array} what is painted on */
  let ground = empty;
  /** @type {Stroke[]} */
  let strokes = [];
  let color = PALETTE.red;
  /** @type {number} */
  let brush = BRUSHES.medium;

  const show = (/** @type {Float64Array} */ numbers) => {
    [ground, strokes] = [numbers, []];
    change();
  };
  const clear = () => show(empty);
  const tools = el("div", { class: "paints" });
  const { canvas, seen, scale, element } = padFrame([height, width], clear, tools);
  const change = () => {
    const cover = coverage(strokes, [height, width]);
    const numbers = ground.map((number, k) => {
      const cell = 4 * Math.floor(k / 3);
      const bare = 1 - cover[cell + 3];
      return bare === 1 ? number : bare * number + cover[cell + 3] * pixels.low + cover[cell + (k % 3)] * span;
    });
    paintPicture(seen, ground, shape, ends);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(seen, 0, 0, canvas.width, canvas.height);
    context.setTransform(2 * scale, 0, 0, 2 * scale, 0, 0);
    strokesOnto(context, strokes);
    paintPicture(seen, numbers, shape, ends);
    painted(numbers);
  };
  onStroke(canvas, [height, width], (point, first) => {
    if (first || !strokes.length) strokes.push({ color, width: Math.max(1, brush * Math.max(height, width)), points: [] });
    strokes[strokes.length - 1].points.push(point);
    change();
  });
  const own = /** @type {HTMLInputElement} */ (
    el("input", { type: "color", value: color, "aria-label": text("paint.own"), title: text("paint.own"), oninput: () => choose(own.value) })
  );
  const swatches = Object.entries(PALETTE).map(([name, value]) =>
    el("button", { type: "button", class: "swatch", "data-color": name, style: `background:${value}`, "aria-label": text(`paint.${name}`), title: text(`paint.${name}`), onclick: () => choose(value) }),
  );
  const choose = (/** @type {string} */ value) => {
    [color, own.value] = [value, value];
    swatches.forEach((swatch, k) => swatch.setAttribute("aria-pressed", String(Object.values(PALETTE)[k] === value)));
  };
  choose(color);
  const sizes = Object.entries(BRUSHES).map(([name, size]) => /** @type {[number, string]} */ ([size, text(`paint.${name}`)]));
  tools.append(
    el("div", { class: "palette", role: "group", "aria-label": text("paint.color") }, ...swatches, own),
    switcher(text("paint.brush"), sizes, brush, (size) => void (brush = size)).element,
    el("button", { type: "button", class: "fill", onclick: () => show(plain(color)) }, text("paint.fill")),
  );
  return { element, clear, show };
}

/** Red, green and blue, from 0 to 1. @param {string} color "#rrggbb" */
function channels(color) {
  return [1, 3, 5].map((place) => parseInt(color.slice(place, place + 2), 16) / 255);
}
