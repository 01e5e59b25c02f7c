"""Export of a trained model to ONNX (extra ``onnx``)."""

from zerokara.onnx.export import to_bytes
from zerokara.onnx.layers import EXPORTERS
from zerokara.onnx.signature import TensorInfo, read_signature

__all__ = ["EXPORTERS", "TensorInfo", "read_signature", "to_bytes"]
