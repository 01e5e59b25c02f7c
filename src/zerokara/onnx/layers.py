"""The ONNX nodes of each layer; a new layer adds a row to the table."""

from collections.abc import Callable
from typing import Any

import numpy as np

from zerokara.nn import GELU, Affine, BatchNorm, Dropout, Exp, Layer, LeakyReLU, Piecewise, ReLU, Sigmoid, Tanh
from zerokara.nn.layers.activations import CUBIC, ROOT
from zerokara.nn.layers.exponential import LIMIT
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


def _piecewise(graph: Graph, layer: Piecewise, x: str) -> str:
    values = graph.add("Gather", x, graph.constant("feature", layer.columns, np.int64), axis=-1)
    place = graph.add("Sub", values, graph.constant("low", layer.row("low")))
    place = graph.add("Div", place, graph.constant("width", layer.row("width")))
    bins = graph.add("Clip", place, graph.constant("lowest", 0), graph.constant("highest", 1))
    return graph.add("Concat", x, bins, axis=-1)


EXPORTERS: dict[type[Layer], Callable[[Graph, Any, str], str]] = {
    Affine: _affine,
    BatchNorm: _batch_norm,
    Dropout: lambda graph, layer, x: x,
    Exp: _exponential,
    Piecewise: _piecewise,
    ReLU: lambda graph, layer, x: graph.add("Relu", x),
    LeakyReLU: lambda graph, layer, x: graph.add("LeakyRelu", x, alpha=float(layer.slope)),
    Sigmoid: lambda graph, layer, x: graph.add("Sigmoid", x),
    Tanh: lambda graph, layer, x: graph.add("Tanh", x),
    GELU: _gelu,
}
"""For each kind of layer the function that appends its nodes: from the name of x to the name of y."""
