"""A trained model as one ONNX graph: scaling, networks, probabilities and labels, for any runtime."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data import Preprocess
from zerokara.errors import InputError, unknown
from zerokara.nn import GELU, Affine, BatchNorm, Dropout, Layer, LeakyReLU, Network, ReLU, Sigmoid, Tanh
from zerokara.nn.activations import CUBIC, ROOT
from zerokara.nn.batchnorm import EPSILON

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto, ValueInfoProto

OPSET, IR = 17, 8
"""Pinned: what the newest onnx writes by default, runtimes of the last years do not load."""
LARGEST = 2**31 - 1
"""Bytes that a protobuf file may have."""
AFFINE_KINDS = ("none", "center", "standard", "range")
"""The kinds of scaling that are (x - shift) / scale and nothing else."""


class Graph:
    """The nodes and constants of a graph that grows node by node; a tensor is known by its name.

    Args:
        dtype: the precision of the networks.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype, self.prefix = dtype, ""
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, op: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Append a node and return the name of its output, a new one if none is given."""
        from onnx import helper

        name = output or f"{self.prefix}{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: Any, dtype: Any = None) -> str:
        """Keep a number or an array, in the precision of the networks or another one, and return its name."""
        from onnx import numpy_helper

        name = f"{self.prefix}{name}"
        array: Array = np.ascontiguousarray(value).astype(dtype or self.dtype).reshape(np.shape(value))
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def rows(self, name: str, value: Array) -> str:
        """Keep an array (P, rows, columns); of one network without the axis P, for a graph that all runtimes like."""
        return self.constant(name, value[0] if len(value) == 1 else value)


def _affine(graph: Graph, layer: Affine, x: str) -> str:
    y = graph.add("MatMul", x, graph.rows("W", layer.W))
    return graph.add("Add", y, graph.rows("b", layer.b))


def _batch_norm(graph: Graph, layer: BatchNorm, x: str) -> str:
    """With the running statistics in place y = factor x + shift."""
    factor = layer.gamma / np.sqrt(layer.running_var + EPSILON)
    y = graph.add("Sub", x, graph.rows("running_mean", layer.running_mean))
    y = graph.add("Mul", y, graph.rows("factor", factor))
    return graph.add("Add", y, graph.rows("beta", layer.beta))


def _gelu(graph: Graph, layer: GELU, x: str) -> str:
    """The tanh form, as in `GELU`; ONNX has an operator for it from opset 20 on."""
    cube = graph.add("Mul", graph.add("Mul", x, x), x)
    u = graph.add("Add", x, graph.add("Mul", cube, graph.constant("cubic", CUBIC)))
    tanh = graph.add("Tanh", graph.add("Mul", u, graph.constant("root", ROOT)))
    half = graph.add("Mul", x, graph.constant("half", 0.5))
    return graph.add("Mul", half, graph.add("Add", tanh, graph.constant("one", 1)))


EXPORTERS: dict[type[Layer], Callable[[Graph, Any, str], str]] = {
    Affine: _affine,
    BatchNorm: _batch_norm,
    Dropout: lambda graph, layer, x: x,
    ReLU: lambda graph, layer, x: graph.add("Relu", x),
    LeakyReLU: lambda graph, layer, x: graph.add("LeakyRelu", x, alpha=float(layer.slope)),
    Sigmoid: lambda graph, layer, x: graph.add("Sigmoid", x),
    Tanh: lambda graph, layer, x: graph.add("Tanh", x),
    GELU: _gelu,
}
"""How each kind of layer is written: from the name of x to that of y."""


def to_bytes(
    groups: Sequence[Network],
    shares: Array,
    preprocess: Preprocess,
    task: str,
    labels: Array,
    facts: Mapping[str, str],
) -> bytes:
    """Return the bytes of an ONNX file for networks that answer as one, checked; the same model, the same bytes.

    Input ``x`` (N, D) float32, in the data's own units, N any number. Outputs: in classification ``label`` (N,),
    texts or whole numbers as in ``labels``, and ``probabilities`` (N, C); in a multilabel task ``label`` (N, C), 0 or
    1, and ``probabilities`` (N, C); in regression ``value`` (N, C) in the target's units.

    Args:
        groups, shares: the populations and what each network has in the mean, (P,), as in `Ensemble`.
        labels: what is answered for each class, or the names of the outputs, (C,).
        facts: metadata of the file.

    Raises:
        InputError: the extra ``onnx`` is not installed, or the file would be larger than the format allows.
    """
    try:
        from onnx import checker, helper
    except ImportError as error:
        raise InputError('an ONNX file needs the package onnx: pip install "zerokara[onnx]"') from error
    if (size := sum(network.params.nbytes for network in groups)) > LARGEST * 0.99:
        raise InputError(f"an ONNX file has {LARGEST:,} bytes at most, got networks of {size:,}: export fewer")
    graph = Graph(groups[0].dtype)
    x = _scaled(graph, preprocess)
    scores = [_scores(graph, network, f"{g}." if len(groups) > 1 else "", x) for g, network in enumerate(groups)]
    if task == "regression":
        outputs = _values(graph, scores, groups, shares, preprocess)
    else:
        outputs = _labels(graph, scores, groups, shares, task, labels)
    given = helper.make_tensor_value_info("x", _type(np.float32), ["N", len(preprocess.shift)])
    given.doc_string = "samples in the data's own units, flat"
    whole = helper.make_graph(graph.nodes, "zerokara", [given], outputs, graph.constants)
    model = helper.make_model(
        whole,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="zerokara",
        producer_version=facts.get("zerokara", ""),
    )
    helper.set_model_props(model, dict(facts))
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _scaled(graph: Graph, preprocess: Preprocess) -> str:
    """Append the scaling of x, in float32 as `Preprocess` does it, and the cast to the networks' precision."""
    if preprocess.kind not in AFFINE_KINDS:
        raise unknown("scaling for ONNX", preprocess.kind, AFFINE_KINDS)
    x = "x"
    if preprocess.kind != "none":
        x = graph.add("Sub", x, graph.constant("scaling.shift", preprocess.shift, np.float32))
        x = graph.add("Div", x, graph.constant("scaling.scale", preprocess.scale, np.float32))
    return x if graph.dtype == np.float32 else graph.add("Cast", x, to=_type(graph.dtype))


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
    graph.add("Add", y, graph.constant("scaling.target_shift", preprocess.target_shift), output="value")
    return [_output("value", graph.dtype, ["N", len(preprocess.target_shift)], "in the target's units")]


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
    probabilities = _output(
        p, graph.dtype, ["N", len(labels)], "of each class" if task == "classification" else "of each label"
    )
    if task == "multilabel":
        above = graph.add("Greater", ranked, graph.constant("border", border))
        graph.add("Cast", above, output="label", to=_type(np.int64))
        return [_output("label", np.int64, ["N", len(labels)], "0 or 1 for each label"), probabilities]
    kind = np.int64 if labels.dtype.kind == "i" else object
    index = graph.add("ArgMax", ranked, axis=-1, keepdims=0)
    graph.add("Gather", graph.constant("labels", labels, kind), index, output="label")
    return [_output("label", kind, ["N"], "the class of the highest probability"), probabilities]


def _output(name: str, dtype: Any, shape: list[Any], about: str) -> "ValueInfoProto":
    from onnx import helper

    info = helper.make_tensor_value_info(name, _type(dtype), shape)
    info.doc_string = about
    return info


def _type(dtype: Any) -> int:
    """Return the number by which ONNX knows a type; texts are objects."""
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
