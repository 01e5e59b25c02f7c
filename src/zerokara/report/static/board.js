/** Starts the page of a board: that of a report, which follows its run. */

import { page } from "./main.js";
import { followRun } from "./live.js";
import { boardBar } from "./boardbar.js";

const followed = followRun(page);
boardBar(page, followed.statuses, followed.connected);
