/** A matrix as a picture of its cells: blue below 0, orange above; each cell can be pointed at. */

import { cellOf, largestSize } from "./arrays.js";
import { el, redraw, style } from "./dom.js";
import { brief } from "./format.js";

/** @typedef {import("./forward.js").Matrix} Matrix */
/** @typedef {{row?: number, column?: number}} Mark a row, a column, or both for one cell */
/**
 * @typedef {object} MatrixOptions
 * @property {string} name
 * @property {Matrix} matrix
 * @property {string} [shape] the shape in words, where cells are left out
 * @property {number} [top] the size of the strongest color; by default the largest in the matrix
 * @property {number} [width] the most pixels across
 * @property {number} [height]
 * @property {(row: number, column: number) => void} [point] called with the cell under the pointer
 * @property {() => void} [leave]
 */

const NUMBERS_SHOWN = 12;
const NUMBER_WIDTH = 54;

/** @param {number} value from -1 to 1 @returns {string} a color of the page's theme */
export function divergingColor(value) {
  const share = Math.round(100 * Math.min(1, Math.abs(value)) ** 0.7);
  if (!Number.isFinite(value)) return "transparent";
  return `color-mix(in srgb, ${value < 0 ? "var(--negative)" : "var(--positive)"} ${share}%, var(--card))`;
}

/** The colors of a palette as numbers, -1 at index 0 and 1 at 200. */
function palette() {
  const probe = el("span");
  document.body.append(probe);
  const read = (/** @type {string} */ name) => {
    probe.style.color = style(name);
    return (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  };
  const [low, zero, high] = [read("--negative"), read("--card"), read("--positive")];
  probe.remove();
  return Array.from({ length: 201 }, (_, k) => {
    const share = (Math.abs(k - 100) / 100) ** 0.7;
    const end = k < 100 ? low : high;
    return zero.map((each, c) => Math.round(each + (end[c] - each) * share));
  });
}

/**
 * Return an element that shows a matrix, and a function that outlines rows, columns or cells of it.
 * @param {MatrixOptions} options
 */
export function matrixView(options) {
  const { matrix, name } = options;
  const [rows, columns] = matrix.shape;
  const written = columns <= NUMBERS_SHOWN && rows <= NUMBERS_SHOWN;
  const most = options.width ?? 330;
  const wide = written ? Math.min(NUMBER_WIDTH, most / columns) : Math.max(2, Math.min(columns < 5 ? 40 : 18, Math.floor(most / columns)));
  const tall = written ? 22 : Math.max(2, Math.min(18, Math.floor((options.height ?? 260) / rows), Math.max(wide, 8)));
  const canvas = /** @type {HTMLCanvasElement} */ (
    el("canvas", { class: "cells", role: "img", "aria-label": `${name}, ${rows} × ${columns}` })
  );
  const [width, height] = [Math.ceil(wide * columns), Math.ceil(tall * rows)];
  canvas.style.width = `${width}px`;
  canvas.style.aspectRatio = `${width} / ${height}`;
  const top = options.top ?? (largestSize(matrix.data) || 1);
  const still = document.createElement("canvas");

  const paint = () => {
    const ratio = window.devicePixelRatio || 1;
    for (const each of [canvas, still]) [each.width, each.height] = [width * ratio, height * ratio];
    const context = /** @type {CanvasRenderingContext2D} */ (still.getContext("2d"));
    context.scale(ratio, ratio);
    const colors = palette();
    context.font = `11px ${style("--mono")}`;
    [context.textAlign, context.textBaseline] = ["center", "middle"];
    for (let r = 0; r < rows; r += 1) {
      for (let c = 0; c < columns; c += 1) {
        const value = cellOf(matrix, r, c);
        const place = Math.round(100 + 100 * Math.max(-1, Math.min(1, value / top)));
        const [red, green, blue] = Number.isFinite(value) ? colors[place] : [128, 128, 128];
        context.fillStyle = `rgb(${red} ${green} ${blue})`;
        context.fillRect(c * wide, r * tall, wide - (wide > 6 ? 1 : 0), tall - (tall > 6 ? 1 : 0));
        if (written && wide > 34) {
          context.fillStyle = 0.3 * red + 0.6 * green + 0.1 * blue > 140 ? "#111" : "#fff";
          context.fillText(brief(value, 3), (c + 0.5) * wide, (r + 0.5) * tall);
        }
      }
    }
    mark([]);
  };

  /** @param {Mark[]} marks */
  const mark = (marks) => {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const ratio = still.width / width;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(still, 0, 0);
    context.scale(ratio, ratio);
    context.strokeStyle = style("--ink");
    context.lineWidth = 1.5;
    for (const { row, column } of marks) {
      const [x, w] = column === undefined ? [0, width] : [column * wide, wide];
      const [y, h] = row === undefined ? [0, height] : [row * tall, tall];
      context.strokeRect(x + 0.75, y + 0.75, Math.max(w - 1.5, 1), Math.max(h - 1.5, 1));
    }
  };

  const pointed = (/** @type {PointerEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
    if (row >= 0 && row < rows && column >= 0 && column < columns) options.point?.(row, column);
  };
  canvas.addEventListener("pointermove", pointed);
  canvas.addEventListener("pointerdown", pointed);
  canvas.addEventListener("pointerleave", () => options.leave?.());
  paint();
  const end = redraw.subscribe(() => (canvas.isConnected ? paint() : end()));
  const caption = el(
    "figcaption",
    {},
    el("var", { class: "symbol" }, name),
    el("span", { class: "shape" }, options.shape ?? `${rows} × ${columns}`),
  );
  return { element: el("figure", { class: "matrix" }, caption, canvas), mark };
}
