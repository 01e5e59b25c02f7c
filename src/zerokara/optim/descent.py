"""The way of an optimizer down a surface of two variables, step by step. Source: Deep Learning from Scratch, 6.1."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from zerokara.arrays import Array
from zerokara.nn.layers.layer import Layer
from zerokara.nn.network import Network
from zerokara.optim.optimizer import Optimizer

DIFFERENCE = 1e-6
"""The step of numerical gradients, in parts of the coordinate, or itself near 0."""


@dataclass(frozen=True)
class Surface:
    """A function z of x and y, and its two partial derivatives; without them, central differences.

    ``text`` is a formula for a title.
    """

    z: Callable[[Any, Any], Any]
    slopes: Callable[[Any, Any], tuple[Any, Any]] | None = None
    text: str = ""

    def gradient(self, x: Array, y: Array) -> Array:
        """Return the gradients at points, (..., 2)."""
        if self.slopes is not None:
            return np.stack(np.broadcast_arrays(*self.slopes(x, y)), axis=-1)
        hx, hy = (DIFFERENCE * np.maximum(1, np.abs(each)) for each in (x, y))
        return np.stack(
            [
                (self.z(x + hx, y) - self.z(x - hx, y)) / (2 * hx),
                (self.z(x, y + hy) - self.z(x, y - hy)) / (2 * hy),
            ],
            axis=-1,
        )


BOOK_SURFACE = Surface(lambda x, y: x**2 / 20 + y**2, lambda x, y: (x / 10, 2 * y), "x²/20 + y²")
"""The valley of section 6.1.3: its gradient rarely points at its lowest point, (0, 0)."""


class Point(Layer):
    """Each network is a point of the surface: W (P, 1, 2) is all that it has."""

    parameters: ClassVar = ("W",)
    decayed: ClassVar = ("W",)
    W: Array
    dW: Array

    def __init__(self, start: Array) -> None:
        self.start = start

    def shapes(self) -> dict[str, tuple[int, int]]:
        return {"W": (1, self.start.size)}

    def initial(self, name: str) -> Array:
        return self.start.reshape(1, 1, -1)

    def forward(self, x: Array, step: int | None = None) -> Array:
        return self.W

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        self.dW[...] = dout
        return None


def descend(optimizer: Optimizer, surface: Surface, start: tuple[float, float], steps: int) -> Array:
    """Return the points of the optimizer from the start on, (P, steps + 1, 2), for each of its hyperparameters.

    >>> from zerokara.optim import SGD
    >>> descend(SGD(lr=0.95), BOOK_SURFACE, (-7.0, 2.0), 2)[0].round(3)
    array([[-7.   ,  2.   ],
           [-6.335, -1.8  ],
           [-5.733,  1.62 ]])
    """
    population = max(np.size(getattr(optimizer, name)) for name in optimizer.hyperparameters)
    network = Network([Point(np.array(start, float))], population, np.float64)
    rule, points = optimizer.start(network), [network.params.copy()]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            here = network.forward(network.params[:, None])
            network.backward(surface.gradient(here[..., 0], here[..., 1]))
            rule.step(network)
            points.append(network.params.copy())
    return np.stack(points, axis=1)
