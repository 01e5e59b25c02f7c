"""What a gradient check returns: a row for each array, and the numbers of any element."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from zerokara.errors import InputError, unknown
from zerokara.nn.gradients.differences import measure_entry
from zerokara.nn.gradients.results import WRONG, Check, Entry
from zerokara.nn.gradients.subjects import Subject
from zerokara.notebooks import html_table, text_table

CHECK_HEADER = ("parameter", "shape", "checked", "largest difference", "relative error", "")


@dataclass(frozen=True, eq=False, repr=False)
class GradientCheck:
    """The result of `gradcheck`: one `Check` for each array, by index, by name, or one after the other.

    A prompt and a notebook show it as a table. ``h`` is the step.
    """

    subject: Subject = field(repr=False)
    checks: tuple[Check, ...]
    h: float

    @property
    def ok(self) -> bool:
        """Whether every gradient is right."""
        return all(check.passed for check in self.checks)

    def __iter__(self) -> Iterator[Check]:
        return iter(self.checks)

    def __len__(self) -> int:
        return len(self.checks)

    def __getitem__(self, key: int | str) -> Check:
        return self.checks[key] if isinstance(key, int) else self.checks[self._names.index(self._known(key))]

    def entry(self, text: str, network: int = 0, h: float | None = None) -> Entry:
        """Return both numbers of one element, such as ``"W1[3,7]"`` or ``"b2[0]"``.

        Args:
            network: which network of a population.
            h: another step.

        Raises:
            InputError: there is no such element.
        """
        match = re.fullmatch(r"\s*([^\W\d][\w.]*)\s*\[\s*(\d+(?:\s*,\s*\d+)*)\s*,?\s*\]\s*", str(text))
        if match is None:
            raise InputError(
                f"an entry is a parameter with its indices, such as W1[3,7] or b2[0], got {text!r}: fix it"
            )
        name, place = self._known(match[1]), tuple(int(index) for index in match[2].split(","))
        values = self.subject.arrays[name][0]
        shape = values.shape[1:]
        if len(place) != len(shape) or any(index >= size for index, size in zip(place, shape, strict=True)):
            first, last = (",".join(map(str, ends)) for ends in ([0] * len(shape), [size - 1 for size in shape]))
            raise InputError(f"the entries of {name} are {name}[{first}] to {name}[{last}], got {text}: correct it")
        if not 0 <= network < len(values):
            raise InputError(f"the networks are 0 to {len(values) - 1}, got {network}: choose one of them")
        return measure_entry(self.subject, name, place, network, self.h if h is None else h)

    @property
    def _names(self) -> list[str]:
        return [check.name for check in self.checks]

    def _known(self, name: str) -> str:
        if name not in self._names:
            raise unknown("parameter", str(name), self._names)
        return name

    @property
    def title(self) -> str:
        """What was checked, in one line."""
        losses = self.subject.losses()
        count = self.subject.samples
        samples = f"{count:,} sample{'s' * (count != 1)}"
        return f"{self.subject.title}: {samples}, {'mean ' * (len(losses) > 1)}loss {losses.mean():.6g}, h = {self.h:g}"

    @property
    def conclusion(self) -> str:
        """The result in one line, with what to do next."""
        if self.ok:
            kinks = sum(check.kinks for check in self)
            left_out = f"; {kinks:,} elements at a kink have none" if kinks else ""
            return f"every gradient is right: the relative errors are below {self.subject.tolerance:g}{left_out}"
        wrong = [check.name for check in self if not check.passed]
        worst = max(self, key=lambda check: math.inf if math.isnan(check.error) else check.error)
        doubtful = all(check.error <= WRONG for check in self)
        hint = "a smaller or larger h may explain it" if doubtful else f"look at the entry {worst.worst}"
        return f"{'doubtful' if doubtful else 'WRONG'}: {', '.join(wrong)}; {hint}"

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table, with its header."""
        networks = len(next(iter(self.subject.arrays.values()))[0]) if self.subject.arrays else 1
        return [
            CHECK_HEADER,
            *(
                (
                    check.name,
                    "x".join(map(str, check.shape)),
                    _count_text(check.count, int(np.prod(check.shape)) * networks),
                    f"{check.difference:.1e}",
                    f"{check.error:.1e}",
                    check.verdict,
                )
                for check in self
            ),
        ]

    def __repr__(self) -> str:
        return "\n".join([self.title, *text_table(self.rows()), self.conclusion])

    def _repr_html_(self) -> str:
        return html_table(f"{self.title}. {self.conclusion}", self.rows())


def _count_text(count: int, size: int) -> str:
    return f"all {size:,}" if count == size else f"{count:,} of {size:,}"
