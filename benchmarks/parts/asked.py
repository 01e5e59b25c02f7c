"""What a run of the benchmark was asked for, and the one way in which a part measures."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.contestants import PLAIN, Contestant
from benchmarks.harness import Row, Run, timed
from benchmarks.keep import Kept
from benchmarks.work import Work

OURS = Contestant("zerokara", PLAIN, "benchmarks.ours:summary", "zk.tune")


@dataclass
class Asked:
    """The works by name, whether they are cut short, how many seeds at most, what has been measured so far,
    and the earlier commit that zerokara is compared with; of the part with tables the contestants that are measured,
    by a part of their names in lower case, and the tables, by default all.
    """

    works: dict[str, Work]
    kept: Kept
    quick: bool = False
    seeds: int | None = None
    rows: list[Row] = field(default_factory=list)
    against: str = "9309380"
    say: Callable[[str], None] = print
    only: Sequence[str] = ("",)
    tables: Sequence[str] = ()

    @property
    def judge(self) -> bool:
        """Whether the floors are judged: nothing was cut short, and no fewer seeds were asked for."""
        return not self.quick and self.seeds is None

    def range(self, seeds: int) -> range:
        """Return the seeds that a part measures: its own number of them, or as many as were asked for."""
        return range(min(seeds, self.seeds or (2 if self.quick else seeds)))

    def run(
        self,
        contestant: Contestant,
        work: Work,
        aside: Mapping[str, Any] | None = None,
        repetition: int = 0,
        **settings: Any,
    ) -> Run:
        """Return one run in fresh processes; ``aside`` are settings that are no part of what was asked, such as paths.

        A run that was cut and goes on finds here what it had measured, of each repetition.
        """
        ways = {**contestant.settings, **settings}
        shape = f"{work.name} {work.trials} trials {work.epochs} epochs"
        who = f"{contestant.name} {contestant.target} {contestant.way} {repetition}"
        asked = f"{shape} {who} {json.dumps(ways, sort_keys=True)}"
        timing = replace(contestant, settings={**ways, **(aside or {})})
        found = Run(**self.kept.get(asked, lambda: vars(timed(timing, work))))
        told = ", ".join(f"{name} {value}" for name, value in settings.items() if name not in ("shared", "warm_up"))
        self.say(f"{shape}: {contestant.name} {told}: {found.seconds:.2f} s")
        return found


def verdict(passed: bool, rule: str, found: str, judge: bool = True) -> str:
    """Return a line of a part's floors."""
    return f"- {('pass' if passed else 'FAIL') if judge else 'cut short, not judged'}: {rule}: {found}"


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], names: int = 1) -> str:
    """Return a Markdown table whose first columns are names and whose others are numbers."""
    rule = ["---" if k < names else "--:" for k in range(len(heads))]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in [heads, rule, *rows])
