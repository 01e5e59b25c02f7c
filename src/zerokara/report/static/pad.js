/** A pad to draw one picture on, in the size, place and pixel range of the pictures that the network was trained on. */

import { el, style } from "./dom.js";
import { paintPicture } from "./samples.js";
import { text } from "./text.js";

/** @typedef {{extent: number, center: [number, number]}} Habit how large the training pictures' ink is, and where */
/** @typedef {[number, number][]} Stroke points in units of the picture's pixels */

const PAD_SIZE = 280;

/**
 * @param {number[]} shape (H, W) of the pictures
 * @param {{low: number, high: number, background: number}} pixels
 * @param {Habit | null} habit
 * @param {(numbers: Float64Array) => void} drawn called with the picture as numbers after each change
 */
export function drawingPad([height, width], pixels, habit, drawn) {
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { class: "pad", "aria-label": text("try.pad"), role: "img", tabindex: 0 }));
  const seen = /** @type {HTMLCanvasElement} */ (el("canvas", { class: "thumb seen" }));
  const scale = PAD_SIZE / Math.max(height, width);
  [canvas.width, canvas.height] = [width * scale * 2, height * scale * 2];
  canvas.style.width = `${width * scale}px`;
  const brush = Math.max(1.3, 0.085 * Math.max(height, width));
  const ends = /** @type {[number, number]} */ ([pixels.low, pixels.high]);
  const dark = pixels.background - pixels.low < (pixels.high - pixels.low) / 2;
  /** @type {Stroke[]} */
  let strokes = [];
  /** @type {Float64Array | null} */
  let sample = null;

  const paint = () => {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = dark ? "#000" : "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (sample) {
      context.imageSmoothingEnabled = false;
      context.drawImage(seen, 0, 0, canvas.width, canvas.height);
    }
    context.strokeStyle = dark ? "#fff" : "#000";
    context.setTransform(2 * scale, 0, 0, 2 * scale, 0, 0);
    strokesOnto(context, strokes, brush);
    if (!strokes.length && !sample) {
      context.setTransform(2, 0, 0, 2, 0, 0);
      context.fillStyle = style("--faint");
      context.font = `14px ${style("--font")}`;
      context.textAlign = "center";
      context.fillText(text("try.draw"), (width * scale) / 2, (height * scale) / 2);
    }
  };
  const change = () => {
    const ink = sample ? null : inkOf(strokes, height, width, brush, habit);
    const full = dark ? pixels.high : pixels.low;
    const numbers = sample ?? Float64Array.from(/** @type {Float64Array} */ (ink), (share) => pixels.background + share * (full - pixels.background));
    paintPicture(seen, numbers, [height, width], ends);
    paint();
    drawn(numbers);
  };
  const point = (/** @type {PointerEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    return /** @type {[number, number]} */ ([((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height]);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (sample) [sample, strokes] = [null, []];
    strokes.push([point(event)]);
    change();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId) || !strokes.length) return;
    strokes[strokes.length - 1].push(point(event));
    change();
  });
  const clear = () => {
    [sample, strokes] = [null, []];
    change();
  };
  const button = el("button", { type: "button", class: "clear", onclick: clear }, text("try.clear"));
  const beside = el("div", { class: "beside" }, el("span", { class: "note soft" }, text("try.seen")), seen, button);
  return {
    element: el("div", { class: "pad-view" }, canvas, beside),
    clear,
    /** @param {Float64Array} numbers */
    show(numbers) {
      [sample, strokes] = [numbers, []];
      change();
    },
  };
}

/** Draw strokes with a round brush. @param {CanvasRenderingContext2D} context @param {Stroke[]} strokes @param {number} brush */
function strokesOnto(context, strokes, brush) {
  context.lineWidth = brush;
  [context.lineCap, context.lineJoin] = ["round", "round"];
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(...stroke[0]);
    for (const [x, y] of stroke.length > 1 ? stroke : [[stroke[0][0] + 0.01, stroke[0][1]]]) context.lineTo(x, y);
    context.stroke();
  }
}

/**
 * The share of each pixel that is covered by ink; the strokes are enlarged and moved as the training pictures are.
 * @param {Stroke[]} strokes @param {number} height @param {number} width @param {number} brush @param {Habit | null} habit
 */
function inkOf(strokes, height, width, brush, habit) {
  const cells = new Float64Array(height * width);
  if (!strokes.length) return cells;
  let [zoom, dx, dy] = [1, 0, 0];
  const points = strokes.flat();
  if (habit) {
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const size = Math.max((Math.max(...xs) - Math.min(...xs)) / width, (Math.max(...ys) - Math.min(...ys)) / height);
    const room = habit.extent - brush / Math.max(height, width);
    zoom = size > 0.15 ? Math.min(3, Math.max(0.4, room / size)) : 1;
  }
  const render = () => inkCoverage(strokes, height, width, brush, zoom, dx, dy);
  if (!habit) return render();
  const middle = (/** @type {number} */ axis) => (Math.max(...points.map((p) => p[axis])) + Math.min(...points.map((p) => p[axis]))) / 2;
  [dx, dy] = [width / 2 - zoom * middle(0), height / 2 - zoom * middle(1)];
  const first = render();
  const total = first.reduce((sum, each) => sum + each, 0) || 1;
  const x = first.reduce((sum, each, k) => sum + each * ((k % width) + 0.5), 0) / total;
  const y = first.reduce((sum, each, k) => sum + each * (Math.floor(k / width) + 0.5), 0) / total;
  [dx, dy] = [dx + habit.center[1] * width - x, dy + habit.center[0] * height - y];
  return render();
}

/**
 * @param {Stroke[]} strokes @param {number} height @param {number} width @param {number} brush
 * @param {number} zoom @param {number} dx @param {number} dy
 */
function inkCoverage(strokes, height, width, brush, zoom, dx, dy) {
  const fine = Math.max(6, Math.ceil(160 / Math.max(height, width)));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * fine, height * fine];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.setTransform(fine * zoom, 0, 0, fine * zoom, fine * dx, fine * dy);
  context.strokeStyle = "#000";
  strokesOnto(context, strokes, brush / zoom);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const cells = new Float64Array(height * width);
  for (let r = 0; r < canvas.height; r += 1) {
    for (let c = 0; c < canvas.width; c += 1) {
      cells[Math.floor(r / fine) * width + Math.floor(c / fine)] += pixels[4 * (r * canvas.width + c) + 3] / 255;
    }
  }
  return cells.map((sum) => Math.min(1, (1.15 * sum) / fine ** 2));
}
