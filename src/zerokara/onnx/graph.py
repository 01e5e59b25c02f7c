"""An ONNX graph that grows node by node."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.arrays import Array

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto, ValueInfoProto


class Graph:
    """The nodes and constants of a graph that grows node by node; a tensor is known by its name.

    Args:
        dtype: the precision of the networks.
        inputs: the names of the inputs; a name that is taken gets a line below at its end.
    """

    def __init__(self, dtype: np.dtype[Any], inputs: Collection[str]) -> None:
        self.dtype, self.prefix, self.taken = dtype, "", set(inputs)
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, op: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Append a node and return the name of its output, a new one if none is given."""
        from onnx import helper

        name = self._free(output or f"{self.prefix}{op}_{len(self.nodes)}")
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: Any, dtype: Any = None) -> str:
        """Keep a number or an array, in the precision of the networks or another one, and return its name."""
        from onnx import numpy_helper

        name = self._free(f"{self.prefix}{name}")
        array: Array = np.ascontiguousarray(value).astype(dtype or self.dtype).reshape(np.shape(value))
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def _free(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def rows(self, name: str, value: Array) -> str:
        """Keep an array (P, rows, columns); of one network without the axis P, for a graph that all runtimes like."""
        return self.constant(name, value[0] if len(value) == 1 else value)


def declared(name: str, dtype: Any, shape: list[Any], about: str) -> "ValueInfoProto":
    """Return an input or output of the graph under its name, with its type and shape."""
    from onnx import helper

    info = helper.make_tensor_value_info(name, number_of(dtype), shape)
    info.doc_string = about
    return info


def number_of(dtype: Any) -> int:
    """Return the number by which ONNX knows a type; texts are objects."""
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
