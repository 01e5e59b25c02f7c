"""The periodic encoding: numbers as learned periodic functions beside their values."""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from zerokara.arrays import Array, ones
from zerokara.nn.layers.encoding import InputEncoding
from zerokara.rng import stream

FREQUENCIES, PERIODIC_FUNCTIONS, SIGMA = 16, 3, 0.1
"""As RealMLP has them, for each number."""
TURN = 2 * np.pi


class Periodic(InputEncoding):
    """y = [x, cos(2 pi x[k] frequency[k] + phase[k]) W[k] + b[k] for each number k], all of it learned.

    A number gets 16 frequencies, initially normal with the standard deviation 0.1, 16 phases between -pi and pi, and 3
    outputs, whose W and b are initially between -1/4 and 1/4.
    Shapes: x (P or 1, N, D), y (P, N, D + 3 K); frequency and phase (P, 1, 16 K), W (P, 16 K, 3), b (P, 1, 3 K).
    Source: Holzmüller et al. 2024, Better by Default, section 3, "PBLD"; after Gorishniy et al. 2022.
    """

    parameters: ClassVar = ("frequency", "phase", "W", "b")
    decayed: ClassVar = ("W",)
    cache: ClassVar = ("x", "turned", "cos", "angle")
    frequency: Array
    phase: Array
    W: Array
    b: Array
    dfrequency: Array
    dphase: Array
    dW: Array
    db: Array

    def __init__(self, inputs: int, size: int, *, seed: int = 0, replicate: int = 0, **fixed: Array) -> None:
        super().__init__(inputs, size, **fixed)
        self.stream = (seed, "periodic", replicate)

    @classmethod
    def fit(cls, inputs: int, values: Mapping[int, Array]) -> Self | None:
        """Return the layer for the inputs that ``values`` names; None without any. Their values do not matter."""
        return cls(inputs, len(values), feature=np.array(list(values), float)) if values else None

    @property
    def outputs(self) -> int:
        return self.inputs + PERIODIC_FUNCTIONS * self.size

    @property
    def text(self) -> str:
        return f"numbers as {PERIODIC_FUNCTIONS} learned periodic functions beside the value"

    def shapes(self) -> dict[str, tuple[int, int]]:
        return {
            "frequency": (1, self.size * FREQUENCIES),
            "phase": (1, self.size * FREQUENCIES),
            "W": (self.size * FREQUENCIES, PERIODIC_FUNCTIONS),
            "b": (1, self.size * PERIODIC_FUNCTIONS),
        }

    def initial(self, name: str) -> Array:
        rng, shape = stream(*self.stream, self.parameters.index(name)), (1, *self.shapes()[name])
        if name == "frequency":
            return np.asarray(SIGMA * rng.standard_normal(shape))
        return np.asarray((np.pi if name == "phase" else FREQUENCIES**-0.5) * rng.uniform(-1, 1, shape))

    def forward(self, x: Array, step: int | None = None) -> Array:
        P, K = len(self.W), self.size
        self.x = x
        # Numbers before samples, (P, K, N, ...): each number has its product.
        self.turned: Array = TURN * np.ascontiguousarray(x[..., self.columns].mT)[..., None]
        frequency, phase = (a.reshape(P, K, 1, FREQUENCIES) for a in (self.frequency, self.phase))
        self.angle: Array = self.turned * frequency + phase
        self.cos: Array = np.cos(self.angle)
        z = self.cos @ self.W.reshape(P, K, FREQUENCIES, PERIODIC_FUNCTIONS)
        z += self.b.reshape(P, K, 1, PERIODIC_FUNCTIONS)
        y = np.empty((P, x.shape[1], self.outputs), self.cos.dtype)
        y[..., : self.inputs] = x
        y[..., self.inputs :] = z.transpose(0, 2, 1, 3).reshape(P, x.shape[1], K * PERIODIC_FUNCTIONS)
        return y

    def backward(self, dout: Array, need_dx: bool = True) -> Array | None:
        P, K, n = len(self.W), self.size, dout.shape[1]
        dz = np.ascontiguousarray(dout[..., self.inputs :].reshape(P, n, K, PERIODIC_FUNCTIONS).transpose(0, 2, 1, 3))
        sums = ones(1, n, dout.dtype)
        self.dW[:] = (self.cos.mT @ dz).reshape(self.dW.shape)
        self.db[:] = (sums @ dz).reshape(self.db.shape)
        dangle = dz @ self.W.reshape(P, K, FREQUENCIES, PERIODIC_FUNCTIONS).mT
        dangle *= -np.sin(self.angle)
        self.dphase[:] = (sums @ dangle).reshape(self.dphase.shape)
        self.dfrequency[:] = (self.turned.mT @ dangle).reshape(self.dfrequency.shape)
        if not need_dx:
            return None
        dx: Array = dout[..., : self.inputs].copy()
        dx[..., self.columns] += TURN * (dangle * self.frequency.reshape(P, K, 1, FREQUENCIES)).sum(axis=-1).mT
        return dx
