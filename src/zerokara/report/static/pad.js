/** A pad to draw one gray picture on, in the size, place and pixel range of the pictures that the network was trained on. */

import { style } from "./dom.js";
import { paintPicture } from "./samples.js";
import { coverage, onStroke, padFrame, strokesOnto } from "./strokes.js";
import { text } from "./text.js";

/** @typedef {import("./strokes.js").Stroke} Stroke */
/** @typedef {{extent: number, center: [number, number]}} Habit how large the training pictures' ink is, and where */

/**
 * @param {number[]} shape (H, W) of the pictures
 * @param {{low: number, high: number, background: number}} pixels
 * @param {Habit | null} habit
 * @param {(numbers: Float64Array) => void} drawn called with the picture as numbers after each change
 */
export function drawingPad([height, width], pixels, habit, drawn) {
  const clear = () => {
    [sample, strokes] = [null, []];
    change();
  };
  const { canvas, seen, scale, element } = padFrame([height, width], clear);
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
    context.setTransform(2 * scale, 0, 0, 2 * scale, 0, 0);
    strokesOnto(context, strokes);
    if (!strokes.length && !sample) {
      context.setTransform(2, 0, 0, 2, 0, 0);
      context.fillStyle = style("--faint");
      context.font = `14px ${style("--font")}`;
      context.textAlign = "center";
      context.fillText(text("try.draw"), (width * scale) / 2, (height * scale) / 2);
    }
  };
  const change = () => {
    const full = dark ? pixels.high : pixels.low;
    const numbers = sample ?? inkOf(strokes, [height, width], brush, habit).map((share) => pixels.background + share * (full - pixels.background));
    paintPicture(seen, numbers, [height, width], ends);
    paint();
    drawn(numbers);
  };
  onStroke(canvas, [height, width], (point, first) => {
    if (sample) [sample, strokes] = [null, []];
    if (first || !strokes.length) strokes.push({ color: dark ? "#fff" : "#000", width: brush, points: [] });
    strokes[strokes.length - 1].points.push(point);
    change();
  });
  return {
    element,
    clear,
    /** @param {Float64Array} numbers */
    show(numbers) {
      [sample, strokes] = [numbers, []];
      change();
    },
  };
}

/**
 * The share of each pixel that is covered by ink; the strokes are enlarged and moved as the training pictures are.
 * @param {Stroke[]} strokes @param {number[]} shape (H, W) @param {number} brush @param {Habit | null} habit
 */
function inkOf(strokes, [height, width], brush, habit) {
  if (!strokes.length) return new Float64Array(height * width);
  let [zoom, dx, dy] = [1, 0, 0];
  const points = strokes.flatMap((stroke) => stroke.points);
  if (habit) {
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const size = Math.max((Math.max(...xs) - Math.min(...xs)) / width, (Math.max(...ys) - Math.min(...ys)) / height);
    const room = habit.extent - brush / Math.max(height, width);
    zoom = size > 0.15 ? Math.min(3, Math.max(0.4, room / size)) : 1;
  }
  const render = () => coverage(strokes, [height, width], zoom, dx, dy).filter((_, k) => k % 4 === 3).map((share) => Math.min(1, 1.15 * share));
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
