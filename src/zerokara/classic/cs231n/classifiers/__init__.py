"""``cs231n.classifiers``."""

from zerokara.classic.cs231n.classifiers.neural_net import TwoLayerNet

__all__ = ["TwoLayerNet"]
