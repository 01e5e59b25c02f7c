"""What a trainer takes: checked, and the data in its precision, as the mini-batches of each step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zerokara.arrays import Array, Index
from zerokara.data import Dataset, Part
from zerokara.data.augment import Augment
from zerokara.errors import InputError
from zerokara.nn.layers.encoding import FixedEncoding, encode, is_kept
from zerokara.nn.losses import Loss
from zerokara.nn.network import Network
from zerokara.optim.optimizer import Optimizer
from zerokara.rng import stream
from zerokara.train.stopping import EarlyStopping


class BatchLoader:
    """Loads the training samples of a batch, in the networks' precision and with their `Network.encodings` applied.

    Images are augmented first, then scaled, then encoded: mirroring and whitening do not commute. The augmentation is
    drawn from (seed, "augment", step, replicate), once for all networks.

    Raises:
        InputError: augmentation of samples that are not images.
    """

    def __init__(
        self,
        data: Dataset,
        dtype: npt.DTypeLike,
        augment: str | Augment | None,
        seed: int,
        replicate: int,
        encodings: Sequence[FixedEncoding] = (),
    ) -> None:
        self.x, self.dtype, self.encodings = data.train.x, np.dtype(dtype), encodings
        self.encodes = bool(encodings)
        self.augment, self.shape, self.preprocess = Augment.parse(augment), data.sample_shape, data.preprocess
        self.seed, self.replicate = seed, replicate
        if self.augment:
            self.augment.require(self.shape)
            self.x = data.unscaled
        elif is_kept(self.x, encodings, self.dtype):
            self.x, self.encodings = encode(encodings, self.x.astype(self.dtype, copy=False)), ()

    def order(self, epoch: int, shuffle: bool) -> Index:
        """Return the samples in the order in which an epoch takes them."""
        if not shuffle:
            return np.arange(len(self.x))
        return stream(self.seed, "batches", epoch, self.replicate).permutation(len(self.x))

    def batch(self, samples: Index, step: int) -> Array:
        """Return these training samples as step ``step`` uses them, (1, N, D)."""
        if self.augment is None:
            x: Array = self.x[samples]
        else:
            rng = stream(self.seed, "augment", step, self.replicate)
            x = self.preprocess.apply(self.augment.apply(self.x, samples, self.shape, rng))
        return encode(self.encodings, x.astype(self.dtype, copy=False))[None]

    def block(self, samples: Sequence[Index], step: int) -> Array:
        """Return the samples of the steps from ``step`` on, one after another, (N, D)."""
        if self.augment is None:
            return encode(self.encodings, self.x[np.concatenate(samples)].astype(self.dtype, copy=False))
        return np.concatenate([self.batch(each, step + k)[0] for k, each in enumerate(samples)])


def batches(samples: int, batch_size: int) -> list[tuple[int, int]]:
    """Return where each batch of an epoch starts and ends; the last may be shorter.

    A last batch of one sample is merged into the one before it: batch norm cannot compute the variance of one sample.

    >>> batches(10, 4), batches(9, 4)
    ([(0, 4), (4, 8), (8, 10)], [(0, 4), (4, 9)])
    """
    starts = list(range(0, samples, batch_size))
    if len(starts) > 1 and samples - starts[-1] == 1 and batch_size > 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], samples], strict=True))


def check_kinds(network: Any, optimizer: Any, loss: Any, early_stopping: Any) -> None:
    """Raise InputError unless these are objects of the library's classes; the last two may be None."""
    for name, value, kind, remedy in (
        ("network", network, Network, "pass zk.nn.mlp(64, (50,), 10)"),
        ("optimizer", optimizer, Optimizer, "pass zk.optim.SGD(lr=0.1)"),
        ("loss", loss, Loss | None, "leave it out, or pass zk.nn.SquaredError() for a regression"),
        ("early_stopping", early_stopping, EarlyStopping | None, "pass zk.train.EarlyStopping(patience=10)"),
    ):
        if not isinstance(value, kind):
            raise InputError(f"{name} must be an object of its zerokara class, got {value!r}: {remedy}")


def check_sizes(network: Network, data: Dataset, loss: Loss | None) -> None:
    """Raise InputError unless the networks have the data's number of inputs and outputs, and the loss its targets."""
    sized: list[Any] = [layer for layer in network.layers if hasattr(layer, "inputs")]
    if sized and (sized[0].inputs, sized[-1].outputs) != (data.n_inputs, data.n_outputs):
        raise InputError(
            f"the networks must have {data.n_inputs} inputs and {data.n_outputs} outputs for the data {data.name}, "
            f"got {sized[0].inputs} and {sized[-1].outputs}: build them with these numbers"
        )
    if loss is not None:
        loss.targets(data.train.t, len(data.train), data.n_outputs)


def in_precision(part: Part, dtype: np.dtype[Any]) -> Part:
    """Return the part with targets in the networks' precision; class numbers remain integers.

    x is not copied: each batch is converted when it is used.
    """
    t = part.t if part.t.dtype.kind in "iu" else part.t.astype(dtype)
    weights = None if part.weights is None else part.weights.astype(dtype)
    return Part(part.x, t, weights)
