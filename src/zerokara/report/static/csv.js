/** The trials as CSV, with the columns and the numbers of a run's `trials.csv`. */

/**
 * Return a number as Python writes it, with all its digits.
 * @param {number} value
 * @param {boolean} [whole] a whole number, without a decimal point
 */
export function fullNumber(value, whole = false) {
  if (!Number.isFinite(value)) return "";
  if (whole || value === 0) return whole ? String(value) : Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa, power] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  const sign = value < 0 ? "-" : "";
  const digits = mantissa.replace(/[-.]/g, "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return `${sign}${digits.padEnd(exponent + 1, "0")}.0`;
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/**
 * Return the CSV of some trials, in this order.
 * @param {import("./page.js").Page} page
 * @param {Iterable<number>} rows
 */
export function trialsCsv(page, rows) {
  const { trials, data } = page;
  const { score, rank, rows: networks } = data.search;
  const metric = score.label.replace("val_", "");
  const more = rank.curve === "val_loss" || rank.curve === "val_score" ? [] : [rank.curve];
  const scores = [["val_loss", "val_loss"], [`val_${metric}`, "val_score"], [`train_${metric}`, "train_score"], ...more.map((name) => [name, name])];
  const judged = networks > 1 ? [["val_loss", "val_loss"], [`val_${metric}`, "val_score"], ...more.map((name) => [name, name])] : [];
  const values = scores.map(([, curve]) => trials.ranked(curve));
  const header = ["number", "state", "epochs", ...scores.map(([name]) => name), ...judged.map(([name]) => `${name}_standard_error`), ...trials.panels.map((panel) => panel.name)];
  const lines = [header];
  for (const row of rows) {
    lines.push([
      String(trials.number[row]), trials.state[row], String(trials.epochs[row]),
      ...values.map((each) => fullNumber(each[row])),
      ...judged.map(([, curve]) => fullNumber(trials.error(curve, row))),
      ...trials.panels.map((panel) => panel.options.length ? panel.options[panel.x[row]] ?? "" : fullNumber(panel.x[row], panel.whole)),
    ]);
  }
  return `${lines.map((cells) => cells.map(quoted).join(",")).join("\n")}\n`;
}

/** @param {string} cell */
function quoted(cell) {
  return /[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/**
 * Let the browser save a text as a file.
 * @param {string} name
 * @param {string} content
 */
export function download(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
