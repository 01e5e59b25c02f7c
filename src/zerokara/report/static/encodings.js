/** The layers at the start of a network that encode some of its inputs, and pass the others. */

/** @typedef {import("./forward.js").LayerSpec} LayerSpec */

/** Bins of numbers beside all inputs: clip((x - low) / width, 0, 1). @param {Float64Array} x @param {LayerSpec} layer */
function piecewiseOutput(x, layer) {
  const { feature, low, width } = layer.arrays;
  const y = new Float64Array(x.length + feature.data.length);
  y.set(x);
  for (let k = 0; k < feature.data.length; k += 1) {
    y[x.length + k] = Math.min(Math.max((x[feature.data[k]] - low.data[k]) / width.data[k], 0), 1);
  }
  return y;
}

/** Numbers by their median and quartiles, outliers drawn in. @param {Float64Array} x @param {LayerSpec} layer */
function robustOutput(x, layer) {
  const { feature, middle, spread } = layer.arrays;
  const y = Float64Array.from(x);
  for (let k = 0; k < feature.data.length; k += 1) {
    const z = Math.min(Math.max((x[feature.data[k]] - middle.data[k]) / spread.data[k], -1e6), 1e6);
    y[feature.data[k]] = z / Math.sqrt(1 + (z / 3) ** 2);
  }
  return y;
}

/** Categories by twice their deviation. @param {Float64Array} x @param {LayerSpec} layer */
function scaledOutput(x, layer) {
  const { feature, factor } = layer.arrays;
  const y = Float64Array.from(x);
  for (let k = 0; k < feature.data.length; k += 1) y[feature.data[k]] *= factor.data[k];
  return y;
}

/** Learned periodic functions of numbers beside all inputs. @param {Float64Array} x @param {LayerSpec} layer */
function periodicOutput(x, layer) {
  const { feature, frequency, phase, W, b } = layer.arrays;
  const count = feature.data.length;
  const [waves, functions] = [frequency.data.length / count, W.shape[1]];
  const y = new Float64Array(x.length + functions * count);
  y.set(x);
  for (let k = 0; k < count; k += 1) {
    for (let f = 0; f < functions; f += 1) {
      let sum = b.data[k * functions + f];
      for (let j = k * waves; j < (k + 1) * waves; j += 1) {
        sum += Math.cos(2 * Math.PI * x[feature.data[k]] * frequency.data[j] + phase.data[j]) * W.data[j * functions + f];
      }
      y[x.length + k * functions + f] = sum;
    }
  }
  return y;
}

/** Learned vectors of categories after all other inputs. @param {Float64Array} x @param {LayerSpec} layer */
function embeddingOutput(x, layer) {
  const { feature, levels, W } = layer.arrays;
  const width = W.shape[1];
  const groups = Array.from(feature.data, (start, k) => ({ start, end: start + levels.data[k] }));
  const inGroup = (/** @type {number} */ i) => groups.some(({ start, end }) => start <= i && i < end);
  const y = [...x].filter((_, i) => !inGroup(i));
  let first = 0;
  for (const { start, end } of groups) {
    for (let c = 0; c < width; c += 1) {
      let sum = 0;
      for (let i = start; i < end; i += 1) sum += x[i] * W.data[(first + i - start) * width + c];
      y.push(sum);
    }
    first += end - start;
  }
  return Float64Array.from(y);
}

/** What each encoding gives for one sample. */
export const ENCODING_OUTPUTS = {
  piecewise: piecewiseOutput,
  robust: robustOutput,
  scaled: scaledOutput,
  periodic: periodicOutput,
  embedding: embeddingOutput,
};
