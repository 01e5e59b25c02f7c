"""Coarse ranges for the structure of a network: powers of two, and layers by depth and width.

Trials of equal structure train as one population, so a search with few structures is fast. Networks of 100 and 101
units perform alike; with powers of two, many trials share each size.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from zerokara.errors import InputError
from zerokara.space.distributions import MAX_TICKS, Choice, Distribution, Integer, Single
from zerokara.space.ranges import IntRange, PlainRange

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Powers(Single):
    """The powers of two from low to high, uniform; Optuna's parameter is the exponent.

    >>> Powers(16, 256).decode(6), Powers(16, 256).key("batch_size")
    (64, 'batch_size_log2')
    """

    low: int
    high: int
    kind: ClassVar[str] = "powers"
    on_log: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = Integer(getattr(self, name), getattr(self, name)).low
            # A power of two has exactly one bit set.
            self._require(value > 0 and value & (value - 1) == 0, f"a power of two as {name}, such as 32 or 64")
            object.__setattr__(self, name, value)
        self._require(self.low <= self.high, "low <= high")

    def steps(self) -> tuple[Any, ...]:
        values = tuple(1 << k for k in range(self.low.bit_length() - 1, self.high.bit_length()))
        return values if len(values) <= MAX_TICKS else ()

    def key(self, name: str) -> str:
        """Return the name of the exponent: NAME_log2."""
        return f"{name}_log2"

    def decode(self, raw: Any) -> Any:
        return 1 << raw

    def encode(self, value: Any) -> Any:
        return int(value).bit_length() - 1

    def range(self) -> PlainRange:
        return IntRange(False, 1, self.low.bit_length() - 1, self.high.bit_length() - 1)


@dataclass(frozen=True)
class Layers(Distribution):
    """The number of hidden layers, and one width for all of them.

    Layers of equal width are as good as other shapes, and free widths would give almost every trial another structure:
    4 depths of 5 widths are 20 structures, 4 layers of free widths 625.

    Source: Bengio 2012, Practical recommendations for gradient-based training, section 3.3, arXiv:1206.5533.

    >>> layers = Layers(Integer(0, 3), Powers(16, 64))
    >>> layers.text(), layers.read("hidden", {"hidden_depth": 2, "hidden_width_log2": 5})
    ('layers:0:3:16:64', (32, 32))
    """

    depth: Integer
    width: Single
    kind: ClassVar[str] = "layers"

    def __post_init__(self) -> None:
        for name in ("depth", "width"):
            object.__setattr__(self, name, _to_range(getattr(self, name), Integer if name == "depth" else Powers))
        self._require(isinstance(self.depth, Integer), "whole numbers as depth, such as (1, 4)")
        self._require(self.depth.low >= 0, "a depth >= 0")
        plain = isinstance(self.width, Powers | Integer | Choice)
        self._require(plain, "powers of two, whole numbers or a choice of them as width, such as (16, 256)")
        if isinstance(self.width, Choice):
            object.__setattr__(self, "width", Choice(tuple(map(_to_width, self.width.options))))
        self._require(min(self.width.ends()) >= 1, "widths >= 1")

    def ends(self) -> tuple[Any, ...]:
        """Return the smallest and the largest network."""
        widths = self.width.ends()
        return (min(widths),) * self.depth.low, (max(widths),) * self.depth.high

    def parts(self, name: str) -> dict[str, Single]:
        """Return the ranges of the depth and of the width."""
        return {f"{name}_depth": self.depth, f"{name}_width": self.width}

    def read(self, name: str, params: "Mapping[str, Any]") -> Any:
        """Return the layer sizes; with depth 0 there is no width."""
        depth = self.depth.read(f"{name}_depth", params)
        return (self.width.read(f"{name}_width", params),) * depth if depth else ()

    def values(self, name: str, value: Any) -> dict[str, Any]:
        """Return the depth, and the width if there are layers."""
        return {f"{name}_depth": len(value), **({f"{name}_width": value[0]} if value else {})}

    def _parts(self) -> str:
        width = self.width.text()
        return f"{self.depth.low}:{self.depth.high}:{width.removeprefix('powers:')}"


def _to_range(given: Any, kind: type[Integer] | type[Powers]) -> Any:
    """Return a range from a pair (low, high), from a single number, or unchanged."""
    if isinstance(given, list | tuple) and len(given) == 2:
        return kind(*given)
    return given if isinstance(given, Distribution) else Integer(given, given)


def _to_width(option: Any) -> int:
    try:
        return Integer(number := int(option) if isinstance(option, str) else option, number).low
    except ValueError as error:
        raise InputError(f"a width must be a whole number, got {option!r}: write for example choice:50|80") from error
