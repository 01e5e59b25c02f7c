/** What the reader types to filter trials: words, and comparisons such as `lr<0.01 epochs>=9 hidden=100,100`. */

/** @typedef {{name: string, value: (row: number) => string | number}} Column */

const COMPARISONS = {
  "=": (/** @type {number} */ a, /** @type {number} */ b) => a === b,
  "!=": (/** @type {number} */ a, /** @type {number} */ b) => a !== b,
  "<": (/** @type {number} */ a, /** @type {number} */ b) => a < b,
  "<=": (/** @type {number} */ a, /** @type {number} */ b) => a <= b,
  ">": (/** @type {number} */ a, /** @type {number} */ b) => a > b,
  ">=": (/** @type {number} */ a, /** @type {number} */ b) => a >= b,
};

/**
 * Return the test of a query: a trial passes if it passes every term. A word must be in one of the trial's texts.
 * @param {string} query
 * @param {Column[]} columns
 * @returns {{test: ((row: number) => boolean) | null, wrong: string | null}} `wrong` is the term that cannot be read
 */
export function parseQuery(query, columns) {
  const terms = query.replace(/\s*(!=|<=|>=|=|<|>)\s*/g, "$1").split(/\s+/).filter(Boolean);
  /** @type {((row: number) => boolean)[]} */
  const tests = [];
  for (const term of terms) {
    const parts = /^([^=<>!]+)(!=|<=|>=|=|<|>)(.+)$/.exec(term);
    if (!parts) {
      if (/[=<>!]/.test(term)) return { test: null, wrong: term };
      const word = term.toLowerCase();
      tests.push((row) => columns.some(({ value }) => {
        const cell = value(row);
        return typeof cell === "string" ? cell.toLowerCase().includes(word) : String(cell) === word;
      }));
      continue;
    }
    const [, name, sign, wanted] = parts;
    const column = columns.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (!column) return { test: null, wrong: term };
    const number = Number(wanted);
    const compare = COMPARISONS[/** @type {keyof typeof COMPARISONS} */ (sign)];
    tests.push((row) => {
      const cell = column.value(row);
      if (typeof cell === "number") return compare(cell, number);
      return sign === "=" ? cell.toLowerCase() === wanted.toLowerCase() : sign === "!=" && cell.toLowerCase() !== wanted.toLowerCase();
    });
    if (Number.isNaN(number) && sign !== "=" && sign !== "!=") return { test: null, wrong: term };
  }
  return { test: tests.length ? (row) => tests.every((test) => test(row)) : null, wrong: null };
}
