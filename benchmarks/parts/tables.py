"""What `zk.tune` is worth on tables as they come: against untuned networks, boosting, a linear model and others."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmarks.keep import Kept
from benchmarks.parts.asked import Asked, table, verdict
from benchmarks.tables import FRESH, ROWS, TWELVE
from benchmarks.tabular.compare import Pairs, pairs, ranks
from benchmarks.tabular.contestants import BOOSTING, CATBOOST, ENTRIES, FIVE, LINEAR, MLP, SHORT, TUNE, TUNED, Entry
from benchmarks.tabular.measure import Results, measure, same_seconds

SPLITS, MORE_SPLITS = 5, 20
"""Those that judge, and those by which one table is judged: five say little about one."""
BELOW, SECONDS = -0.01, 4.0
"""The least mean difference to five untuned networks at any table, and the most CPU seconds a table, on average."""
SAME_SECONDS = f"{MLP}, s of {TUNE}"
PACED = {TUNE: SAME_SECONDS, TUNED: f"{MLP}, s of {TUNED}"}
"""The search over MLP, in the seconds of each of these."""
FEW = [entry for entry in ENTRIES if entry.name in (TUNE, FIVE, LINEAR)]
"""The contestants with more splits."""
QUICK = ("cars", "diabetes")


@dataclass(frozen=True)
class Floor:
    """The wins at least and the losses at most that `zk.tune` must have of 60 pairs, and the least mean difference."""

    rival: str
    wins: int
    losses: int
    mean: float = 0.0

    def met(self, found: Pairs) -> bool:
        return found.wins >= self.wins and found.losses <= self.losses and found.mean >= self.mean


FLOORS = [
    Floor(FIVE, 43, 12, 0.010),
    Floor(BOOSTING, 48, 12),
    Floor(CATBOOST, 30, 28),
    Floor(LINEAR, 42, 15),
    Floor(SAME_SECONDS, 45, 15),
]
STRETCH = [Floor(FIVE, 46, 7, 0.014), Floor(BOOSTING, 52, 8), Floor(CATBOOST, 36, 24)]
LEVEL = ("Computers", "cars")
"""Tables at which the stretch is to be level with CatBoost."""

ABOUT = f"""Accuracy, or R2, on a random quarter of the rows, {SPLITS} splits a table (seeds 0 to {SPLITS - 1}), of at \
most {ROWS:,} rows drawn at random; the contestants have the other three quarters and nothing else. CPU seconds of \
`fit` on one thread, in a process that is warm; prediction is not counted. {TUNE}: `zk.tune(frame, target=...)`, \
nothing else given. {FIVE}: the mean of five networks with the settings and the encoding of commit 9309380; former \
tune: `tune` of that commit; tune with refit: that of version 0.1. Network* and {TUNED} have their defaults, behind \
standardized numbers and one-hot texts, and so have {LINEAR} (logistic or ridge regression, its penalty by \
cross-validation), the forest and {MLP}: random search over `MLPClassifier` and `MLPRegressor` by five folds, its \
first answer after at least as many seconds as {TUNE} or {TUNED} took. {BOOSTING}, XGBoost, LightGBM, {CATBOOST} and \
RealMLP-TD have their defaults, and take texts as categories. Wins and losses leave ties out; mean differences ± \
standard error over tables, in brackets over all pairs."""


def tables(asked: Asked) -> str:
    kept = Kept(asked.kept.path.with_name("tables.jsonl"))
    names = asked.tables or (QUICK if asked.quick else (*TWELVE, *FRESH))
    parts = ["## Tables", ABOUT]
    for title, group in (("The twelve tables", TWELVE), ("Seven tables that no setting was chosen by", FRESH)):
        if chosen := [name for name in names if name in group]:
            whole = asked.judge and set(chosen) == set(TWELVE)
            parts.append(section(title, measured(asked, kept, chosen), whole))
            if whole:
                parts.append(each_table(measure(asked, kept, FEW, chosen, range(MORE_SPLITS))))
    first = f"{datetime.datetime.fromtimestamp(min(kept.resumed or [0]), datetime.UTC):%Y-%m-%d %H:%M}"
    if kept.resumed:
        parts.append(f"{len(kept.resumed)} of these fits were measured before, the first at {first} UTC.")
    return "\n\n".join(filter(None, parts))


def measured(asked: Asked, kept: Kept, names: Sequence[str], entries: Sequence[Entry] = tuple(ENTRIES)) -> Results:
    """Return the results of all contestants; those of the search over MLP in the seconds that ours took."""
    search = next((entry for entry in entries if entry.name == MLP), None)
    results = measure(asked, kept, entries, names, asked.range(SPLITS))
    results.pop(MLP, None)
    for ours, name in PACED.items():
        if search and ours in results and (same := same_seconds(asked, kept, search, results[ours])):
            results[name] = same
    return results


def section(title: str, results: Results, judge: bool) -> str:
    """Return the tables of one group, and the floors if it is judged."""
    if not results:
        return f"### {title}\n\nNothing was measured."
    parts = [f"### {title}", overall(results)]
    if TUNED in results and PACED[TUNED] in results:
        found = pairs(results[TUNED], results[PACED[TUNED]])
        parts.append(f"{TUNED} against {MLP} in the same seconds: {found}.")
    parts.append(by_table(results))
    if TUNE in results:
        parts += [differences(results), "\n".join(floors(results))] if judge else [differences(results)]
    return "\n\n".join(parts)


def overall(results: Results) -> str:
    rank = ranks(results)
    rows = []
    for name, own in results.items():
        fits = [result for splits in own.values() for result in splits]
        against = [
            str(pairs(own, results[other])) if other in results and other != name else "" for other in (FIVE, TUNE)
        ]
        score, seconds = fmean(fit.score for fit in fits), fmean(fit.cpu for fit in fits)
        rows.append((name, f"{score:.4f}", f"{rank[name]:.2f}", f"{seconds:.2f}", *against))
    return table(("contestant", "mean score", "mean rank", "CPU s", f"against {FIVE}", f"against {TUNE}"), rows)


def by_table(results: Results) -> str:
    """Return the mean scores and CPU seconds of each table."""
    rows = []
    for name in next(iter(results.values())):
        cells = [(fmean(r.score for r in own[name]), fmean(r.cpu for r in own[name])) for own in results.values()]
        rows.append((name, *(f"{score:.4f} ({seconds:.2f})" for score, seconds in cells)))
    return table(("mean score (CPU s)", *results), rows)


def differences(results: Results) -> str:
    """Return the mean differences of `zk.tune` at each table, with their standard errors over the splits."""
    rivals = [name for name in (FIVE, SAME_SECONDS, BOOSTING, CATBOOST, LINEAR) if name in results]
    found = [pairs(results[TUNE], results[name]) for name in rivals]
    rows = []
    for name in results[TUNE]:
        cells = [own.of(name) for own in found]
        rows.append((name, *(f"{mean:+.4f} ± {error:.4f}" for mean, error in cells)))
    return table((f"{TUNE} less", *rivals), rows)


def floors(results: Results) -> list[str]:
    """Return a pass or fail line for each floor whose contestants took part; a stretch stands beside it."""
    ours, lines = results[TUNE], []
    for floor in FLOORS:
        if floor.rival not in results:
            continue
        found = pairs(ours, results[floor.rival])
        stretch = [
            f"; stretch {wanted(s)}: {'met' if s.met(found) else 'missed'}" for s in STRETCH if s.rival == floor.rival
        ]
        lines.append(verdict(floor.met(found), f"against {floor.rival} {wanted(floor)}", f"{found}{''.join(stretch)}"))
    if LINEAR in results:
        lines.append(behind_linear(results))
    if FIVE in results:
        found = pairs(ours, results[FIVE])
        worst = min(ours, key=lambda name: found.of(name)[0])
        least = found.of(worst)[0]
        lines.append(verdict(least >= BELOW, f"at no table below {FIVE} by more than .01", f"{worst} {least:+.4f}"))
    seconds = fmean(result.cpu for splits in ours.values() for result in splits)
    lines.append(verdict(seconds <= SECONDS, f"at most {SECONDS:g} CPU seconds a table", f"{seconds:.2f}"))
    if SHORT in results and FIVE in results:
        found = pairs(results[SHORT], results[FIVE])
        lines.append(verdict(found.wins > found.losses and found.mean > 0, f"{SHORT} ahead of {FIVE}", str(found)))
    if CATBOOST in results:
        found = pairs(ours, results[CATBOOST])
        cells = {name: found.of(name) for name in LEVEL}
        said = ", ".join(f"{name} {mean:+.4f} ± {error:.4f}" for name, (mean, error) in cells.items())
        lines.append(f"- stretch: level with {CATBOOST} at {' and '.join(LEVEL)}: {said}")
    return lines


def behind_linear(results: Results) -> str:
    found = pairs(results[TUNE], results[LINEAR])
    behind = [name for name in found.tables if found.of(name)[0] < -2 * found.of(name)[1]]
    rule = f"behind {LINEAR} at no table by more than two standard errors"
    return verdict(not behind, rule, ", ".join(behind) or "none")


def each_table(results: Results) -> str:
    """Return the differences at each table over more splits, which judge single tables."""
    if not {TUNE, LINEAR} <= set(results):
        return ""
    title = f"### Table by table, {MORE_SPLITS} splits (seeds 0 to {MORE_SPLITS - 1})"
    return "\n\n".join([title, differences(results), behind_linear(results)])


def wanted(floor: Floor) -> str:
    return f"{floor.wins}-{floor.losses}" + (f", {floor.mean:+.3f}" if floor.mean else "")
