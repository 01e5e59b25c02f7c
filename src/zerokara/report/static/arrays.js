/** Nested data of the page with its arrays as numbers and shapes. */

import { decode } from "./blobs.js";

/** @typedef {import("./forward.js").Matrix} Matrix */

/**
 * Return nested data with a matrix in place of each blob.
 * @param {any} content
 * @returns {any}
 */
export function readArrays(content) {
  if (Array.isArray(content)) return content.map(readArrays);
  if (content === null || typeof content !== "object") return content;
  if (typeof content.dtype === "string" && typeof content.data === "string") {
    return { data: decode(content), shape: content.shape };
  }
  return Object.fromEntries(Object.entries(content).map(([name, value]) => [name, readArrays(value)]));
}

/** @type {WeakMap<object, any>} */
const READ_NETWORKS = new WeakMap();

/** Return the part of the page's data that is about the network; its arrays are read once. @param {any} data */
export function networkOf(data) {
  if (!READ_NETWORKS.has(data)) READ_NETWORKS.set(data, readArrays(data.network));
  return READ_NETWORKS.get(data);
}

/** Return an array as a matrix: a vector becomes one row. @param {Matrix} array @returns {Matrix} */
export function asRows(array) {
  return array.shape.length === 2 ? array : { data: array.data, shape: [1, array.data.length] };
}

/** @param {Matrix} matrix @returns {Matrix} */
export function transposed(matrix) {
  const [rows, columns] = matrix.shape;
  const data = new Float64Array(matrix.data.length);
  for (let r = 0; r < rows; r += 1) for (let c = 0; c < columns; c += 1) data[c * rows + r] = matrix.data[r * columns + c];
  return { data, shape: [columns, rows] };
}

/** @param {Matrix} matrix @param {number} row @param {number} column */
export function cellOf(matrix, row, column) {
  return matrix.data[row * matrix.shape[1] + column];
}

/** Return one row of a matrix. @param {Matrix} matrix @param {number} row */
export function rowOf(matrix, row) {
  const width = matrix.data.length / matrix.shape[0];
  return Array.from({ length: width }, (_, k) => matrix.data[row * width + k]);
}

/** The largest finite size of some numbers. @param {ArrayLike<number>} numbers */
export function largestSize(numbers) {
  let top = 0;
  for (let k = 0; k < numbers.length; k += 1) {
    const size = Math.abs(numbers[k]);
    if (size > top && Number.isFinite(size)) top = size;
  }
  return top;
}
