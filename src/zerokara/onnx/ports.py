"""What goes into an ONNX graph and what comes out of it, as its file says."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zerokara.errors import InputError


@dataclass(frozen=True)
class Port:
    """An input or an output: ``shape`` such as "(N, 10)", ``kind`` a NumPy type or "text", ``about`` for people."""

    name: str
    shape: str
    kind: str
    about: str


def ports(path: Path) -> tuple[list[Port], list[Port]]:
    """Return the inputs and the outputs of the graph in a file."""
    try:
        import onnx
    except ImportError as error:
        raise InputError('an ONNX file needs the package onnx: pip install "zerokara[onnx]"') from error
    graph = onnx.load(path).graph
    return _ports(graph.input), _ports(graph.output)


def _ports(found: Iterable[Any]) -> list[Port]:
    from onnx import helper

    listed = []
    for each in found:
        tensor = each.type.tensor_type
        sizes = [dim.dim_param or str(dim.dim_value) for dim in tensor.shape.dim]
        shape = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
        kind = str(helper.tensor_dtype_to_np_dtype(tensor.elem_type))
        listed.append(Port(each.name, shape, "text" if kind == "object" else kind, each.doc_string))
    return listed
