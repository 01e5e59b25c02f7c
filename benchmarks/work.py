"""The two works that every contestant does, and how much arithmetic each one is."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

# zerokara is imported only where a work is made: a rival's process must not know it.

Scores = list[tuple[float, float]]
"""What each contestant returns: every trial's (learning rate, last validation accuracy), in any order."""


@dataclass(frozen=True)
class Work:
    """Train one small network per learning rate; after each epoch, score it on both parts of the data.

    Shapes: x_train (N, D) float32, t_train (N,) int64, the same for x_val and t_val; lrs and decays (trials,).
    Where trials differ in structure, ``structures`` (trials,) has each one's, as "16,16|relu|32".
    """

    name: str
    x_train: npt.NDArray[np.float32]
    t_train: npt.NDArray[np.int64]
    x_val: npt.NDArray[np.float32]
    t_val: npt.NDArray[np.int64]
    sizes: tuple[int, ...]
    optimizer: str
    batch: int
    epochs: int
    lrs: npt.NDArray[np.float64]
    decays: npt.NDArray[np.float64]
    structures: npt.NDArray[np.str_] = field(default_factory=lambda: np.array([], dtype=str))

    @property
    def trials(self) -> int:
        return len(self.lrs)

    @property
    def layers(self) -> list[tuple[int, int]]:
        """The (inputs, outputs) of each affine map."""
        return list(pairwise(self.sizes))

    @property
    def kinds(self) -> list[tuple[tuple[int, ...], str, int]]:
        """The (hidden sizes, activation, batch size) of each trial whose structure is its own."""
        parts = [structure.split("|") for structure in self.structures.tolist()]
        return [(tuple(map(int, hidden.split(","))), name, int(batch)) for hidden, name, batch in parts]

    @property
    def about(self) -> str:
        """The networks and how they are trained, for a heading."""
        if kinds := set(self.kinds):
            batches = sorted({batch for _, _, batch in kinds})
            return f"networks of {len(kinds)} structures, {self.optimizer}, batch {' or '.join(map(str, batches))}"
        return f"networks {'-'.join(map(str, self.sizes))}, {self.optimizer}, batch {self.batch}"

    @property
    def flop(self) -> int:
        """Floating-point operations of the algorithm's matrix products, 2 m n k each.

        A training sample costs a forward pass, the gradient of the weights, and the gradient of the
        activations of all layers but the first (nobody needs the gradient of the data). A scored sample
        costs a forward pass. What an implementation does beyond that earns it nothing.
        """
        shapes = [(self.sizes[0], *hidden, self.sizes[-1]) for hidden, _, _ in self.kinds] or [self.sizes] * self.trials
        n, n_val = len(self.x_train), len(self.x_val)
        total = 0
        for sizes in shapes:
            products = [2 * n_in * n_out for n_in, n_out in pairwise(sizes)]
            forward = sum(products)
            total += n * (3 * forward - products[0]) + (n + n_val) * forward
        return self.epochs * total

    def share(self, k: int, n: int) -> "Work":
        """The k-th of n equal shares of the trials, each with its part of slow and fast learning rates."""
        return replace(self, lrs=self.lrs[k::n], decays=self.decays[k::n], structures=self.structures[k::n])

    def shortened(self, trials: int, epochs: int) -> "Work":
        """The same work with fewer trials and epochs, for a warm-up or a quick look."""
        rows = np.linspace(0, self.trials - 1, min(trials, self.trials)).astype(int)
        structures = self.structures[rows] if len(self.structures) else self.structures
        few = replace(self, lrs=self.lrs[rows], decays=self.decays[rows], structures=structures)
        return replace(few, epochs=min(epochs, self.epochs))

    def save(self, path: Path) -> None:
        np.savez(path, **vars(self))

    @classmethod
    def load(cls, path: Path) -> "Work":
        with np.load(path) as file:
            fields = {name: file[name] for name in file.files}
        for name in ("name", "optimizer", "batch", "epochs"):
            fields[name] = fields[name].item()
        return cls(**fields | {"sizes": tuple(fields["sizes"].tolist())})


def log_spaced(low: float, high: float, trials: int) -> npt.NDArray[np.float64]:
    return np.geomspace(low, high, trials)


def w1(trials: int = 100) -> Work:
    """W1, the course's own search: six layers of 100 on the first 500 images of MNIST.

    Source: Deep Learning from Scratch, section 6.5.2.
    """
    import zerokara as zk
    from zerokara.rng import stream

    data = zk.data.load("mnist").first(500).split(validation=0.2, seed=0, stratify=False)
    assert data.validation is not None
    return Work(
        name="W1",
        x_train=data.train.x,
        t_train=data.train.t,
        x_val=data.validation.x,
        t_val=data.validation.t,
        sizes=(784, *(100,) * 6, 10),
        optimizer="sgd",
        batch=100,
        epochs=50,
        lrs=log_spaced(1e-6, 1e-2, trials),
        decays=stream(0, "decays").permutation(log_spaced(1e-8, 1e-4, trials)),
    )


def w2(trials: int = 100) -> Work:
    """W2, small networks: two layers of 64 on the 1,797 digits, where overhead weighs more than arithmetic."""
    import zerokara as zk

    data = zk.data.load("digits").split(validation=0.2, seed=0, stratify=False)
    assert data.validation is not None
    return Work(
        name="W2",
        x_train=data.train.x,
        t_train=data.train.t,
        x_val=data.validation.x,
        t_val=data.validation.t,
        sizes=(64, 64, 64, 10),
        optimizer="adam",
        batch=64,
        epochs=20,
        lrs=log_spaced(1e-4, 1e-1, trials),
        decays=np.zeros(trials),
    )


def mnist() -> Work:
    """The 60,000 training images of MNIST, one network of 100 hidden units, 10 epochs."""
    import zerokara as zk

    data = zk.data.load("mnist")
    assert data.test is not None
    return Work(
        name="MNIST",
        x_train=data.train.x,
        t_train=data.train.t,
        x_val=data.test.x,
        t_val=data.test.t,
        sizes=(784, 100, 10),
        optimizer="adam",
        batch=200,
        epochs=10,
        lrs=np.array([1e-3]),
        decays=np.zeros(1),
    )


WORKS = {"W1": w1, "W2": w2}
