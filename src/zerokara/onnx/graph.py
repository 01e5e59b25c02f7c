"""An ONNX graph under construction."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.arrays import Array

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto, ValueInfoProto


class Graph:
    """The nodes and constants of a graph; a tensor is referred to by its name.

    Args:
        dtype: the precision of the networks.
        inputs: the names of the inputs; another tensor of that name gets an underscore at its end.
    """

    def __init__(self, dtype: np.dtype[Any], inputs: Collection[str]) -> None:
        self.dtype, self.prefix, self.taken = dtype, "", set(inputs)
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, op: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Append a node and return the name of its output; by default a new name."""
        from onnx import helper

        name = self._free(output or f"{self.prefix}{op}_{len(self.nodes)}")
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: Any, dtype: Any = None) -> str:
        """Add a number or an array, by default in the precision of the networks, and return its name."""
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
        """Add an array (P, rows, columns), without the axis P if P is 1: all runtimes support 2-D products."""
        return self.constant(name, value[0] if len(value) == 1 else value)


def declared(name: str, dtype: Any, shape: list[Any], about: str) -> "ValueInfoProto":
    """Return an input or output of the graph, with its type and shape."""
    from onnx import helper

    info = helper.make_tensor_value_info(name, type_number(dtype), shape)
    info.doc_string = about
    return info


def type_number(dtype: Any) -> int:
    """Return ONNX's number for a NumPy type; object stands for texts."""
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
