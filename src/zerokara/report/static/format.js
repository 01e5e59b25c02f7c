/** Numbers as text. */

/**
 * Return a number with so many significant digits, without trailing zeros; a dash if there is none.
 * @param {number | null | undefined} value
 */
export function brief(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${Number(mantissa)}e${Number(exponent)}`;
  }
  return String(Number(value.toPrecision(digits)));
}

/** @param {number} value a share @returns {string} such as "98.3 %" */
export function percent(value, digits = 1) {
  return `${(100 * value).toFixed(digits)}\u00a0%`;
}

/** @param {number} value @returns {string} with commas between thousands */
export function grouped(value) {
  return Math.round(value).toLocaleString("en-US");
}

/**
 * Return a score as text: an accuracy in percent, another score or a loss with four digits.
 * @param {string} label such as "val_accuracy"
 * @param {number | null | undefined} value
 */
export function scoreText(label, value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return label.endsWith("accuracy") ? percent(value) : value.toFixed(4);
}
