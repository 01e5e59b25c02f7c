/** The winner: its curves, its predictions and the samples behind them, its weights, activations and gradients. */

import { networkOf } from "./arrays.js";
import { chartFrame, endsOf, titled } from "./charts.js";
import { confusionView } from "./confusion.js";
import { el, redraw, style, svg } from "./dom.js";
import { brief, grouped, percent } from "./format.js";
import { sampleView } from "./samples.js";
import { section } from "./sections.js";
import { text } from "./text.js";
import { distributionsView, weightsView } from "./weights.js";

section("winner", "winner", renderWinner, (data) => Boolean(data.network?.curves ?? data.search));

/** @param {HTMLElement} container @param {any} data */
function renderWinner(container, data) {
  if (!data.network) return void container.append(el("p", { class: "soft" }, text(data.search?.live ? "winner.live" : "winner.none")));
  const network = networkOf(data);
  const { predictions, samples } = network;
  container.append(
    networkSentence(network),
    winnerPanel("winner.curves", curvesView(network), "wide"),
    ...(predictions ? [] : [el("p", { class: "soft" }, text("winner.missing"))]),
  );
  if (predictions?.confusion) container.append(winnerPanel("winner.confusion", confusionView(network), "wide"));
  if (predictions?.residuals) container.append(winnerPanel("winner.residuals", residualsView(network), "wide"));
  if (predictions?.mistakes?.samples.data.length) container.append(winnerPanel("winner.mistakes", mistakesView(network, samples), "wide"));
  if (predictions?.calibration) container.append(winnerPanel("winner.calibration", calibrationView(predictions.calibration)));
  if (network.model) container.append(winnerPanel("winner.weights", weightsView(network), "wide"));
  else container.append(el("p", { class: "soft" }, text("winner.large", { size: brief(network.weight_bytes / 1e6, 3) })));
  if (network.distributions) container.append(winnerPanel("winner.distributions", distributionsView(network), "wide"));
}

/** @param {string} key @param {HTMLElement} content @param {string} [kind] */
function winnerPanel(key, content, kind = "") {
  return el("div", { class: `card panel ${kind} ${key.replace(".", "-")}` }, el("h3", {}, text(key)), el("p", { class: "soft note" }, text(`${key}.about`)), content);
}

/** @param {any} network */
function networkSentence(network) {
  const { curves, predictions } = network;
  const at = (network.epoch || 1) - 1;
  const score = curves.val_score.data[at];
  const shown = curves.metric === "accuracy" ? percent(score) : `R² ${score.toFixed(4)}`;
  const layers = network.model?.layers.filter((/** @type {any} */ each) => each.layer === "affine") ?? [];
  const sizes = layers.map((/** @type {any} */ each, /** @type {number} */ k) => (k ? [] : [each.arrays.W.shape[0]]).concat(each.arrays.W.shape[1])).flat().join("-");
  const key = predictions ? "winner.sentence" : "winner.short";
  return el("p", { class: "lead" }, text(key, { trial: network.trial, epoch: network.epoch, score: shown, loss: brief(curves.val_loss.data[at]), count: grouped(predictions?.count ?? 0), sizes }));
}

/** @param {any} network */
function curvesView(network) {
  const { curves } = network;
  const epochs = Array.from(curves.val_loss.data, (_, k) => k + 1);
  const plots = [
    ["loss", curves.train_loss, curves.val_loss],
    [curves.metric === "r2" ? "R²" : curves.metric, curves.train_score, curves.val_score],
  ];
  return el("div", { class: "pair" }, ...plots.map(([name, train, validation]) => curvePlot(String(name), epochs, train.data, validation.data, curves.epoch)));
}

/** @param {string} name @param {number[]} epochs @param {ArrayLike<number>} train @param {ArrayLike<number>} validation @param {number | null} kept */
function curvePlot(name, epochs, train, validation, kept) {
  const box = el("div", { class: "curve", role: "img", "aria-label": text("winner.curve", { name }) });
  const numbers = (/** @type {ArrayLike<number>} */ all) => Array.from(all, (value) => (Number.isFinite(value) ? value : null));
  /** @type {any} */
  let plot = null;
  const paint = () => {
    plot?.destroy();
    const axis = { stroke: style("--soft"), grid: { stroke: style("--line"), width: 1 }, ticks: { stroke: style("--line") } };
    const points = { show: epochs.length < 3 };
    const series = [
      { label: text("winner.epoch") },
      { label: text("winner.train"), stroke: style("--train"), width: 2, spanGaps: true, points },
      { label: text("winner.validation"), stroke: style("--validation"), width: 2, spanGaps: true, points },
    ];
    const mark = (/** @type {any} */ u) => {
      if (kept === null) return;
      const x = u.valToPos(kept, "x", true);
      u.ctx.fillStyle = style("--star");
      u.ctx.fillRect(x - 1, u.bbox.top, 2, u.bbox.height);
    };
    const options = { title: name, width: box.clientWidth || 400, height: 240, series, scales: { x: { time: false } }, axes: [axis, { ...axis, size: 60 }], hooks: { draw: [mark] } };
    plot = new uPlot(options, [epochs, numbers(train), numbers(validation)], box);
  };
  new ResizeObserver(() => (box.clientWidth && plot ? plot.setSize({ width: box.clientWidth, height: 240 }) : box.clientWidth && paint())).observe(box);
  const end = redraw.subscribe(() => (box.isConnected ? plot && paint() : end()));
  return box;
}

/** @param {any} network @param {any} samples */
function mistakesView(network, samples) {
  const { mistakes } = network.predictions;
  const title = el("p", { class: "note" }, mistakes.title);
  const shown = samples
    ? el("div", { class: "gallery" }, ...mistakes.places.map((/** @type {number} */ place) => sampleView(network, place)))
    : el("ol", { class: "note" }, ...mistakes.texts.map((/** @type {string} */ line) => el("li", {}, line)));
  return el("div", {}, title, shown);
}

/** @param {any} calibration */
function calibrationView(calibration) {
  const [confidence, right, counts] = [calibration.confidence.data, calibration.right.data, calibration.counts.data];
  const frame = chartFrame({ x: [0, 1], y: [0, 1], xLabel: text("winner.confidence"), yLabel: text("winner.right"), label: calibration.title });
  const { x, y } = frame;
  frame.element.append(svg("line", { class: "diagonal", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }));
  const line = Array.from(confidence, (_, k) => `${x(confidence[k])},${y(right[k])}`).join(" ");
  frame.element.append(svg("polyline", { class: "line", points: line }));
  Array.from(confidence, (value, k) => {
    const words = text("winner.bin", { count: counts[k], confidence: percent(value), right: percent(right[k]) });
    frame.element.append(titled(svg("circle", { class: "dot", cx: x(value), cy: y(right[k]), r: 5 }), words));
  });
  return el("div", {}, el("p", { class: "note" }, calibration.title), /** @type {any} */ (frame.element));
}

/** @param {any} network */
function residualsView(network) {
  return el("div", {}, ...network.predictions.residuals.map(residualPair));
}

/** @param {any} one */
function residualPair(one) {
  const [truth, prediction] = [one.truth.data, one.prediction.data];
  const errors = Array.from(prediction, (value, k) => value - truth[k]);
  const ends = endsOf(truth, prediction);
  const left = chartFrame({ x: ends, y: ends, xLabel: text("winner.true", { name: one.target }), yLabel: text("winner.predicted", { name: one.target }), label: one.title });
  left.element.append(svg("line", { class: "diagonal", x1: left.x(ends[0]), y1: left.y(ends[0]), x2: left.x(ends[1]), y2: left.y(ends[1]) }));
  const right = chartFrame({ x: endsOf(prediction), y: endsOf(errors, [0]), xLabel: text("winner.predicted", { name: one.target }), yLabel: text("winner.error"), label: one.title });
  right.element.append(svg("line", { class: "diagonal", x1: right.x(endsOf(prediction)[0]), y1: right.y(0), x2: right.x(endsOf(prediction)[1]), y2: right.y(0) }));
  errors.forEach((error, k) => {
    const words = text("sample.value", { name: one.target, truth: brief(truth[k], 5), answer: brief(prediction[k], 5) });
    left.element.append(titled(svg("circle", { class: "point", cx: left.x(truth[k]), cy: left.y(prediction[k]), r: 2.5 }), words));
    right.element.append(titled(svg("circle", { class: "point", cx: right.x(prediction[k]), cy: right.y(error), r: 2.5 }), words));
  });
  return el("div", {}, el("p", { class: "note" }, one.title), el("div", { class: "pair" }, /** @type {any} */ (left.element), /** @type {any} */ (right.element)));
}
