"""A trained model as one ONNX graph: scaling, networks, probabilities and labels, for any runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Averaged:
    """Networks that take the same inputs, with their part of the mean.

    Args:
        groups, weights: the populations and the weight of each network in their own mean, (P,), as in `Ensemble`.
        encoder: for a table, how its columns become x.
        share: the weight of their mean in that of all.
    """

    groups: Sequence[Network]
    weights: Array
    preprocess: Preprocess
    encoder: Encoder | None = None
    share: float = 1.0


def to_bytes(members: Sequence[Averaged], task: str, labels: Array, metadata: Mapping[str, str]) -> bytes:
    """Return the bytes of a checked ONNX file for networks and their mean; equal models give equal bytes.

    Input: ``x`` (N, D) float32 in the data's own units, for any N. Outputs: in classification ``label`` (N,), texts or
    integers as in ``labels``, and ``probabilities`` (N, C); in a multilabel task ``label`` (N, C), 0 or 1, and
    ``probabilities`` (N, C); in regression ``value`` (N, C) in the target's units. Unlike `Model.predict`, a graph
    accepts NaN and returns NaN for it.

    A table has an input (N, 1) for each column instead, with the column's name: float64 for numbers and for booleans (0
    and 1), NaN where missing; texts for categories as in a CSV file, empty (or another mark such as NA) where missing.
    An output with the name of a column gets an underscore at its end.

    Args:
        members: the networks; several have a scaling and, for a table, an encoder each.
        labels: the label of each class, or the names of the outputs, (C,).
        metadata: the metadata of the file.

    Raises:
        InputError: the package onnx is not installed, or the file would exceed the format's limit.
    """
    try:
        from onnx import checker, helper
    except ImportError as error:
        raise InputError(f"an ONNX file needs the package onnx: {install('onnx')}") from error
    networks = [network for member in members for network in member.groups]
    if (size := sum(network.params.nbytes for network in networks)) > LARGEST_GRAPH * 0.99:
        raise InputError(f"an ONNX file has {LARGEST_GRAPH:,} bytes at most, got networks of {size:,}: export fewer")
    first = members[0]
    if first.encoder is None:
        signature = [declared("x", np.float32, ["N", first.preprocess.inputs], "samples in the data's own units, flat")]
    else:
        signature = inputs(first.encoder)
    graph = Graph(networks[0].dtype, [tensor.name for tensor in signature])
    means, single = [], ""
    for m, member in enumerate(members):
        graph.prefix = prefix = f"members.{m}." if len(members) > 1 else ""
        x = _scaled(graph, "x" if member.encoder is None else coded(graph, member.encoder), member.preprocess)
        many = len(member.groups) > 1
        scores = [_scores(graph, net, f"{prefix}{g}." if many else prefix, x) for g, net in enumerate(member.groups)]
        graph.prefix = prefix
        means.append(_member_mean(graph, [_activated(graph, part, task) for part in scores], member))
        if task == "regression":
            means[-1] = _values(graph, means[-1], member.preprocess)
        single = scores[0] if len(networks) == networks[0].population == 1 else ""
    graph.prefix = ""
    mean = means[0] if len(means) == 1 else _weighted_sum(graph, means, members, task)
    if task == "regression":
        value = graph.add("Identity", mean, output="value")
        outputs = [declared(value, np.float64, ["N", len(labels)], "in the target's units")]
    else:
        outputs = _labels(graph, mean, single, task, labels)
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
    return x


def _activated(graph: Graph, scores: str, task: str) -> str:
    """Append the probabilities of scores; values stay as they are."""
    if task == "regression":
        return scores
    return graph.add("Softmax", scores, axis=-1) if task == "classification" else graph.add("Sigmoid", scores)


def _member_mean(graph: Graph, parts: list[str], member: Averaged) -> str:
    """Append the weighted mean of the outputs of a member's networks, (N, C); a single one is its mean."""
    if len(member.weights) == 1:
        return parts[0]
    sums, start = [], 0
    for g, (part, network) in enumerate(zip(parts, member.groups, strict=True)):
        of_group = member.weights[start : (start := start + network.population)]
        weighted = graph.add("Mul", part, graph.rows(f"{g}.weight", of_group[:, None, None]))
        if network.population > 1:
            axis = graph.constant(f"{g}.axis", [0], np.int64)
            weighted = graph.add("ReduceSum", weighted, axis, keepdims=0)
        sums.append(weighted)
    return sums[0] if len(sums) == 1 else graph.add("Sum", *sums)


def _values(graph: Graph, y: str, preprocess: Preprocess) -> str:
    """Append the values in the target's units, float64: a target may lie far from zero."""
    y = graph.add("Cast", y, to=type_number(np.float64))
    y = graph.add("Mul", y, graph.constant("scaling.target_scale", preprocess.target_scale, np.float64))
    return graph.add("Add", y, graph.constant("scaling.target_shift", preprocess.target_shift, np.float64))


def _weighted_sum(graph: Graph, means: list[str], members: Sequence[Averaged], task: str) -> str:
    """Append the mean over the members, by their shares."""
    dtype = np.float64 if task == "regression" else graph.dtype
    constants = [graph.constant(f"members.{m}.share", member.share, dtype) for m, member in enumerate(members)]
    return graph.add("Sum", *(graph.add("Mul", mean, share) for mean, share in zip(means, constants, strict=True)))


def _labels(graph: Graph, mean: str, single: str, task: str, labels: Array) -> "list[ValueInfoProto]":
    """Append the outputs of the mean probabilities; ``single`` are the scores of a single network."""
    p = graph.add("Identity", mean, output="probabilities")
    # One network is ranked by its scores, as in Model.predict: two probabilities may round to the same number.
    ranked, threshold = (single, 0) if single else (p, 0.5)
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
