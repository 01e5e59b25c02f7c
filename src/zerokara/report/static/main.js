/** Starts the page: the order of these imports is the order of its sections. */

import { makePage } from "./page.js";
import { show } from "./shell.js";
import "./glance.js";
import "./race.js";
import "./scatter.js";
import "./importances.js";
import "./parallel.js";
import "./narrowing.js";
import "./table.js";
import "./winner.js";
import "./tryit.js";
import "./steps.js";

const content = JSON.parse(document.getElementById("zk-data")?.textContent ?? "{}");
export const page = makePage(content);
show(/** @type {HTMLElement} */ (document.getElementById("zk-page")), page);
Object.assign(window, { zerokara: page }); // For the browser's console.
