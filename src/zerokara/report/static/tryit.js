/** Try it: a sample goes through the winner's network, computed here from its weights. */

import { networkOf } from "./arrays.js";
import { colorPad } from "./colorpad.js";
import { fieldsView } from "./fields.js";
import { el } from "./dom.js";
import { brief, percent } from "./format.js";
import { predictSample, unknownParts } from "./forward.js";
import { matrixView } from "./matrix.js";
import { drawingPad } from "./pad.js";
import { layerNames } from "./plan.js";
import { chosenSample, sampleCells, sampleNumbers, sampleView, verdictOf } from "./samples.js";
import { section } from "./sections.js";
import { text } from "./text.js";

/** @typedef {ArrayLike<number> | Record<string, import("./forward.js").Cell>} Sample */

const MOST_BARS = 12;
const STRIP_COLUMNS = 50;
const OFFERED = 18;

section("try", "try", renderTry, (data) => Boolean(data.network?.curves));

/** @param {HTMLElement} container @param {any} data @param {import("./page.js").Page} page */
function renderTry(container, data, page) {
  const network = networkOf(data);
  const reason = whyNot(network);
  if (reason) return void container.append(el("p", { class: "soft" }, reason));
  const answers = el("div", { class: "answers", "aria-live": "polite" });
  const layers = el("div", { class: "layer-strips" });
  const truth = el("p", { class: "note truth" });
  let waiting = 0;
  const compute = (/** @type {Sample} */ sample) => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      const { outputs, answers: values } = predictSample(network.model, sample);
      answers.replaceChildren(...answerBars(network, values));
      layers.replaceChildren(...layerStrips(network, outputs));
    });
  };
  const input = inputFor(network, (sample) => {
    truth.textContent = "";
    compute(sample);
  });
  const choose = (/** @type {number} */ place) => {
    if (place < 0 || !network.samples) return;
    input.show(place);
    truth.textContent = verdictOf(network, place);
  };
  container.append(
    ...networkLabels(network).map((line) => el("p", { class: "soft note" }, line)),
    el(
      "div",
      { class: "card try-card" },
      el("div", { class: "try-input" }, input.element, truth, offeredSamples(network)),
      el("div", { class: "try-output" }, el("h3", {}, text(network.task === "regression" ? "try.value" : "try.answer")), answers, el("h3", {}, text("try.layers")), layers),
    ),
  );
  page.watch(chosenSample, choose);
  if (chosenSample.get() >= 0) choose(chosenSample.get());
  else if (network.samples) choose(0);
  else input.clear();
}

/** Why nothing can be tried, in words; empty if it can. @param {any} network */
function whyNot(network) {
  if (!network.model) return text("try.large", { size: brief(network.weight_bytes / 1e6, 3) });
  const unknown = unknownParts(network.model);
  return unknown.length ? text("try.unknown", { names: unknown.join(", ") }) : "";
}

/** Which network this is, where there are several. @param {any} network @returns {string[]} */
function networkLabels(network) {
  if (network.mean) return [text("try.mean", { count: network.mean })];
  if (network.networks > 1) return [text("try.member", { count: network.networks })];
  return network.used ? [text(network.used > 1 ? "try.refitted" : "try.refit", { count: network.used })] : [];
}

/**
 * @param {any} network @param {(sample: Sample) => void} changed
 * @returns {{element: HTMLElement, show: (place: number) => void, clear: () => void}}
 */
function inputFor(network, changed) {
  const shape = network.sample_shape;
  if (network.image) {
    const pixels = { low: 0, high: 1, background: 0, ...network.pixels };
    const pad = shape[2] === 3 ? colorPad(shape, pixels, changed) : drawingPad(shape, pixels, network.drawing, changed);
    return { ...pad, show: (place) => pad.show(sampleNumbers(network, place)) };
  }
  const fields = fieldsView(network, changed);
  return { ...fields, show: (place) => fields.set(network.samples.cells ? sampleCells(network, place) : sampleNumbers(network, place)) };
}

/** Some validation samples to pick. @param {any} network */
function offeredSamples(network) {
  if (!network.samples) return el("p", { class: "soft note" }, text("try.no-samples"));
  const count = network.samples.rows.data.length;
  const holder = el("div", { class: "gallery offered" });
  let first = 0;
  const show = () => {
    const places = Array.from({ length: Math.min(OFFERED, count) }, (_, k) => (first + Math.floor((k * count) / Math.min(OFFERED, count))) % count);
    const views = network.image
      ? places.map((place) => sampleView(network, place))
      : places.map((place) => el("button", { type: "button", class: "pill", title: verdictOf(network, place), onclick: () => chosenSample.set(place) }, String(network.samples.rows.data[place])));
    holder.replaceChildren(...views);
  };
  show();
  const more = el("button", { type: "button", class: "pill", onclick: () => void ((first += 1), show()) }, text("try.others"));
  return el("div", {}, el("p", { class: "note soft" }, text("try.pick"), " ", more), holder);
}

/** @param {any} network @param {Float64Array} values @returns {HTMLElement[]} */
function answerBars(network, values) {
  const classes = /** @type {string[]} */ (network.classes);
  if (network.task === "regression") {
    return classes.map((name, c) => el("div", { class: "answer-value", "data-value": values[c] }, el("span", { class: "soft" }, name), ` ${brief(values[c], 6)}`));
  }
  const longest = Math.min(14, Math.max(...classes.map((name) => name.length)));
  const order = classes.map((_, c) => c).sort((a, b) => (classes.length > MOST_BARS ? values[b] - values[a] : a - b)).slice(0, MOST_BARS);
  const best = values.indexOf(Math.max(...values));
  return order.map((c) =>
    el(
      "div",
      { class: c === best ? "bar-row is-best" : "bar-row", "data-value": values[c], style: `--name:${longest + 1}ch` },
      el("span", { class: "bar-name" }, classes[c]),
      el("span", { class: "bar-track" }, el("span", { class: "bar-fill", style: `width:${100 * values[c]}%` })),
      el("span", { class: "bar-value" }, percent(values[c])),
    ),
  );
}

/** @param {any} network @param {Float64Array[]} outputs @returns {HTMLElement[]} */
function layerStrips(network, outputs) {
  const names = [text("try.inputs"), ...layerNames(network.model.layers)];
  return outputs.flatMap((values, k) => {
    const same = k > 0 && network.model.layers[k - 1].layer === "dropout"; // In a prediction it changes nothing.
    if (same || (k === 0 && network.image)) return [];
    const readout = el("span", { class: "note soft numbers" });
    const columns = stripColumns(values.length);
    const padded = new Float64Array(Math.ceil(values.length / columns) * columns).fill(NaN);
    padded.set(values);
    const view = matrixView({
      name: names[k],
      matrix: { data: padded, shape: [padded.length / columns, columns] },
      shape: String(values.length),
      width: 400,
      height: 110,
      point: (row, column) => {
        const unit = row * columns + column;
        if (unit >= values.length) return;
        view.mark([{ row, column }]);
        readout.textContent = `[${unit}] = ${brief(values[unit], 6)}`;
      },
      leave: () => view.mark([]),
    });
    view.element.querySelector("figcaption")?.append(readout);
    return [view.element];
  });
}

/** @param {number} count */
function stripColumns(count) {
  if (count <= 20) return count;
  for (let columns = STRIP_COLUMNS; columns >= 20; columns -= 1) if (count % columns === 0) return columns;
  return Math.min(count, STRIP_COLUMNS);
}
