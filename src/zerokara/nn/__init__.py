"""Networks from first principles: layers, losses, initial weights, and gradient checks."""

from zerokara.nn.gradients.check import gradcheck
from zerokara.nn.gradients.report import GradientCheck
from zerokara.nn.gradients.results import Check, Entry
from zerokara.nn.layers.activations import ACTIVATIONS, GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from zerokara.nn.layers.affine import Affine
from zerokara.nn.layers.batchnorm import BatchNorm
from zerokara.nn.layers.dropout import Dropout
from zerokara.nn.layers.embedding import Embedding
from zerokara.nn.layers.encoding import FixedEncoding, InputEncoding
from zerokara.nn.layers.exponential import Exp
from zerokara.nn.layers.layer import Layer
from zerokara.nn.layers.periodic import Periodic
from zerokara.nn.layers.piecewise import Piecewise
from zerokara.nn.layers.scaling import Robust, Scaled
from zerokara.nn.losses import LOSSES, Loss, SigmoidCrossEntropy, SoftmaxCrossEntropy, SquaredError, softmax
from zerokara.nn.mlp import LAYERS, build_network, describe_layers, mlp
from zerokara.nn.network import Network, concat_networks
from zerokara.nn.numerical import numerical_gradient
from zerokara.nn.regression_losses import AbsoluteError, Huber, PoissonError

__all__ = [
    "ACTIVATIONS",
    "GELU",
    "LAYERS",
    "LOSSES",
    "AbsoluteError",
    "Affine",
    "BatchNorm",
    "Check",
    "Dropout",
    "Embedding",
    "Entry",
    "Exp",
    "FixedEncoding",
    "GradientCheck",
    "Huber",
    "InputEncoding",
    "Layer",
    "LeakyReLU",
    "Loss",
    "Network",
    "Periodic",
    "Piecewise",
    "PoissonError",
    "ReLU",
    "Robust",
    "Scaled",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "Tanh",
    "build_network",
    "concat_networks",
    "describe_layers",
    "gradcheck",
    "mlp",
    "numerical_gradient",
    "softmax",
]
