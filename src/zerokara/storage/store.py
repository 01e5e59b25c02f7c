"""What the search loop needs of the place where a study is kept."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from zerokara.engine.trial import Proposal, Trial
from zerokara.space.space import Space

if TYPE_CHECKING:
    from zerokara.samplers.narrowing import Round


class Store(Protocol):
    """A study that proposes trials by the generation and records how they end.

    Attributes:
        space: what is searched.
        total: the number of trials in all.
        shared: whether other processes may train trials of this study.
    """

    space: Space
    total: int
    shared: bool

    @property
    def seconds(self) -> float:
        """The time that proposing and recording has taken."""

    @property
    def sizes(self) -> Sequence[int]:
        """The sizes of all generations, those to come included, as far as they can be known."""

    @property
    def finished(self) -> bool:
        """Whether all trials have ended."""

    def ask(self) -> tuple[int, list[Proposal]]:
        """Return the number and the trials of the next generation to train here; no trials if there is none."""

    def tell(self, trials: Iterable[Trial]) -> None:
        """Record how the trials of a generation ended, in the order of their numbers."""

    def report(self, trials: Iterable[Trial]) -> None:
        """Record the results of trials at a rung."""

    def ended(self) -> Mapping[int, Trial]:
        """Return all trials that have ended, by number."""

    def send_heartbeat(self) -> None:
        """Do what is due from time to time; called about four times a second."""

    def rounds(self) -> "Sequence[Round]":
        """Return the rounds that the study has begun, if its sampler has rounds."""
