/** Arrays within JSON; `zerokara.report.blobs` writes them. */

/** @typedef {{dtype: string, shape: number[], data: string}} Blob64 */
/** @typedef {Float32Array | Float64Array | Int32Array | Uint8Array} Numbers */

const BLOB_TYPES = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array };

/**
 * Return the numbers of a blob, in the order of the last axis first; an array as it is.
 * @param {Blob64 | Numbers} blob
 * @returns {Numbers}
 */
export function decode(blob) {
  if (ArrayBuffer.isView(blob)) return blob;
  const bytes = Uint8Array.from(atob(blob.data), (letter) => letter.charCodeAt(0));
  const Kind = BLOB_TYPES[/** @type {keyof typeof BLOB_TYPES} */ (blob.dtype)];
  return new Kind(bytes.buffer);
}
