"""A trained model as one ONNX graph: scaling, networks, probabilities and labels, for any runtime."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Encoder, Preprocess
from zerokara.errors import InputError, unknown
from zerokara.nn import Network
from zerokara.onnx.columns import TEXTS, coded, inputs
from zerokara.onnx.graph import Graph, declared, number_of
from zerokara.onnx.layers import EXPORTERS

if TYPE_CHECKING:
    from onnx import ValueInfoProto

OPSET, OPSET_OF_TEXTS, IR = 17, 3, 8
"""Pinned: what the newest onnx writes by default, runtimes of the last years do not load."""
LARGEST = 2**31 - 1
"""Bytes that a protobuf file may have."""
SCALINGS = ("none", "target", "center", "standard", "range", "whiten")
"""The kinds of scaling that are (x - shift) / scale, with or without a turn by the basis between the two."""


def to_bytes(
    groups: Sequence[Network],
    shares: Array,
    preprocess: Preprocess,
    task: str,
    labels: Array,
    facts: Mapping[str, str],
    encoder: Encoder | None = None,
) -> bytes:
    """Return the bytes of an ONNX file for networks that answer as one, checked; the same model, the same bytes.

    Input ``x`` (N, D) float32, in the data's own units, N any number. Outputs: in classification ``label`` (N,),
    texts or whole numbers as in ``labels``, and ``probabilities`` (N, C); in a multilabel task ``label`` (N, C), 0 or
    1, and ``probabilities`` (N, C); in regression ``value`` (N, C) in the target's units. Unlike `Model.predict`, a
    graph refuses no NaN: it answers with NaN.

    A table has an input (N, 1) for each column instead, called as the column is: numbers float64, booleans float64 as 0
    and 1, NaN where one is missing; categories texts as they stand in a CSV file, empty (or another of its marks, such
    as NA) where one is missing. An output that is called as a column is gets a line below at the end of its name.

    Args:
        groups, shares: the populations and what each network has in the mean, (P,), as in `Ensemble`.
        labels: what is answered for each class, or the names of the outputs, (C,).
        facts: metadata of the file.
        encoder: of a table, what makes its columns x.

    Raises:
        InputError: the extra ``onnx`` is not installed, the file would be larger than the format allows, or a name or a
            category is no Unicode text.
    """
    try:
        from onnx import checker, helper
    except ImportError as error:
        raise InputError('an ONNX file needs the package onnx: pip install "zerokara[onnx]"') from error
    if (size := sum(network.params.nbytes for network in groups)) > LARGEST * 0.99:
        raise InputError(f"an ONNX file has {LARGEST:,} bytes at most, got networks of {size:,}: export fewer")
    _require_unicode(labels, encoder)
    if encoder is None:
        given = [declared("x", np.float32, ["N", preprocess.inputs], "samples in the data's own units, flat")]
    else:
        given = inputs(encoder)
    graph = Graph(groups[0].dtype, [each.name for each in given])
    x = _scaled(graph, "x" if encoder is None else coded(graph, encoder), preprocess)
    scores = [_scores(graph, network, f"{g}." if len(groups) > 1 else "", x) for g, network in enumerate(groups)]
    if task == "regression":
        outputs = _values(graph, scores, groups, shares, preprocess)
    else:
        outputs = _labels(graph, scores, groups, shares, task, labels)
    whole = helper.make_graph(graph.nodes, "zerokara", given, outputs, graph.constants)
    opsets = {"": OPSET} | {node.domain: OPSET_OF_TEXTS for node in graph.nodes if node.domain == TEXTS}
    model = helper.make_model(
        whole,
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in opsets.items()],
        ir_version=IR,
        producer_name="zerokara",
        producer_version=facts.get("zerokara", ""),
    )
    helper.set_model_props(model, dict(facts))
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _require_unicode(labels: Array, encoder: Encoder | None) -> None:
    """Raise for a text that has no UTF-8, such as one read with Python's ``surrogateescape``."""
    codings = encoder.codings if encoder else ()
    texts = [
        *map(str, labels.tolist()),
        *(c.name for c in codings),
        *(level or "" for c in codings for level in c.levels),
    ]
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"names and categories in an ONNX file must be Unicode text, got {text!r}: correct it"
            ) from error


def _scaled(graph: Graph, x: str, preprocess: Preprocess) -> str:
    """Append the scaling of x, in float32 as `Preprocess` does it, and the cast to the networks' precision."""
    kind = preprocess.kind.split(":")[0]
    if kind not in SCALINGS:
        raise unknown("scaling for ONNX", kind, SCALINGS)
    if kind not in ("none", "target"):
        x = graph.add("Sub", x, graph.constant("scaling.shift", preprocess.shift, np.float32))
        if preprocess.basis is not None:
            x = graph.add("MatMul", x, graph.constant("scaling.basis", preprocess.basis, np.float32))
        x = graph.add("Div", x, graph.constant("scaling.scale", preprocess.scale, np.float32))
    return x if graph.dtype == np.float32 else graph.add("Cast", x, to=number_of(graph.dtype))


def _scores(graph: Graph, network: Network, prefix: str, x: str) -> str:
    """Append the layers of a population: (N, C) of one network, (P, N, C) of several."""
    for i, layer in enumerate(network.layers):
        if type(layer) not in EXPORTERS:
            raise unknown("layer for ONNX", type(layer).__name__, [kind.__name__ for kind in EXPORTERS])
        graph.prefix = f"{prefix}{i}."
        x = EXPORTERS[type(layer)](graph, layer, x)
    graph.prefix = ""
    return x


def _mean(graph: Graph, parts: list[str], groups: Sequence[Network], shares: Array) -> str:
    """Append the mean over all networks, (N, C), of what each says; what one alone says is left as it is."""
    if len(shares) == 1:
        return parts[0]
    sums, start = [], 0
    for g, (part, network) in enumerate(zip(parts, groups, strict=True)):
        own = shares[start : (start := start + network.population)]
        weighted = graph.add("Mul", part, graph.rows(f"{g}.share", own[:, None, None]))
        if network.population > 1:
            axis = graph.constant(f"{g}.axis", [0], np.int64)
            weighted = graph.add("ReduceSum", weighted, axis, keepdims=0)
        sums.append(weighted)
    return sums[0] if len(sums) == 1 else graph.add("Sum", *sums)


def _values(
    graph: Graph, scores: list[str], groups: Sequence[Network], shares: Array, preprocess: Preprocess
) -> "list[ValueInfoProto]":
    y = _mean(graph, scores, groups, shares)
    y = graph.add("Mul", y, graph.constant("scaling.target_scale", preprocess.target_scale))
    value = graph.add("Add", y, graph.constant("scaling.target_shift", preprocess.target_shift), output="value")
    return [declared(value, graph.dtype, ["N", len(preprocess.target_shift)], "in the target's units")]


def _labels(
    graph: Graph, scores: list[str], groups: Sequence[Network], shares: Array, task: str, labels: Array
) -> "list[ValueInfoProto]":
    one = len(shares) == 1
    if task == "classification":
        said = [graph.add("Softmax", each, axis=-1) for each in scores]
    else:
        said = [graph.add("Sigmoid", each) for each in scores]
    p = graph.add("Identity", _mean(graph, said, groups, shares), output="probabilities")
    # One network is ranked by its scores, as in Model.predict: two probabilities may round to the same number.
    ranked, border = (scores[0], 0) if one else (p, 0.5)
    probabilities = declared(
        p, graph.dtype, ["N", len(labels)], "of each class" if task == "classification" else "of each label"
    )
    if task == "multilabel":
        above = graph.add("Greater", ranked, graph.constant("border", border))
        label = graph.add("Cast", above, output="label", to=number_of(np.int64))
        return [declared(label, np.int64, ["N", len(labels)], "0 or 1 for each label"), probabilities]
    kind = np.int64 if labels.dtype.kind == "i" else object
    index = graph.add("ArgMax", ranked, axis=-1, keepdims=0)
    label = graph.add("Gather", graph.constant("labels", labels, kind), index, output="label")
    return [declared(label, kind, ["N"], "the class of the highest probability"), probabilities]
