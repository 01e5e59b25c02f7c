/** Step by step: one mini-batch forward and backward, layer by layer, with every number, and the update at the end. */

import { networkOf, rowOf } from "./arrays.js";
import { el } from "./dom.js";
import { brief } from "./format.js";
import { matrixView } from "./matrix.js";
import { planOf } from "./plan.js";
import { pictureOf } from "./samples.js";
import { section } from "./sections.js";
import { signal } from "./signal.js";
import { hasText, text } from "./text.js";

/** @typedef {import("./plan.js").SmallStep} SmallStep */
/** @typedef {import("./equations.js").Equation} Equation */
/** @typedef {import("./equations.js").Named} Named */

const currentStep = signal(0);
const PHASES = /** @type {const} */ (["batch", "forward", "backward", "update"]);

section("steps", "steps", renderSteps, (data) => Boolean(data.network));

/** @param {HTMLElement} container @param {any} data @param {import("./page.js").Page} page */
function renderSteps(container, data, page) {
  const network = networkOf(data);
  if (!network.step) return void container.append(el("p", { class: "soft" }, text("steps.none")));
  const plan = planOf(network.step, network);
  const board = el("div", { class: "board" });
  const counter = el("span", { class: "counter", "aria-live": "polite" });
  const chips = plan.map((each, k) =>
    el("button", { type: "button", class: `pill ${each.phase}`, onclick: () => currentStep.set(k) }, each.name),
  );
  const back = el("button", { type: "button", class: "go-back", onclick: () => goTo(currentStep.get() - 1) }, `← ${text("steps.previous")}`);
  const next = el("button", { type: "button", class: "go-next", onclick: () => goTo(currentStep.get() + 1) }, `${text("steps.next")} →`);
  const goTo = (/** @type {number} */ k) => currentStep.set(Math.max(0, Math.min(plan.length - 1, k)));
  const rail = PHASES.slice(1).map((phase) =>
    el(
      "div",
      { class: `rail ${phase}` },
      el("span", { class: "phase" }, text(`steps.${phase}`)),
      ...chips.filter((_, k) => plan[k].phase === phase || (phase === "forward" && plan[k].phase === "batch")),
    ),
  );
  const show = () => {
    const k = Math.min(currentStep.get(), plan.length - 1);
    counter.textContent = text("steps.counter", { number: k + 1, count: plan.length });
    chips.forEach((chip, place) => {
      chip.toggleAttribute("aria-current", place === k);
      chip.classList.toggle("done", place < k);
    });
    back.toggleAttribute("disabled", k === 0);
    next.toggleAttribute("disabled", k === plan.length - 1);
    board.replaceChildren(...stepBoard(plan[k], network));
  };
  if (network.curves) container.append(el("p", { class: "soft note" }, text("steps.first")));
  container.append(
    el("div", { class: "card steps-card" }, ...rail, el("div", { class: "stepper" }, back, counter, next), board),
    el("p", { class: "soft note" }, text("steps.keys"), " ", leftOut(network.step)),
  );
  page.watch(currentStep, show);
  show();
  listenForArrows(container, goTo);
}

/** The samples and units that are not shown, in words. @param {any} step */
function leftOut(step) {
  const notes = [];
  if (step.x.shape[0] < step.samples) notes.push(text("steps.samples", { shown: step.x.shape[0], count: step.samples }));
  if (step.units.some((/** @type {any} */ unit) => unit.kept)) notes.push(text("steps.units"));
  return notes.join(" ");
}

/** Arrow keys step while the section is read. @param {HTMLElement} container @param {(k: number) => void} goTo */
function listenForArrows(container, goTo) {
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (!container.isConnected) return document.removeEventListener("keydown", pressed);
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const box = container.getBoundingClientRect();
    const read = box.top < window.innerHeight * 0.6 && box.bottom > window.innerHeight * 0.3;
    if (!by || !(read || container.contains(target))) return;
    event.preventDefault();
    goTo(currentStep.get() + by);
  };
  document.addEventListener("keydown", pressed);
}

/** @param {SmallStep} step @param {any} network @returns {HTMLElement[]} */
function stepBoard(step, network) {
  const keys = [`step.${step.kind}.${step.phase}`, `step.${step.phase}`];
  const about = text(keys.find(hasText) ?? keys[1], { kind: step.kind, loss: brief(network.step.loss.value, 6), samples: network.step.samples });
  const readout = el("div", { class: "readout", "aria-live": "off" });
  const say = (/** @type {string[]} */ lines) => {
    readout.innerHTML = lines.map((line) => `<div>${line}</div>`).join("");
  };
  const heading = el("h3", { class: "step-title" }, `${step.name} `, el("span", { class: `phase-name ${step.phase}` }, text(`steps.${step.phase}`)));
  const views = step.equations.map((each) => equationView(each, say));
  views[0].first();
  const pictures = step.phase === "batch" ? batchPictures(network) : [];
  const hint = el("p", { class: "soft note" }, text("steps.point"));
  return [heading, el("p", { class: "soft step-about" }, about), ...updateNumbers(step, network), readout, ...views.map((view) => view.element), ...pictures, hint];
}

/** The samples of the batch as pictures, where they are. @param {any} network @returns {HTMLElement[]} */
function batchPictures(network) {
  const { pictures, t } = network.step;
  if (!pictures) return [];
  const all = Array.from({ length: pictures.shape[0] }, (_, row) => {
    const name = network.classes && t.shape.length === 1 ? network.classes[t.data[row]] : row;
    return el("span", { class: "sample picture" }, pictureOf(rowOf(pictures, row), network.sample_shape, [0, 255]), el("span", { class: "caption" }, String(name)));
  });
  return [el("p", { class: "soft note" }, text("steps.pictures")), el("div", { class: "gallery offered batch" }, ...all)];
}

/** The numbers of the optimizer, where they are used. @param {SmallStep} step @param {any} network */
function updateNumbers(step, network) {
  if (step.phase !== "update") return [];
  const { hyperparameters, factor } = network.step.optimizer;
  const greek = /** @type {Record<string, string>} */ ({ weight_decay: "λ weight_decay", decay_rate: "ρ decay_rate" });
  const shown = Object.entries(hyperparameters).filter(([name, value]) => name !== "clip_norm" || value);
  const all = shown.map(([name, value]) => [greek[name] ?? name, name === "lr" ? Number(value) * factor : Number(value)]);
  return [el("p", { class: "numbers" }, ...all.map(([name, value]) => el("span", {}, el("var", {}, String(name)), ` = ${brief(Number(value), 6)}`)))];
}

/** @param {Equation} equation @param {(lines: string[]) => void} say */
function equationView(equation, say) {
  const arrays = equation.items.filter((item) => typeof item !== "string").length;
  const width = Math.max(120, Math.min(330, 800 / arrays));
  /** @type {Map<number, ReturnType<typeof matrixView>>} */
  const views = new Map();
  const point = (/** @type {number} */ item, /** @type {number} */ row, /** @type {number} */ column) => {
    const { marks, lines } = equation.at(item, row, column);
    for (const [place, view] of views) view.mark(marks[place] ?? []);
    say(lines);
  };
  const parts = equation.items.map((item, place) => {
    if (typeof item === "string") return el("span", { class: "operator" }, item);
    const view = matrixView({
      name: item.name,
      matrix: item.matrix,
      shape: `${item.rows.count} × ${item.columns.count}`,
      width,
      point: (row, column) => point(place, row, column),
    });
    views.set(place, view);
    return view.element;
  });
  const formula = el("div", { class: "formula" });
  formula.innerHTML = equation.formula;
  const element = el("div", { class: "equation" }, equation.formula ? formula : null, el("div", { class: "operands" }, ...parts));
  return { element, first: () => point(equation.items.length - 1, ...strongest(/** @type {Named} */ (equation.items[equation.items.length - 1]))) };
}

/** The cell that is shown first: the largest of the first rows, so that its sum is of interest. @param {Named} array @returns {[number, number]} */
function strongest({ matrix }) {
  const [rows, columns] = matrix.shape;
  const sizes = Array.from({ length: Math.min(rows, 3) * columns }, (_, k) => Math.abs(matrix.data[k]) || 0);
  const place = sizes.indexOf(Math.max(...sizes));
  return [Math.floor(place / columns), place % columns];
}
