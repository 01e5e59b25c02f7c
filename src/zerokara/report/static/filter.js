/** Which trials are shown: those that pass every test that a brush, a switch or the table has set. */

/**
 * @typedef {object} Filter
 * @property {(name: string, test: ((row: number) => boolean) | null, label?: string) => void} set sets or removes a test
 * @property {() => void} clear removes all tests
 * @property {(rows: number) => void} resize tests all trials again, of which there are more or other ones
 * @property {(row: number) => boolean} passes
 * @property {() => number} count how many trials pass
 * @property {() => [string, string][]} tests the names and labels of the tests
 * @property {(call: (value?: any) => void) => (() => void)} subscribe
 */

/**
 * @param {number} rows the number of trials
 * @returns {Filter}
 */
export function makeFilter(rows) {
  /** @type {Map<string, {test: (row: number) => boolean, label: string}>} */
  const tests = new Map();
  /** @type {Set<() => void>} */
  const calls = new Set();
  let passing = new Uint8Array(rows).fill(1);
  const update = () => {
    const each = [...tests.values()];
    for (let row = 0; row < rows; row++) passing[row] = each.every(({ test }) => test(row)) ? 1 : 0;
    for (const call of [...calls]) call();
  };
  return {
    set(name, test, label = name) {
      if (test) tests.set(name, { test, label });
      else if (!tests.delete(name)) return;
      update();
    },
    clear() {
      if (!tests.size) return;
      tests.clear();
      update();
    },
    resize(count) {
      rows = count;
      passing = new Uint8Array(rows);
      update();
    },
    passes: (row) => passing[row] === 1,
    count: () => passing.reduce((sum, one) => sum + one, 0),
    tests: () => [...tests].map(([name, { label }]) => [name, label]),
    subscribe(call) {
      calls.add(call);
      return () => calls.delete(call);
    },
  };
}
