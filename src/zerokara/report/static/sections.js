/** The sections of a page, in the order in which their modules are imported by `main.js`. */

/** @typedef {import("./page.js").Page} Page */

/**
 * @typedef {object} Section
 * @property {string} id
 * @property {string} title a key of the dictionary; the key with ".about" is the sentence below the heading
 * @property {(container: HTMLElement, data: any, page: Page) => void} render fills an empty container
 * @property {(data: any) => boolean} shown whether a page with such data has the section
 */

/** @type {Section[]} */
const SECTIONS = [];

/**
 * Register a section.
 * @param {string} id also its anchor, and the class of its container
 * @param {string} title a key of the dictionary
 * @param {Section["render"]} render called again when the language changes; subscribe with `page.watch`
 * @param {Section["shown"]} [shown] by default always
 */
export function section(id, title, render, shown = () => true) {
  SECTIONS.push({ id, title, render, shown });
}

/** @param {any} data @returns {Section[]} the sections that a page with these data has */
export function sectionsOf(data) {
  return SECTIONS.filter((one) => one.shown(data));
}
