/** What the charts share: two layers of canvas, axes, marks, and how they follow the pointer. */

import { drawing, el, style } from "./dom.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {CanvasRenderingContext2D} Context */

/**
 * Add a chart of two canvases, one on the other: what is drawn once, and what follows the pointer.
 * @param {HTMLElement} container
 * @param {number} height
 * @param {string} label what the chart shows, for those who do not see it
 * @param {(context: Context, width: number, height: number) => void} base
 * @param {(context: Context, width: number, height: number) => void} top
 */
export function layers(container, height, label, base, top) {
  const box = el("div", { class: "layers" });
  container.append(box);
  const below = drawing(box, height, base, { "aria-label": label });
  const above = drawing(box, height, top, { "aria-hidden": "true", class: "over" });
  above.canvas.removeAttribute("role");
  return { box, draw: below.draw, drawTop: above.draw, canvas: above.canvas };
}

/**
 * Call the painters of a chart when what they show changes.
 * @param {Page} page
 * @param {{draw: () => void, drawTop: () => void}} chart
 */
export function followPage(page, chart) {
  page.watch(page.hover, chart.drawTop);
  page.watch(page.select, chart.drawTop);
  page.watch(page.filter, chart.draw);
}

/**
 * Hover and select the trial that `nearest` finds under the pointer.
 * @param {Page} page
 * @param {HTMLElement} target
 * @param {(x: number, y: number) => number} nearest returns a row, or -1; in pixels of the target
 */
export function pointing(page, target, nearest) {
  target.addEventListener("pointermove", (event) => {
    if (event.buttons) return;
    const { x, y } = within(event, target);
    page.hover.set(nearest(x, y));
  });
  target.addEventListener("pointerleave", () => page.hover.set(-1));
  target.addEventListener("click", (event) => {
    const { x, y } = within(event, target);
    const row = nearest(x, y);
    if (row >= 0) page.select.set(row);
  });
}

/** @param {MouseEvent} event @param {Element} target @returns {{x: number, y: number}} its place within the target */
export function within(event, target) {
  const { left, top } = target.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

/**
 * Call `moved` with the two places, in pixels, between which the pointer is dragged; a click is no drag.
 * @param {HTMLElement} target
 * @param {(from: {x: number, y: number}, to: {x: number, y: number}, ended: boolean) => void} moved
 */
export function dragging(target, moved) {
  target.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const from = within(event, target);
    let dragged = false;
    const move = (/** @type {PointerEvent} */ next) => {
      const to = within(next, target);
      dragged ||= Math.hypot(to.x - from.x, to.y - from.y) > 4;
      if (dragged) moved(from, to, false);
    };
    const up = (/** @type {PointerEvent} */ last) => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", up);
      window.removeEventListener("pointercancel", up);
      if (!dragged) return;
      moved(from, within(last, target), true);
      // The click that ends a drag selects nothing.
      const swallow = (/** @type {Event} */ click) => click.stopPropagation();
      window.addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => window.removeEventListener("click", swallow, { capture: true }));
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", up);
    window.addEventListener("pointercancel", up);
  });
}

/**
 * Draw horizontal lines and labels for the ticks of the y axis.
 * @param {Context} context
 * @param {import("./scale.js").Scale} y
 * @param {number} left
 * @param {number} right
 */
export function drawYAxis(context, y, left, right) {
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const { value, label } of y.ticks) {
    const place = Math.round(y.to(value)) + 0.5;
    line(context, left, place, right, place, style("--line"));
    context.fillStyle = style("--soft");
    context.fillText(label, left - 6, place);
  }
}

/**
 * Draw the ticks and labels of the x axis; a label that would touch the one before is left out.
 * @param {Context} context
 * @param {import("./scale.js").Scale} x
 * @param {number} bottom
 */
export function drawXAxis(context, x, bottom) {
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillStyle = style("--soft");
  let end = -Infinity;
  for (const { value, label } of x.ticks) {
    const place = x.to(value);
    const half = context.measureText(label).width / 2;
    line(context, place, bottom, place, bottom + 4, style("--faint"));
    if (place - half < end + 6) continue;
    context.fillText(label, place, bottom + 7);
    end = place + half;
  }
}

/** @param {Context} context @param {number} x @param {number} y @param {number} u @param {number} v @param {string} color */
export function line(context, x, y, u, v, color, width = 1) {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(u, v);
  context.stroke();
}

/** @param {Context} context @param {number} x @param {number} y @param {number} radius @param {string} color */
export function dot(context, x, y, radius, color) {
  context.fillStyle = color;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** @param {Context} context @param {number} x @param {number} y @param {number} radius @param {string} color */
export function ring(context, x, y, radius, color, width = 2) {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

/** A cross marks a trial that diverged. @param {Context} context @param {number} x @param {number} y @param {number} size @param {string} color */
export function cross(context, x, y, size, color) {
  line(context, x - size, y - size, x + size, y + size, color, 1.5);
  line(context, x - size, y + size, x + size, y - size, color, 1.5);
}

/** A star marks the winner. @param {Context} context @param {number} x @param {number} y @param {number} radius */
export function star(context, x, y, radius) {
  context.beginPath();
  for (let k = 0; k < 10; k++) {
    const size = k % 2 ? radius * 0.45 : radius;
    const angle = (Math.PI * k) / 5 - Math.PI / 2;
    context.lineTo(x + size * Math.cos(angle), y + size * Math.sin(angle));
  }
  context.closePath();
  context.fillStyle = style("--star");
  context.strokeStyle = style("--card");
  context.lineWidth = 1.5;
  context.fill();
  context.stroke();
}
