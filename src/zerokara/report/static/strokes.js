/** Strokes of a pointer on a canvas that shows a picture enlarged, and how much of each pixel they cover. */

import { el } from "./dom.js";
import { text } from "./text.js";

/**
 * @typedef {object} Stroke
 * @property {string} color
 * @property {number} width in units of the picture's pixels, like the points
 * @property {[number, number][]} points
 */

const PAD_SIZE = 280;

/**
 * Return an empty canvas for a picture, a small one for what the network gets, and a button that clears both.
 * @param {number[]} shape (H, W) of the picture
 * @param {() => void} clear
 * @param {...HTMLElement} tools shown beside
 */
export function padFrame([height, width], clear, ...tools) {
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { class: "pad", "aria-label": text("try.pad"), role: "img", tabindex: 0 }));
  const seen = /** @type {HTMLCanvasElement} */ (el("canvas", { class: "thumb seen" }));
  const scale = PAD_SIZE / Math.max(height, width);
  [canvas.width, canvas.height] = [width * scale * 2, height * scale * 2];
  canvas.style.width = `${width * scale}px`;
  const button = el("button", { type: "button", class: "clear", onclick: clear }, text("try.clear"));
  const beside = el("div", { class: "beside" }, el("span", { class: "note soft" }, text("try.seen")), seen, button);
  return { canvas, seen, scale, element: el("div", { class: "pad-view" }, canvas, beside, ...tools) };
}

/**
 * Call for each place of a pointer that is pressed on a canvas, in units of the picture's pixels.
 * @param {HTMLCanvasElement} canvas @param {number[]} shape (H, W) of the picture
 * @param {(point: [number, number], first: boolean) => void} moved
 */
export function onStroke(canvas, [height, width], moved) {
  const point = (/** @type {PointerEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    return /** @type {[number, number]} */ ([((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height]);
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return; // The others have menus.
    canvas.setPointerCapture(event.pointerId);
    moved(point(event), true);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) moved(point(event), false);
  });
}

/**
 * Draw strokes with a round brush. @param {CanvasRenderingContext2D} context @param {Stroke[]} strokes
 * @param {number} [zoom] by which the canvas enlarges places, but not the brush
 */
export function strokesOnto(context, strokes, zoom = 1) {
  [context.lineCap, context.lineJoin] = ["round", "round"];
  for (const { color, width, points } of strokes) {
    [context.lineWidth, context.strokeStyle] = [width / zoom, color];
    context.beginPath();
    context.moveTo(...points[0]);
    for (const [x, y] of points.length > 1 ? points : [[points[0][0] + 0.01, points[0][1]]]) context.lineTo(x, y);
    context.stroke();
  }
}

/**
 * Return for each pixel of the picture the sums over its parts of red, green and blue, each times the share that is
 * covered, and of that share, (H * W * 4), divided by the number of parts: 1 is a pixel that is covered completely.
 * @param {Stroke[]} strokes @param {number[]} shape (H, W) of the picture
 * @param {number} [zoom] @param {number} [dx] @param {number} [dy] how the strokes are enlarged, then moved
 */
export function coverage(strokes, [height, width], zoom = 1, dx = 0, dy = 0) {
  const fine = Math.max(6, Math.ceil(160 / Math.max(height, width)));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * fine, height * fine];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.setTransform(fine * zoom, 0, 0, fine * zoom, fine * dx, fine * dy);
  strokesOnto(context, strokes, zoom);
  const parts = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const sums = new Float64Array(height * width * 4);
  for (let r = 0; r < canvas.height; r += 1) {
    for (let c = 0; c < canvas.width; c += 1) {
      const from = 4 * (r * canvas.width + c);
      const to = 4 * (Math.floor(r / fine) * width + Math.floor(c / fine));
      const share = parts[from + 3] / 255 / fine ** 2;
      for (let k = 0; k < 3; k += 1) sums[to + k] += (share * parts[from + k]) / 255;
      sums[to + 3] += share;
    }
  }
  return sums;
}
