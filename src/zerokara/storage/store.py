"""The interface between the search loop and the storage of a study."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from zerokara.engine.trial import Proposal, Trial
from zerokara.space.space import Space
from zerokara.storage.comparison import Comparison

if TYPE_CHECKING:
    from zerokara.samplers.narrowing import Round


STOP = "stop"
"""The attribute of the Optuna study with the `Stop`."""


@dataclass(frozen=True)
class Stop:
    """Why a search ended before all its trials, and where.

    Args:
        callback: the qualified name of the callback that stopped it.
        reason: its reason, or nothing.
        trials: the total number of trials then; a search that is extended beyond continues.
        place: the generation, the bracket and the epoch of the rung from which on nothing trains.
        worker: the process that it concerns, if the study is shared; the others finish their generations.
    """

    callback: str
    reason: str
    trials: int
    place: tuple[int, int, int]
    worker: str = ""

    def __post_init__(self) -> None:
        generation, bracket, epoch = map(int, self.place)  # JSON has lists only.
        object.__setattr__(self, "place", (generation, bracket, epoch))
        object.__setattr__(self, "trials", int(self.trials))

    @property
    def text(self) -> str:
        """The reason, after the callback's name if it is not one of the library."""
        reason = self.reason or "no reason"
        return reason if self.callback.startswith("zerokara.") else f"{self.callback}: {reason}"


def stop_of(attributes: Mapping[str, Any], trials: int) -> Stop | None:
    """Return what stopped a search for so many trials, from the attributes of its study."""
    stop = Stop(**attributes[STOP]) if STOP in attributes else None
    return stop if stop and stop.trials >= trials else None


class Store(Protocol):
    """A study that proposes generations of trials and records their results.

    Attributes:
        space: the search space.
        total: the total number of trials.
        shared: whether other processes may run trials of this study.
        worker_id: the name of this process, if the study is shared.
    """

    space: Space
    total: int
    shared: bool
    worker_id: str

    @property
    def seconds(self) -> float:
        """The time spent in proposing and recording."""

    @property
    def sizes(self) -> Sequence[int]:
        """The sizes of all generations, future ones included, as far as they are known."""

    @property
    def finished(self) -> bool:
        """Whether all trials have ended, or the search was stopped and nothing trains."""

    @property
    def stop(self) -> Stop | None:
        """What stopped the search, if anything did."""

    def record_stop(self, stop: Stop) -> None:
        """Record that the search stops; it stays stopped when it is resumed."""

    def generations(self) -> Sequence[tuple[int, Sequence[int]]]:
        """Return the generations of this process that have ended: their numbers, and those of their trials."""

    def ask(self) -> tuple[int, list[Proposal]]:
        """Return the number and the trials of the next generation for this process; no trials if there is none."""

    def tell(self, trials: Iterable[Trial]) -> None:
        """Record how the trials of a generation ended."""

    def report(self, trials: Iterable[Trial]) -> None:
        """Record the results of trials at a rung."""

    def ended(self) -> Mapping[int, Trial]:
        """Return all trials that have ended, by number."""

    def send_heartbeat(self) -> None:
        """Send a heartbeat if one is due; called about four times a second."""

    def write_comparison(self, comparison: Comparison) -> None:
        """Write all trials at one epoch as a second study beside this one, in place of an earlier one."""

    def rounds(self) -> "Sequence[Round]":
        """Return the rounds that the study has begun, if its sampler has rounds."""
