/** The names of scores, as readers know them. */

import { hasText, text } from "./text.js";

/**
 * Return the name of a curve, such as "validation accuracy" for "val_score".
 * @param {import("./page.js").Page} page
 * @param {string} curve
 */
export function scoreName(page, curve) {
  return text(`score.${curve.startsWith("train_") ? "training" : "validation"}`, { name: plainScoreName(page, curve) });
}

/** @param {import("./page.js").Page} page @param {string} curve @returns {string} its name without its part, such as "accuracy" */
export function plainScoreName(page, curve) {
  const label = curve.replace(/^(val|train)_/, "");
  const own = label === "score" ? page.data.search.score.label.replace(/^val_/, "") : label;
  return hasText(`score.${own}`) ? text(`score.${own}`) : own.replaceAll("_", " ");
}

/** @param {import("./page.js").Page} page @param {string} curve @returns {string} its label, such as "val_accuracy" */
export function scoreLabel(page, curve) {
  return curve.endsWith("_score") ? page.data.search.score.label.replace(/^val_/, curve.startsWith("train_") ? "train_" : "val_") : curve;
}

/** The score that the page shows first: that which ranks the trials, or for the loss that of the task. @param {import("./page.js").Page} page */
export function shownScore(page) {
  const { rank, score } = page.data.search;
  return rank.curve === "val_loss" ? score : rank;
}
