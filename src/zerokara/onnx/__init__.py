"""A trained model as an ONNX file, which other runtimes run; needs the extra ``onnx``."""

from zerokara.onnx.layers import EXPORTERS
from zerokara.onnx.ports import Port, ports
from zerokara.onnx.whole import to_bytes

__all__ = ["EXPORTERS", "Port", "ports", "to_bytes"]
