/** Elements and canvases. */

import { signal } from "./signal.js";

/** @typedef {Node | string | number | null | undefined | false} Child */

/** Changes when the colors or the width of the page change: what is drawn on a canvas is drawn again. */
export const redraw = signal(0);

/** @type {Map<string, string>} the styles that were asked for, as a chart asks for them at every dot */
const STYLES = new Map();
redraw.subscribe(() => STYLES.clear());

/**
 * Return a new HTML element. Of its properties, functions are listeners ("onclick"), `class` its classes, a boolean
 * sets or leaves out an attribute, and all others are attributes.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function el(tag, properties = {}, ...children) {
  return /** @type {HTMLElement} */ (fill(document.createElement(tag), properties, children));
}

/**
 * Return a new SVG element; see `el`.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, properties = {}, ...children) {
  return /** @type {SVGElement} */ (fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children));
}

/** @param {Element} element @param {Record<string, any>} properties @param {Child[]} children */
function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
  return element;
}

/**
 * Return a color or another property of the page's styles, such as `style("--accent")`.
 * @param {string} name
 */
export function style(name) {
  let value = STYLES.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    STYLES.set(name, value);
  }
  return value;
}

/**
 * @typedef {object} Drawing
 * @property {HTMLCanvasElement} canvas
 * @property {() => void} draw draws again, in the next frame
 */

/**
 * Add a canvas as wide as its container; `paint` draws it in units of CSS pixels, now and whenever sizes or colors change.
 * @param {HTMLElement} container
 * @param {number} height
 * @param {(context: CanvasRenderingContext2D, width: number, height: number) => void} paint
 * @param {Record<string, any>} [properties] of the canvas; give it an aria-label
 * @returns {Drawing}
 */
export function drawing(container, height, paint, properties = {}) {
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { role: "img", ...properties }));
  canvas.style.cssText = `display:block;width:100%;height:${height}px`;
  container.append(canvas);
  let waiting = false;
  const now = () => {
    waiting = false;
    if (!canvas.isConnected) return;
    const { clientWidth: width, clientHeight: tall } = canvas;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(tall * ratio);
    const context = canvas.getContext("2d");
    if (!context || !width) return;
    context.scale(ratio, ratio);
    context.font = `12px ${style("--font")}`;
    paint(context, width, tall);
  };
  const draw = () => {
    if (!waiting) requestAnimationFrame(now);
    waiting = true;
  };
  new ResizeObserver(draw).observe(canvas);
  const end = redraw.subscribe(() => (canvas.isConnected ? draw() : end()));
  return { canvas, draw };
}

/**
 * Return a button that copies a text, beside the text itself.
 * @param {string} content
 * @param {string} label
 * @param {string} done what the button says afterwards
 */
export function copyable(content, label, done) {
  const button = el("button", { type: "button", class: "copy" }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(content);
    } catch {
      const area = /** @type {HTMLTextAreaElement} */ (el("textarea", { class: "hidden" }));
      area.value = content;
      document.body.append(area);
      area.select();
      document.execCommand("copy"); // Where a page from disk may not use the clipboard.
      area.remove();
    }
    button.textContent = done;
    setTimeout(() => (button.textContent = label), 1500);
  });
  return el("div", { class: "command" }, el("code", {}, content), button);
}
