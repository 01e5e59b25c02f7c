"""The inputs and outputs of an ONNX file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zerokara.errors import InputError, OutsideError, install


@dataclass(frozen=True)
class TensorInfo:
    """An input or an output: ``shape`` such as "(N, 10)", ``kind`` a NumPy type or "text", ``about`` a description."""

    name: str
    shape: str
    kind: str
    about: str


def read_signature(path: Path) -> tuple[list[TensorInfo], list[TensorInfo]]:
    """Return the inputs and the outputs of the graph in a file.

    Raises:
        InputError: the file is missing or no ONNX file, or the package onnx is not installed.
        OutsideError: the file cannot be read.
    """
    try:
        import onnx
    except ImportError as error:
        raise InputError(f"an ONNX file needs the package onnx: {install('onnx')}") from error
    try:
        graph = onnx.load(path, load_external_data=False).graph
        return _describe(graph.input), _describe(graph.output)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}: check the path") from error
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # protobuf raises DecodeError for a damaged file, onnx others.
        raise InputError(f"{path} is not a valid ONNX file ({error}): export or copy it again") from error


def _describe(tensors: Iterable[Any]) -> list[TensorInfo]:
    from onnx import helper

    described = []
    for tensor in tensors:
        spec = tensor.type.tensor_type
        sizes = [dim.dim_param or str(dim.dim_value) for dim in spec.shape.dim]
        shape = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
        kind = str(helper.tensor_dtype_to_np_dtype(spec.elem_type))
        described.append(TensorInfo(tensor.name, shape, "text" if kind == "object" else kind, tensor.doc_string))
    return described
