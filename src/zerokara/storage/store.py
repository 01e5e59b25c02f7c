"""The interface between the search loop and the storage of a study."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from zerokara.engine.trial import Proposal, Trial
from zerokara.space.space import Space
from zerokara.storage.comparison import Comparison

if TYPE_CHECKING:
    from zerokara.samplers.narrowing import Round


class Store(Protocol):
    """A study that proposes generations of trials and records their results.

    Attributes:
        space: the search space.
        total: the total number of trials.
        shared: whether other processes may run trials of this study.
    """

    space: Space
    total: int
    shared: bool

    @property
    def seconds(self) -> float:
        """The time spent in proposing and recording."""

    @property
    def sizes(self) -> Sequence[int]:
        """The sizes of all generations, future ones included, as far as they are known."""

    @property
    def finished(self) -> bool:
        """Whether all trials have ended."""

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
