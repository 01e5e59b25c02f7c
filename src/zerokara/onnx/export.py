"""A trained model as one ONNX graph: scaling, networks, probabilities and labels, for any runtime."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Encoder, Preprocess
from zerokara.errors import InputError, install, unknown
from zerokara.nn import Network
from zerokara.onnx.columns import TEXTS, coded, inputs
from zerokara.onnx.graph import Graph, declared, type_number
from zerokara.onnx.layers import EXPORTERS

if TYPE_CHECKING:
    from onnx import ValueInfoProto

OPSET, OPSET_OF_TEXTS, IR = 17, 3, 8
"""Pinned: older runtimes do not load the defaults of the newest onnx package."""
LARGEST_GRAPH = 2**31 - 1
"""Bytes that a protobuf file may have."""
SCALINGS = ("none", "target", "center", "standard", "range", "whiten")
"""The kinds of scaling that are (x - shift) / scale, or (x - shift) basis / scale."""


def to_bytes(
    groups: Sequence[Network],
    weights: Array,
    preprocess: Preprocess,
    task: str,
    labels: Array,
    metadata: Mapping[str, str],
    encoder: Encoder | None = None,
) -> bytes:
    """Return the bytes of a checked ONNX file for an ensemble; equal models give equal bytes.

    Input: ``x`` (N, D) float32 in the data's own units, for any N. Outputs: in classification ``label`` (N,), texts or
    integers as in ``labels``, and ``probabilities`` (N, C); in a multilabel task ``label`` (N, C), 0 or 1, and
    ``probabilities`` (N, C); in regression ``value`` (N, C) in the target's units. Unlike `Model.predict`, a graph
    accepts NaN and returns NaN for it.

    A table has an input (N, 1) for each column instead, with the column's name: float64 for numbers and for booleans (0
    and 1), NaN where missing; texts for categories as in a CSV file, empty (or another mark such as NA) where missing.
    An output with the name of a column gets an underscore at its end.

    Args:
        groups, weights: the populations and the weight of each network in the mean, (P,), as in `Ensemble`.
        labels: the label of each class, or the names of the outputs, (C,).
        metadata: the metadata of the file.
        encoder: for a table, how its columns become x.

    Raises:
        InputError: the package onnx is not installed, or the file would exceed the format's limit.
    """
    try:
        from onnx import checker, helper
    except ImportError as error:
        raise InputError(f"an ONNX file needs the package onnx: {install('onnx')}") from error
    if (size := sum(network.params.nbytes for network in groups)) > LARGEST_GRAPH * 0.99:
        raise InputError(f"an ONNX file has {LARGEST_GRAPH:,} bytes at most, got networks of {size:,}: export fewer")
    if encoder is None:
        signature = [declared("x", np.float32, ["N", preprocess.inputs], "samples in the data's own units, flat")]
    else:
        signature = inputs(encoder)
    graph = Graph(groups[0].dtype, [tensor.name for tensor in signature])
    x = _scaled(graph, "x" if encoder is None else coded(graph, encoder), preprocess)
    scores = [_scores(graph, network, f"{g}." if len(groups) > 1 else "", x) for g, network in enumerate(groups)]
    if task == "regression":
        outputs = _values(graph, _add_mean(graph, scores, groups, weights), preprocess)
    else:
        outputs = _labels(graph, scores, groups, weights, task, labels)
    onnx_graph = helper.make_graph(graph.nodes, "zerokara", signature, outputs, graph.constants)
    opsets = {"": OPSET} | {node.domain: OPSET_OF_TEXTS for node in graph.nodes if node.domain == TEXTS}
    model = helper.make_model(
        onnx_graph,
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in opsets.items()],
        ir_version=IR,
        producer_name="zerokara",
        producer_version=metadata.get("zerokara", ""),
    )
    helper.set_model_props(model, dict(metadata))
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _scaled(graph: Graph, x: str, preprocess: Preprocess) -> str:
    """Append the scaling of x, in float32 as in `Preprocess`, and the cast to the networks' precision."""
    kind = preprocess.kind.split(":")[0]
    if kind not in SCALINGS:
        raise unknown("scaling for ONNX", kind, SCALINGS)
    if kind not in ("none", "target"):
        x = graph.add("Sub", x, graph.constant("scaling.shift", preprocess.shift, np.float32))
        if preprocess.basis is not None:
            x = graph.add("MatMul", x, graph.constant("scaling.basis", preprocess.basis, np.float32))
        x = graph.add("Div", x, graph.constant("scaling.scale", preprocess.scale, np.float32))
    return x if graph.dtype == np.float32 else graph.add("Cast", x, to=type_number(graph.dtype))


def _scores(graph: Graph, network: Network, prefix: str, x: str) -> str:
    """Append the layers of a population: (N, C) for one network, (P, N, C) for several."""
    for i, layer in enumerate(network.layers):
        if type(layer) not in EXPORTERS:
            raise unknown("layer for ONNX", type(layer).__name__, [kind.__name__ for kind in EXPORTERS])
        graph.prefix = f"{prefix}{i}."
        x = EXPORTERS[type(layer)](graph, layer, x)
    graph.prefix = ""
    return x


def _add_mean(graph: Graph, parts: list[str], groups: Sequence[Network], weights: Array) -> str:
    """Append the weighted mean of the outputs of all networks, (N, C); the outputs of a single one stay as they are."""
    if len(weights) == 1:
        return parts[0]
    sums, start = [], 0
    for g, (part, network) in enumerate(zip(parts, groups, strict=True)):
        of_group = weights[start : (start := start + network.population)]
        weighted = graph.add("Mul", part, graph.rows(f"{g}.weight", of_group[:, None, None]))
        if network.population > 1:
            axis = graph.constant(f"{g}.axis", [0], np.int64)
            weighted = graph.add("ReduceSum", weighted, axis, keepdims=0)
        sums.append(weighted)
    return sums[0] if len(sums) == 1 else graph.add("Sum", *sums)


def _values(graph: Graph, y: str, preprocess: Preprocess) -> "list[ValueInfoProto]":
    y = graph.add("Cast", y, to=type_number(np.float64))  # A target may lie far from zero.
    y = graph.add("Mul", y, graph.constant("scaling.target_scale", preprocess.target_scale, np.float64))
    shift = graph.constant("scaling.target_shift", preprocess.target_shift, np.float64)
    value = graph.add("Add", y, shift, output="value")
    return [declared(value, np.float64, ["N", len(preprocess.target_shift)], "in the target's units")]


def _labels(
    graph: Graph, scores: list[str], groups: Sequence[Network], weights: Array, task: str, labels: Array
) -> "list[ValueInfoProto]":
    if task == "classification":
        parts = [graph.add("Softmax", part, axis=-1) for part in scores]
    else:
        parts = [graph.add("Sigmoid", part) for part in scores]
    p = graph.add("Identity", _add_mean(graph, parts, groups, weights), output="probabilities")
    # One network is ranked by its scores, as in Model.predict: two probabilities may round to the same number.
    ranked, threshold = (scores[0], 0) if len(weights) == 1 else (p, 0.5)
    probabilities = declared(
        p, graph.dtype, ["N", len(labels)], "of each class" if task == "classification" else "of each label"
    )
    if task == "multilabel":
        above = graph.add("Greater", ranked, graph.constant("threshold", threshold))
        label = graph.add("Cast", above, output="label", to=type_number(np.int64))
        return [declared(label, np.int64, ["N", len(labels)], "0 or 1 for each label"), probabilities]
    kind = np.int64 if labels.dtype.kind == "i" else object
    index = graph.add("ArgMax", ranked, axis=-1, keepdims=0)
    label = graph.add("Gather", graph.constant("labels", labels, kind), index, output="label")
    return [declared(label, kind, ["N"], "the class of the highest probability"), probabilities]
