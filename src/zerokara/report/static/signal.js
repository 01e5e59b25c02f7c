/** A value whose subscribers are called when it changes. */

/**
 * @template T
 * @typedef {object} Signal
 * @property {() => T} get
 * @property {(value: T) => void} set calls the subscribers if the value differs
 * @property {(call: (value: T) => void) => (() => void)} subscribe returns the function that ends it
 */

/**
 * @template T
 * @param {T} value
 * @returns {Signal<T>}
 */
export function signal(value) {
  /** @type {Set<(value: T) => void>} */
  const calls = new Set();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const call of [...calls]) call(value);
    },
    subscribe(call) {
      calls.add(call);
      return () => calls.delete(call);
    },
  };
}
