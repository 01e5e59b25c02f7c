/** The table of all trials: sort, filter, download. Only the rows in view are in the document. */

import { download, trialsCsv } from "./csv.js";
import { el } from "./dom.js";
import { brief, scoreText } from "./format.js";
import { scoreLabel, scoreName } from "./names.js";
import { parseQuery } from "./query.js";
import { section } from "./sections.js";
import { text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {{name: string, title: string, value: (row: number) => string | number, show: (row: number) => string, down?: boolean}} TableColumn */

const ROW_HEIGHT = 34;
const TABLE_HEIGHT = 15 * ROW_HEIGHT;

section("table", "table", renderTable, (data) => Boolean(data.search));

/** @param {HTMLElement} container @param {any} data @param {Page} page */
function renderTable(container, data, page) {
  const { trials } = page;
  const columns = tableColumns(page);
  let order = { column: 0, down: false };
  /** @type {number[]} */
  let rows = [];
  const count = el("span", { class: "soft", "aria-live": "polite" });
  const input = /** @type {HTMLInputElement} */ (el("input", { type: "search", placeholder: text("table.example", { name: trials.panels[0]?.name ?? "val_loss" }), "aria-label": text("table.filter"), oninput: () => ask() }));
  const wrong = el("span", { class: "wrong", role: "status" });
  const save = el("button", { type: "button", class: "save", onclick: () => download(`${data.search.name.replace(/[^\w.-]+/g, "-")}-trials.csv`, trialsCsv(page, rows)) }, text("table.csv"));
  const heads = columns.map((column, k) =>
    el("th", { scope: "col" }, el("button", { type: "button", onclick: () => sortBy(k) }, column.title)));
  const body = el("tbody");
  const scroller = el("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": text("table") },
    el("table", {}, el("thead", {}, el("tr", {}, ...heads)), body));
  container.append(el("div", { class: "controls" }, input, wrong, count, save), el("div", { class: "card table-card" }, scroller));

  const ask = () => {
    const { test, wrong: term } = parseQuery(input.value, columns);
    wrong.textContent = term ? text("table.wrong", { term }) : "";
    input.setAttribute("aria-invalid", String(Boolean(term)));
    scroller.scrollTop = 0;
    if (!term) page.filter.set("table", test, input.value.trim());
  };
  const sortBy = (/** @type {number} */ k) => {
    order = { column: k, down: order.column === k ? !order.down : Boolean(columns[k].down) };
    scroller.scrollTop = 0;
    update();
  };
  const update = () => {
    const { value } = columns[order.column];
    const sign = order.down ? -1 : 1;
    rows = [...trials.order].filter(page.filter.passes);
    rows.sort((a, b) => compareCells(value(a), value(b), sign) || trials.place[a] - trials.place[b]);
    heads.forEach((head, k) => head.setAttribute("aria-sort", k !== order.column ? "none" : order.down ? "descending" : "ascending"));
    count.textContent = text("table.count", { count: rows.length, all: trials.count });
    paint();
  };
  let [from, to] = [0, 0];
  const paint = () => {
    from = Math.max(0, Math.floor(scroller.scrollTop / ROW_HEIGHT) - 8);
    to = Math.min(rows.length, from + Math.ceil(TABLE_HEIGHT / ROW_HEIGHT) + 17);
    const gap = (/** @type {number} */ count) => count > 0 && el("tr", { class: "gap", "aria-hidden": "true" }, el("td", { colspan: columns.length, style: `height:${count * ROW_HEIGHT}px` }));
    const shown = rows.slice(from, to).map((row) => el("tr", { "data-row": row, class: row === data.search.winner ? "winner" : null }, ...columns.map((column) => el("td", {}, column.show(row)))));
    body.replaceChildren(...[gap(from), ...shown, gap(rows.length - to)].filter((one) => one !== false));
    mark();
  };
  const mark = () => {
    for (const line of body.children) {
      const row = Number(/** @type {HTMLElement} */ (line).dataset.row ?? -2);
      line.classList.toggle("hover", row === page.hover.get());
      line.classList.toggle("selected", row === page.select.get());
    }
  };
  const rowOf = (/** @type {Event} */ event) => Number(/** @type {HTMLElement} */ (event.target).closest("tr")?.dataset.row ?? -1);
  body.addEventListener("pointerover", (event) => page.hover.set(rowOf(event)));
  body.addEventListener("pointerleave", () => page.hover.set(-1));
  body.addEventListener("click", (event) => rowOf(event) >= 0 && page.select.set(rowOf(event)));
  scroller.addEventListener("scroll", () => {
    const first = Math.floor(scroller.scrollTop / ROW_HEIGHT);
    if (first - 4 < from && from > 0 || first + TABLE_HEIGHT / ROW_HEIGHT + 4 > to && to < rows.length) paint();
  });
  scroller.addEventListener("keydown", (event) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!by || !rows.length) return;
    event.preventDefault();
    const now = rows.indexOf(page.select.get());
    const next = Math.max(0, Math.min(rows.length - 1, now + by));
    page.select.set(rows[next]);
    if ((next + 2) * ROW_HEIGHT > scroller.scrollTop + scroller.clientHeight || next * ROW_HEIGHT < scroller.scrollTop) scroller.scrollTop = (next - 5) * ROW_HEIGHT;
  });
  page.watch(page.filter, () => {
    if (input.value && !page.filter.tests().some(([name]) => name === "table") && !wrong.textContent) input.value = "";
    update();
  });
  page.watch(page.hover, mark);
  page.watch(page.select, mark);
  update();
}

/** Numbers before texts; what is missing comes last, in either direction. @param {string | number} a @param {string | number} b @param {number} sign */
function compareCells(a, b, sign) {
  const [noA, noB] = [a === "" || Number.isNaN(a), b === "" || Number.isNaN(b)];
  if (noA || noB) return Number(noA) - Number(noB);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b));
}

/** @param {Page} page @returns {TableColumn[]} */
function tableColumns(page) {
  const { trials, data } = page;
  const { rank } = data.search;
  const curves = [...new Set([rank.curve, "val_score", "val_loss", "train_score"])].filter((name) => trials.curveNames.includes(name));
  const scores = curves.map((curve) => {
    const label = scoreLabel(page, curve);
    const down = !curve.endsWith("loss");
    return { name: label, title: scoreName(page, curve), value: (/** @type {number} */ row) => trials.ranked(curve)[row], show: (/** @type {number} */ row) => scoreText(label, trials.ranked(curve)[row]), down };
  });
  const panels = trials.panels.map((panel) => {
    const value = (/** @type {number} */ row) => panel.options.length ? panel.options[panel.x[row]] ?? "" : panel.x[row];
    const show = (/** @type {number} */ row) => {
      const cell = value(row);
      return typeof cell === "string" ? cell || "–" : brief(cell, 4);
    };
    return { name: panel.name, title: panel.name, value, show };
  });
  const plain = (/** @type {string} */ name, /** @type {(row: number) => string | number} */ value, down = false) =>
    ({ name, title: text(`table.${name}`), value, show: (/** @type {number} */ row) => String(value(row)), down });
  return [
    plain("place", (row) => trials.place[row] + 1),
    plain("trial", (row) => trials.number[row]),
    ...scores,
    plain("epochs", (row) => trials.epochs[row], true),
    plain("state", (row) => text(`state.${trials.state[row]}`)),
    ...panels,
  ];
}
