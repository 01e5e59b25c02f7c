"""The ONNX nodes of each layer; a new layer adds a row to the table."""

from collections.abc import Callable
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.data.columns.coding import EDGE, FAR
from zerokara.nn import (
    GELU,
    Affine,
    BatchNorm,
    Dropout,
    Embedding,
    Exp,
    Layer,
    LeakyReLU,
    Periodic,
    Piecewise,
    ReLU,
    Robust,
    Scaled,
    Sigmoid,
    Tanh,
)
from zerokara.nn.layers.activations import CUBIC, ROOT
from zerokara.nn.layers.exponential import LIMIT
from zerokara.nn.layers.periodic import FREQUENCIES, PERIODIC_FUNCTIONS, TURN
from zerokara.onnx.graph import Graph


def _affine(graph: Graph, layer: Affine, x: str) -> str:
    y = graph.add("MatMul", x, graph.rows("W", layer.W))
    return graph.add("Add", y, graph.rows("b", layer.b))


def _batch_norm(graph: Graph, layer: BatchNorm, x: str) -> str:
    """With the running statistics, y = (x - mean) factor + beta."""
    factor = layer.gamma / np.sqrt(layer.running_var + layer.epsilon)
    y = graph.add("Sub", x, graph.rows("running_mean", layer.running_mean))
    y = graph.add("Mul", y, graph.rows("factor", factor))
    return graph.add("Add", y, graph.rows("beta", layer.beta))


def _exponential(graph: Graph, layer: Exp, x: str) -> str:
    limited = graph.add("Clip", x, graph.constant("lowest", -LIMIT), graph.constant("highest", LIMIT))
    return graph.add("Exp", limited)


def _gelu(graph: Graph, layer: GELU, x: str) -> str:
    """The tanh form, as in `GELU`; ONNX has an operator for it from opset 20 on."""
    cube = graph.add("Mul", graph.add("Mul", x, x), x)
    u = graph.add("Add", x, graph.add("Mul", cube, graph.constant("cubic", CUBIC)))
    tanh = graph.add("Tanh", graph.add("Mul", u, graph.constant("root", ROOT)))
    half = graph.add("Mul", x, graph.constant("half", 0.5))
    return graph.add("Mul", half, graph.add("Add", tanh, graph.constant("one", 1)))


def _chosen(graph: Graph, name: str, x: str, columns: Array) -> str:
    return graph.add("Gather", x, graph.constant(name, columns, np.int64), axis=-1)


def _piecewise(graph: Graph, layer: Piecewise, x: str) -> str:
    place = graph.add("Sub", _chosen(graph, "feature", x, layer.columns), graph.constant("low", layer.row("low")))
    place = graph.add("Div", place, graph.constant("width", layer.row("width")))
    bins = graph.add("Clip", place, graph.constant("lowest", 0), graph.constant("highest", 1))
    return graph.add("Concat", x, bins, axis=-1)


def _robust(graph: Graph, layer: Robust, x: str) -> str:
    """The scaled numbers and the other inputs, put back in their order."""
    z = graph.add("Sub", _chosen(graph, "feature", x, layer.columns), graph.constant("middle", layer.row("middle")))
    z = graph.add("Div", z, graph.constant("spread", layer.row("spread")))
    z = graph.add("Clip", z, graph.constant("lowest", -FAR), graph.constant("highest", FAR))
    bend = graph.add("Div", z, graph.constant("edge", EDGE))
    bend = graph.add("Add", graph.add("Mul", bend, bend), graph.constant("one", 1))
    z = graph.add("Div", z, graph.add("Sqrt", bend))
    others = np.setdiff1d(np.arange(layer.inputs), layer.columns)
    order = np.argsort(np.concatenate([others, layer.columns]))
    return _chosen(graph, "order", graph.add("Concat", _chosen(graph, "others", x, others), z, axis=-1), order)


def _divided(graph: Graph, layer: Scaled, x: str) -> str:
    factor = np.ones(layer.inputs)
    factor[layer.columns] = layer.row("factor")
    return graph.add("Mul", x, graph.constant("factor", factor))


def _periodic(graph: Graph, layer: Periodic, x: str) -> str:
    P, K = len(layer.W), layer.size
    values = graph.add("Unsqueeze", _chosen(graph, "feature", x, layer.columns), graph.constant("last", [-1], np.int64))
    angle = graph.add("Mul", values, graph.rows("frequency", TURN * layer.frequency.reshape(P, 1, K, FREQUENCIES)))
    cos = graph.add("Cos", graph.add("Add", angle, graph.rows("phase", layer.phase.reshape(P, 1, K, FREQUENCIES))))
    # A product and a sum: one matrix product for each number would need the numbers before the samples.
    z = graph.add("Unsqueeze", cos, graph.constant("last", [-1], np.int64))
    z = graph.add("Mul", z, graph.rows("W", layer.W.reshape(P, 1, K, FREQUENCIES, PERIODIC_FUNCTIONS)))
    z = graph.add("ReduceSum", z, graph.constant("frequencies", [-2], np.int64), keepdims=0)
    z = graph.add("Add", z, graph.rows("b", layer.b.reshape(P, 1, K, PERIODIC_FUNCTIONS)))
    shape = graph.constant("shape", [0] * (1 + (P > 1)) + [K * PERIODIC_FUNCTIONS], np.int64)  # 0 keeps a size.
    return graph.add("Concat", _for_each(graph, x, P), graph.add("Reshape", z, shape), axis=-1)


def _embedded(graph: Graph, layer: Embedding, x: str) -> str:
    """A product with each group of inputs: a code need not be one-hot."""
    others = [_for_each(graph, _chosen(graph, "others", x, layer.others), len(layer.W))] if len(layer.others) else []
    vectors, first = [], 0
    for group in layer.groups:
        rows = slice(first, first := first + group.stop - group.start)
        code = _chosen(graph, "group", x, np.arange(group.start, group.stop))
        vectors.append(graph.add("MatMul", code, graph.rows("W", layer.W[:, rows])))
    return graph.add("Concat", *others, *vectors, axis=-1)


def _for_each(graph: Graph, x: str, population: int) -> str:
    """Return x, which all networks may share, with the axis P if there are several."""
    return x if population == 1 else graph.add("Add", x, graph.constant("zeros", np.zeros((population, 1, 1))))


EXPORTERS: dict[type[Layer], Callable[[Graph, Any, str], str]] = {
    Affine: _affine,
    BatchNorm: _batch_norm,
    Dropout: lambda graph, layer, x: x,
    Exp: _exponential,
    Piecewise: _piecewise,
    Robust: _robust,
    Scaled: _divided,
    Periodic: _periodic,
    Embedding: _embedded,
    ReLU: lambda graph, layer, x: graph.add("Relu", x),
    LeakyReLU: lambda graph, layer, x: graph.add("LeakyRelu", x, alpha=float(layer.slope)),
    Sigmoid: lambda graph, layer, x: graph.add("Sigmoid", x),
    Tanh: lambda graph, layer, x: graph.add("Tanh", x),
    GELU: _gelu,
}
"""For each kind of layer the function that appends its nodes: from the name of x to the name of y."""
