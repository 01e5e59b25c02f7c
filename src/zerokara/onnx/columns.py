"""The columns of a table as inputs of an ONNX graph, coded as in `zerokara.data.columns.coding`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from zerokara.data import Encoder
from zerokara.data.columns.coding import EDGE, FAR, Coding
from zerokara.data.columns.roles import listed
from zerokara.onnx.graph import Graph, declared, type_number

if TYPE_CHECKING:
    from onnx import ValueInfoProto

TEXTS = "ai.onnx.ml"
"""The domain of operators on texts: the default domain cannot compare them before opset 19."""


def inputs(encoder: Encoder) -> "list[ValueInfoProto]":
    """Return an input (N, 1) for each column: float64 for numbers and booleans, since large ones do not fit float32."""
    kinds = {"number": np.float64, "boolean": np.float64, "category": object}
    return [declared(coding.name, kinds[coding.kind], ["N", 1], about(coding)) for coding in encoder.codings]


def about(coding: Coding) -> str:
    """Return a description of a column's cells.

    >>> about(Coding("city", "category", np.array([0.6, 0.4, 0]), ("Basel", "Bern")))
    "a text such as Basel, Bern; '' where it is missing"
    """
    if coding.kind != "category":
        return f"{'a number' if coding.kind == 'number' else '0 or 1'}; NaN where it is missing"
    known = [level for level in coding.levels if level]
    return f"a text{' such as ' * bool(known)}{listed(known, 4, 16)}; '' where it is missing"


def coded(graph: Graph, encoder: Encoder) -> str:
    """Append the coding of all columns, and return the name of x (N, D), float32."""
    starts = np.cumsum([0, *(coding.width for coding in encoder.codings)]).tolist()
    kinds: dict[str, list[tuple[Coding, int]]] = {"number": [], "boolean": [], "category": []}
    for coding, start in zip(encoder.codings, starts, strict=False):
        kinds[coding.kind].append((coding, start))
    parts, places = [], []
    for kind in ("number", "boolean"):
        if placed := kinds[kind]:
            parts.append(_numbers(graph, [coding for coding, _ in placed]))
            places += [start for _, start in placed] + [start + 1 for coding, start in placed if coding.width == 2]
    for coding, start in kinds["category"]:
        parts.append(_one_hot(graph, coding, encoder.missing))
        places += range(start, start + coding.width)
    x = _concatenate(graph, parts)
    if places == sorted(places):
        return x
    return graph.add("Gather", x, graph.constant("table.order", np.argsort(places), np.int64), axis=1)


def _numbers(graph: Graph, codings: Sequence[Coding]) -> str:
    """Append all number columns, or all booleans: their values (N, K), then the missing indicators, if any."""
    kind = codings[0].kind
    x = _concatenate(graph, [coding.name for coding in codings])
    missing = graph.add("IsNaN", x)

    def constant(name: str, values: Sequence[float]) -> str:
        return graph.constant(f"table.{kind}.{name}", np.array([values]), np.float64)

    if kind == "number":
        x = graph.add("Sub", x, constant("middle", [coding.statistics[0] for coding in codings]))
        x = graph.add("Div", x, constant("spread", [coding.statistics[1] for coding in codings]))
        far = [graph.constant(f"table.{name}", edge, np.float64) for name, edge in (("low", -FAR), ("high", FAR))]
        x = graph.add("Clip", x, *far)
        if codings[0].clipped:  # All numbers of a table are.
            bend = graph.add("Div", x, graph.constant("table.edge", EDGE, np.float64))
            bend = graph.add("Add", graph.add("Mul", bend, bend), graph.constant("table.one", 1, np.float64))
            x = graph.add("Div", x, graph.add("Sqrt", bend))
    average = constant("average", [0 if kind == "number" else coding.statistics[0] for coding in codings])
    x = graph.add("Cast", graph.add("Where", missing, average, x), to=type_number(np.float32))
    indicated = [k for k, coding in enumerate(codings) if coding.width == 2]
    if not indicated:
        return x
    missing = graph.add("Cast", missing, to=type_number(np.float32))
    missing = graph.add("Gather", missing, graph.constant(f"table.{kind}.indicated", indicated, np.int64), axis=1)
    return _concatenate(graph, [x, missing])


def _one_hot(graph: Graph, coding: Coding, missing: Sequence[str]) -> str:
    """Append a category: the row of codes for each text. The texts that were missing in training are missing here."""
    codes = coding.codes
    place = {level: k for k, level in enumerate(coding.levels)}
    gap = place.pop(None, len(codes) - 1)
    keys = dict.fromkeys(["", *missing], gap) | place
    index = graph.add(
        "LabelEncoder",
        coding.name,
        domain=TEXTS,
        keys_strings=list(keys),
        values_int64s=list(keys.values()),
        default_int64=len(codes) - 1,
    )
    codes_name = graph.constant(f"table.category.{coding.name}", codes, np.float32)
    return graph.add("Flatten", graph.add("Gather", codes_name, index), axis=1)


def _concatenate(graph: Graph, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
