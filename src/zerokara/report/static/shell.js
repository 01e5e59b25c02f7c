/** The frame of the page: heading, navigation, language, colors, keys; and the rendering of its sections. */

import { el, redraw } from "./dom.js";
import { partOf } from "./page.js";
import { sectionsOf } from "./sections.js";
import { filterBar } from "./filterbar.js";
import { trialPanel } from "./trial.js";
import { hasText, language, recalled, remember, switchLanguage, text } from "./text.js";

/** @typedef {import("./page.js").Page} Page */

/**
 * Show the page.
 * @param {HTMLElement} root
 * @param {Page} page
 */
export function show(root, page) {
  setTheme(recalled("theme", ""));
  const render = () => {
    page.forget();
    document.documentElement.lang = language.get();
    root.replaceChildren(heading(page), el("div", { class: "layout" }, navigation(page), el("main", { id: "main" })));
    renderSections(page);
    filterBar(root, page);
    trialPanel(root, page);
  };
  language.subscribe(render);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw.set(redraw.get() + 1));
  document.addEventListener("keydown", (event) => pressed(event, page));
  render();
}

/** @param {Page} page */
function heading(page) {
  const button = (/** @type {string} */ id, /** @type {string} */ label, /** @type {() => void} */ onclick) =>
    el("button", { type: "button", id, onclick, title: text(`${id}.title`), "aria-label": text(`${id}.title`) }, label);
  return el(
    "header",
    { class: "top" },
    el("a", { class: "skip", href: "#main" }, text("skip")),
    el("span", { class: "brand" }, "zerokara"),
    el("h1", {}, titleOf(page.data)),
    el(
      "div",
      { class: "tools" },
      button("language", language.get() === "en" ? "日本語" : "English", switchLanguage),
      button("theme", "◐", switchTheme),
      button("keys", "?", showKeys),
    ),
  );
}

/** @param {any} data @returns {string} */
function titleOf({ title, search }) {
  return search ? `${search.name}: ${text("title", { count: search.trials.state.length })}` : title;
}

/** @param {Page} page */
function navigation(page) {
  return el("nav", { id: "sections", "aria-label": text("navigation") }, links(page));
}

/** @param {Page} page */
function links(page) {
  return el("ul", {}, ...sectionsOf(page.data).map((one) =>
    el("li", {}, el("a", { href: `#${one.id}`, "data-section": one.id }, text(one.title)))));
}

/**
 * Render the sections, the first at once and the others one after another, so that the first is seen early.
 * @param {Page} page
 */
function renderSections(page) {
  const main = /** @type {HTMLElement} */ (document.getElementById("main"));
  const waiting = sectionsOf(page.data).map((one) => {
    main.append(emptySection(one));
    return () => renderSection(one, page);
  });
  const started = language.get();
  const next = () => {
    if (language.get() !== started) return;
    waiting.shift()?.();
    if (waiting.length) setTimeout(next);
    else document.body.dataset.ready = started;
  };
  delete document.body.dataset.ready;
  waiting.shift()?.();
  document.body.dataset.first ??= String(Math.round(performance.now()));
  requestAnimationFrame(() => setTimeout(next)); // After the first has been painted.
  follow(main);
}

/** @type {WeakMap<Element, Page>} what each section watches */
const PARTS = new WeakMap();

/** @param {import("./sections.js").Section} one */
function emptySection(one) {
  const about = hasText(`${one.title}.about`) ? el("p", { class: "about" }, text(`${one.title}.about`)) : null;
  const body = el("div", { class: `body ${one.id}` });
  return el("section", { id: one.id, "aria-label": text(one.title) }, el("h2", {}, text(one.title)), about, body);
}

/** @param {import("./sections.js").Section} one @param {Page} page */
function renderSection(one, page) {
  const section = document.getElementById(one.id);
  const body = /** @type {HTMLElement | null} */ (section?.querySelector(".body"));
  if (!section || !body) return;
  PARTS.get(section)?.forget();
  const part = partOf(page);
  PARTS.set(section, part);
  body.style.minHeight = `${body.offsetHeight}px`; // Else the page jumps while this is empty.
  body.replaceChildren();
  one.render(body, part.data, part);
  requestAnimationFrame(() => (body.style.minHeight = ""));
}

/**
 * Render some sections again, add those that the data have now, and remove those that they have no more.
 * @param {Page} page
 * @param {string[]} ids
 */
export function refresh(page, ids) {
  const main = document.getElementById("main");
  if (!main) return;
  const wanted = sectionsOf(page.data);
  let changed = false;
  for (const section of [...main.children]) {
    if (wanted.some((one) => one.id === section.id)) continue;
    PARTS.get(section)?.forget();
    section.remove();
    changed = true;
  }
  wanted.forEach((one, place) => {
    if (document.getElementById(one.id)) return void (ids.includes(one.id) && renderSection(one, page));
    main.insertBefore(emptySection(one), main.children[place] ?? null);
    renderSection(one, page);
    changed = true;
  });
  document.querySelector("h1")?.replaceChildren(titleOf(page.data));
  if (!changed) return;
  document.getElementById("sections")?.replaceChildren(links(page));
  follow(main);
}

/** @type {IntersectionObserver | null} */
let observer = null;

/** Mark the link of the section that is read. @param {HTMLElement} main */
function follow(main) {
  observer?.disconnect();
  observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const link = document.querySelector(`#sections a[data-section="${entry.target.id}"]`);
        if (!entry.isIntersecting || !link) continue;
        for (const other of document.querySelectorAll("#sections a[aria-current]")) other.removeAttribute("aria-current");
        link.setAttribute("aria-current", "true");
        const list = /** @type {HTMLElement} */ (link.closest("ul"));
        list.scrollLeft = /** @type {HTMLElement} */ (link).offsetLeft - 40; // On a narrow screen the links scroll.
      }
    },
    { rootMargin: "-30% 0px -60% 0px" },
  );
  for (const each of main.children) observer.observe(each);
}

/** @param {string} theme "light", "dark", or "" for that of the system */
function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  redraw.set(redraw.get() + 1);
}

function switchTheme() {
  const now = document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  setTheme(now === "dark" ? "light" : "dark");
  remember("theme", document.documentElement.dataset.theme ?? "");
}

const KEYS = ["j k", "n p", "Esc", "t", "l", "?"];

function showKeys() {
  const rows = KEYS.flatMap((key) => [el("dt", {}, ...key.split(" ").map((one) => el("kbd", {}, one))), el("dd", {}, text(`key.${key}`))]);
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog", { class: "keys", "aria-label": text("keys.title") }));
  dialog.append(el("h2", {}, text("keys.title")), el("dl", {}, ...rows));
  dialog.append(el("button", { type: "button", onclick: () => dialog.close() }, text("close")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {KeyboardEvent} event @param {Page} page */
function pressed(event, page) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
  if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
  else if (event.key === "n" || event.key === "p") walk(page, event.key === "n" ? 1 : -1);
  else if (event.key === "Escape" && page.select.get() >= 0) page.select.set(-1);
  else if (event.key === "Escape") page.filter.clear();
  else if (event.key === "t") switchTheme();
  else if (event.key === "l") switchLanguage();
  else if (event.key === "?" && !document.querySelector("dialog[open]")) showKeys();
}

/** Scroll to the next or the previous section. @param {number} by */
function step(by) {
  const all = [...document.querySelectorAll("main > section")];
  const now = all.findIndex((each) => each.getBoundingClientRect().bottom > 120);
  all[Math.max(0, Math.min(all.length - 1, now + by))]?.scrollIntoView();
}

/** Select the trial that is one place better or worse. @param {Page} page @param {number} by */
function walk(page, by) {
  const { trials, select } = page;
  const now = select.get();
  if (trials.count) select.set(trials.order[now < 0 ? 0 : Math.max(0, Math.min(trials.count - 1, trials.place[now] + by))]);
}
