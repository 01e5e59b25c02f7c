/** The words of the page, in the language that is shown; the one dictionary is `dictionary.json`. */

import { signal } from "./signal.js";

/** @type {Record<string, string[]>} */
const WORDS = JSON.parse(document.getElementById("zk-text")?.textContent ?? "{}");
const LANGUAGES = ["en", "ja"];

/** The language that is shown, "en" or "ja". */
export const language = signal(recalled("language", navigator.language.startsWith("ja") ? "ja" : "en"));

/**
 * Return the text of a key, with `{name}` replaced by values; the key itself if there is no such text. Of a count of 1
 * it is that of the key with ".one", if there is one.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function text(key, values = {}) {
  const words = (Number(values.count) === 1 && WORDS[`${key}.one`]) || WORDS[key];
  const line = words ? words[LANGUAGES.indexOf(language.get())] ?? words[0] : key;
  return line.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** @returns {string} what separates two sentences */
export function gap() {
  return language.get() === "ja" ? "" : " ";
}

/** @param {string} key @returns {boolean} whether the dictionary has the key */
export function hasText(key) {
  return key in WORDS;
}

/** Show the page in the other language. */
export function switchLanguage() {
  language.set(language.get() === "en" ? "ja" : "en");
  remember("language", language.get());
}

/** @param {string} name @param {string} otherwise @returns {string} what `remember` has kept */
export function recalled(name, otherwise) {
  try {
    return localStorage.getItem(`zerokara-${name}`) ?? otherwise;
  } catch {
    return otherwise; // Some browsers keep nothing for files.
  }
}

/** Keep a choice of the reader for the next page. @param {string} name @param {string} value */
export function remember(name, value) {
  try {
    localStorage.setItem(`zerokara-${name}`, value);
  } catch {
    // It is kept for this page alone.
  }
}
