"""Export of a trained model to ONNX (extra ``onnx``)."""

from zerokara.onnx.export import Averaged, to_bytes
from zerokara.onnx.layers import EXPORTERS
from zerokara.onnx.signature import TensorInfo, read_signature

__all__ = ["EXPORTERS", "Averaged", "TensorInfo", "read_signature", "to_bytes"]
