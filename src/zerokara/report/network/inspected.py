"""What `inspect` returns: the numbers of a network, shown as tables with histograms."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from zerokara.arrays import Array
from zerokara.errors import InputError
from zerokara.notebooks import html_table, text_table
from zerokara.report.network.histograms import Histogram

BLOCKS, PLAIN_LEVELS = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
"""Heights of a bar of a histogram, from none; those of ASCII differ in how dark they are."""
FIELDS = ("mean", "deviation", "lowest", "highest")
LONGEST_BAR = 40


@dataclass(frozen=True, eq=False)
class LayerNumbers:
    """A layer: its place in the network, its text and number of parameters, and of its outputs, for a batch:

    their ``width`` and distribution, the share that is exactly 0, the share of units of a ReLU that are 0 for all
    samples, and the share of outputs of a sigmoid or tanh that are saturated: their slope is below a hundredth of the
    largest. None without a batch, or for other layers.
    """

    index: int
    text: str
    parameters: int
    width: int | None = None
    outputs: Histogram | None = None
    zeros: float | None = None
    dead: float | None = None
    saturated: float | None = None


@dataclass(frozen=True, eq=False)
class ParameterNumbers:
    """A parameter by the book's name and that of model files, with its distribution, and that of its gradient.

    ``zeros`` is the share that is exactly 0, and ``growth`` the standard deviation divided by the initial one, None
    where it is unknown.
    """

    name: str
    array: str
    layer: int
    shape: tuple[int, ...]
    values: Histogram
    zeros: float
    growth: float | None = None
    gradient: Histogram | None = None

    @property
    def not_finite(self) -> int:
        """The number of NaN and infinities."""
        return self.values.not_finite


@dataclass(frozen=True, eq=False, repr=False)
class Inspection:
    """The numbers of one network; a prompt and a notebook show them as tables. See `inspect`.

    ``samples`` is the size of the batch, and ``loss`` its loss, None without targets.
    """

    title: str
    layers: tuple[LayerNumbers, ...]
    parameters: tuple[ParameterNumbers, ...]
    samples: int = 0
    loss: float | None = None

    def lines(self, layer: int | None = None, ascii: bool = False) -> list[str]:
        """Return what is shown, as lines; of one ``layer``, each histogram with a line for each bin.

        Args:
            ascii: draw histograms without block characters.
        """
        if layer is not None and not 0 <= layer < len(self.layers):
            raise InputError(f"the layers are 0 to {len(self.layers) - 1}, got {layer}: choose one of them")
        return _lines(self, layer, ascii)

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        rows = [("layer", "parameters"), *((each.text, f"{each.parameters:,}") for each in self.layers)]
        return html_table(self.title, rows, f"<pre>{escape(chr(10).join(self.lines()[2:]))}</pre>")


def _lines(found: Inspection, layer: int | None, ascii: bool) -> list[str]:
    """Return an inspection as lines, or that of one layer."""
    layers = [each for each in found.layers if layer in (None, each.index)]
    parameters = [each for each in found.parameters if layer in (None, each.layer)]
    lines = [found.title, "", *_layer_table(layers, sum(each.parameters for each in found.layers), layer is None)]
    if parameters:
        lines += ["", "parameters", *_parameter_table(parameters, ascii)]
    if found.samples:
        lines += ["", f"outputs for {found.samples:,} samples", *_output_table(layers, ascii)]
    if found.loss is not None and parameters:
        lines += ["", f"gradients of the loss, {found.loss:.6g}", *_gradient_table(parameters, ascii)]
    if layer is not None:
        for what, shown in [
            *((f"outputs of layer {each.index}", each.outputs) for each in layers),
            *((each.name, each.values) for each in parameters),
            *((f"gradient of {each.name}", each.gradient) for each in parameters),
        ]:
            lines += ["", what, *bars(shown, ascii)] if shown is not None else []
    return lines


def spark(counts: Array, ascii: bool = False) -> str:
    """Return a histogram in one line, a character for two bins; any count but 0 is visible.

    >>> import numpy as np
    >>> spark(np.array([0, 1, 50, 50, 10, 0]), ascii=True)
    '.@.'
    """
    pairs = counts[: len(counts) // 2 * 2].reshape(-1, 2).sum(axis=1)
    levels = PLAIN_LEVELS if ascii else BLOCKS
    most, top = max(int(pairs.max()), 1), len(levels) - 1
    return "".join(levels[-(-int(count) * top // most)] for count in pairs)


def bars(shown: Histogram, ascii: bool = False) -> list[str]:
    """Return a histogram with a line for each bin: its ends, its count and a bar."""
    width, most = (shown.high - shown.low) / len(shown.counts), max(int(shown.counts.max()), 1)
    ends = [f"{shown.low + k * width:.4g}" for k in range(len(shown.counts) + 1)]
    rows = [
        (low, high, f"{int(count):,}", ("#" if ascii else "█") * -(-int(count) * LONGEST_BAR // most))
        for low, high, count in zip(ends[:-1], ends[1:], shown.counts, strict=True)
    ]
    return text_table([("from", "to", "count", ""), *rows])


def _layer_table(layers: Sequence[LayerNumbers], total: int, whole: bool) -> list[str]:
    rows = [("layer", "", "parameters"), *((str(x.index), x.text, f"{x.parameters:,}") for x in layers)]
    return text_table([*rows, ("", "total", f"{total:,}")] if whole else rows)


def _parameter_table(parameters: Sequence[ParameterNumbers], ascii: bool) -> list[str]:
    header: tuple[str, ...] = ("name", "array", "shape", *FIELDS, "zeros", "initial", "histogram")
    rows: list[tuple[str, ...]] = [
        (
            each.name,
            each.array,
            "x".join(map(str, each.shape)),
            *_numbers_of(each.values),
            f"{100 * each.zeros:.0f}%",
            f"x {each.growth:.2f}" if each.growth is not None else "",
            _bar_of(each.values, ascii),
        )
        for each in parameters
    ]
    if all(each.growth is None for each in parameters):
        header, rows = _without(header, 8), [_without(row, 8) for row in rows]
    return text_table([header, *rows])


def _output_table(layers: Sequence[LayerNumbers], ascii: bool) -> list[str]:
    rows = []
    for each in layers:
        assert each.outputs is not None
        notes = [f"{100 * each.zeros:.0f}% are 0"] if each.zeros and each.zeros >= 0.005 else []
        if each.dead is not None and each.width is not None:
            notes.append(f"{round(each.dead * each.width):,} of {each.width:,} units dead")
        if each.saturated is not None:
            notes.append(f"{100 * each.saturated:.0f}% saturated")
        bar = _bar_of(each.outputs, ascii)
        rows.append((str(each.index), each.text.split("(")[0], *_numbers_of(each.outputs), bar, ", ".join(notes)))
    return text_table([("layer", "", *FIELDS, "histogram", ""), *rows])


def _gradient_table(parameters: Sequence[ParameterNumbers], ascii: bool) -> list[str]:
    shown = [(each.name, each.gradient) for each in parameters if each.gradient is not None]
    rows = [(name, *_numbers_of(each), _bar_of(each, ascii)) for name, each in shown]
    return text_table([("of", *FIELDS, "histogram"), *rows])


def _numbers_of(shown: Histogram) -> tuple[str, ...]:
    return tuple(f"{value:.3g}" for value in (shown.mean, shown.deviation, shown.lowest, shown.highest))


def _bar_of(shown: Histogram, ascii: bool) -> str:
    return f"[{spark(shown.counts, ascii)}]" + (f" {shown.not_finite:,} NaN or inf" if shown.not_finite else "")


def _without(row: tuple[str, ...], place: int) -> tuple[str, ...]:
    return row[:place] + row[place + 1 :]
