"""The laws fail when a bug is planted: each fault here is one that somebody could write."""

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests import laws
from tests.laws import Recipe
from zerokara import nn
from zerokara.data.augment import Augment
from zerokara.optim import Adam, Optimizer
from zerokara.optim.sgd import SGD
from zerokara.rng import stream
from zerokara.train import EarlyStopping, Trainer, engine, loader, metrics, trainer

Patch = pytest.MonkeyPatch
BASE = Recipe(population=4, batch_norm=True, dropout=True, loss=laws.LossCase("classification", smoothing=True))
BASE = replace(BASE, engine="numpy")
LAWS: dict[str, Callable[[Recipe], None]] = {
    "alone": laws.alone_as_in_company,
    "company": lambda recipe: laws.any_company_will_do(recipe, [3, 1, 0]),
    "shards": lambda recipe: laws.shards_are_the_whole(recipe, [1, 2]),
    "taken": lambda recipe: laws.dropped_between_epochs(recipe, [2, 0]),
    "taken late": lambda recipe: laws.dropped_between_epochs(recipe, [2, 0], after=5),
    "parts": lambda recipe: laws.in_two_parts(recipe, 1),
    "regrouped": lambda recipe: laws.regrouped(recipe, [1, 3], [2, 0, 3, 1], after=5),
}
FAULTS: dict[str, tuple[str, Recipe, Callable[[Patch], None]]] = {}


def fault(law: str, recipe: Recipe = BASE) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    """Enter a fault into the table, with the law that must fail and the population that it must fail for."""

    def enter(plant: Callable[[Patch], None]) -> Callable[[Patch], None]:
        FAULTS[f"{law}: {plant.__doc__}"] = (law, recipe, plant)
        return plant

    return enter


@fault("alone")
def _mixed_forward(patch: Patch) -> None:
    """an affine layer takes the mean over networks off"""
    right = nn.Affine.forward

    def forward(self, x, step=None):  # type: ignore[no-untyped-def]
        y = right(self, x, step)
        return y - 1e-3 * y.mean(axis=0)

    patch.setattr(nn.Affine, "forward", forward)


PICTURES = replace(BASE, inputs=12, shape=(3, 4), augment="flip,shift:1", scaling="whiten:5")


@fault("alone", PICTURES)
def _augmented_on_and_on(patch: Patch) -> None:
    """augmentation draws from one stream for all trainers"""
    shared = np.random.default_rng(0)
    right = Augment.apply
    patch.setattr(Augment, "apply", lambda self, x, samples, shape, rng: right(self, x, samples, shape, shared))


@fault("alone")
def _mixed_backward(patch: Patch) -> None:
    """a backward pass adds the gradients of all networks up"""
    right = nn.Tanh.backward
    patch.setattr(nn.Tanh, "backward", lambda self, dout, need_dx=True: right(self, dout) + 1e-6 * dout.sum(axis=0))


@fault("alone")
def _mixed_statistics(patch: Patch) -> None:
    """batch norm shares its running statistics among networks"""
    right = nn.BatchNorm.forward

    def forward(self, x, step=None):  # type: ignore[no-untyped-def]
        y = right(self, x, step)
        self.running_mean = np.broadcast_to(self.running_mean.mean(axis=0, keepdims=True), self.running_mean.shape)
        return y

    patch.setattr(nn.BatchNorm, "forward", forward)


def _dropout_by(seed: Callable[[int, int], int]) -> Callable[[Patch], None]:
    def forward(self, x, step=None):  # type: ignore[no-untyped-def]
        self.mask = None
        if step is None:
            return x
        rows = range(len(self.rate))
        drawn = [stream(seed(k, len(rows)), "dropout", step, self.number).random(x.shape[1:], "f") for k in rows]
        self.mask = ((np.stack(drawn) >= self.rate) / (1 - self.rate)).astype(x.dtype)
        return x * self.mask

    return lambda patch: patch.setattr(nn.Dropout, "forward", forward)


@fault("company")
def _dropout_by_position(patch: Patch) -> None:
    """dropout is drawn per position in the population"""
    _dropout_by(lambda k, population: k)(patch)


@fault("alone")
def _dropout_by_population(patch: Patch) -> None:
    """dropout is drawn from a seed with the population in it"""
    _dropout_by(lambda k, population: population)(patch)


@fault("alone", replace(BASE, optimizer="adam"))
def _common_clip(patch: Patch) -> None:
    """gradients are clipped by the norm over all networks"""
    right = Optimizer.step

    def step(self, network, factor=1.0):  # type: ignore[no-untyped-def]
        network.grads *= min(1.0, 0.1 / np.linalg.norm(network.grads))
        right(self, network, factor)

    patch.setattr(Optimizer, "step", step)


@fault("alone")
def _common_rate(patch: Patch) -> None:
    """everyone learns at the rate of the first"""
    right = SGD.derived
    patch.setattr(SGD, "derived", lambda self, factor: right(self, factor) | {"lr": np.full_like(self.lr, self.lr[0])})


@fault("taken", replace(BASE, optimizer="adam"))
def _state_left_behind(patch: Patch) -> None:
    """take() forgets the optimizer's state"""
    right = Optimizer.take

    def take(self, index):  # type: ignore[no-untyped-def]
        taken = right(self, index)
        for name in self.state:
            setattr(taken, name, getattr(self, name)[: len(taken.lr)])
        return taken

    patch.setattr(Optimizer, "take", take)


@fault("taken", replace(BASE, optimizer="adam"))
def _clock_reset(patch: Patch) -> None:
    """take() starts Adam's clock anew"""
    right = Optimizer.take

    def take(self, index):  # type: ignore[no-untyped-def]
        taken = right(self, index)
        taken.t = 0
        return taken

    patch.setattr(Adam, "take", take)


@fault("taken")
def _statistics_left_behind(patch: Patch) -> None:
    """take() of a layer forgets its running statistics"""

    def take(self, index):  # type: ignore[no-untyped-def]
        layer = copy.copy(self)
        for name in self.per_network:
            setattr(layer, name, getattr(self, name)[: len(index)])
        return layer

    patch.setattr(nn.Layer, "take", take)


@fault("taken")
def _smoothing_left_behind(patch: Patch) -> None:
    """take() of a loss keeps the numbers of the first networks"""
    patch.setattr(
        nn.SoftmaxCrossEntropy,
        "take",
        lambda self, index: nn.SoftmaxCrossEntropy(self.label_smoothing[: len(index)]),
    )


@fault("taken late", replace(BASE, keep_best=True, epochs=6))
def _best_left_behind(patch: Patch) -> None:
    """take() forgets whose best weights are whose"""
    right = Trainer.take

    def take(self, index):  # type: ignore[no-untyped-def]
        best = self.best
        right(self, index)
        self.best = best.take(np.arange(len(self.rows)))

    patch.setattr(Trainer, "take", take)


@fault("taken late", replace(BASE, patience=4, epochs=6))
def _patience_left_behind(patch: Patch) -> None:
    """take() forgets how long who has waited"""
    patch.setattr(EarlyStopping, "take", lambda self, index: EarlyStopping.start(self, len(index)))


@fault("alone", replace(BASE, validation=40))
def _chunks_by_population(patch: Patch) -> None:
    """the chunks of an evaluation are sized by the population"""
    right = metrics.measure_by_numpy

    def measure(network, *args):  # type: ignore[no-untyped-def]
        patch.setattr(metrics, "CHUNK", 32 // network.population)
        return right(network, *args)

    patch.setattr(engine, "measure_by_numpy", measure)


@fault("alone")
def _order_by_population(patch: Patch) -> None:
    """the order of the samples is drawn from a seed with the population in it"""
    right = Trainer._train_epoch

    def train_epoch(self):  # type: ignore[no-untyped-def]
        self.loader.seed = len(self.rows)
        return right(self)

    patch.setattr(Trainer, "_train_epoch", train_epoch)


@fault("alone")
def _weights_by_position(patch: Patch) -> None:
    """initial weights are drawn per position in the population"""
    right = nn.Network.__init__

    def init(self, layers, population=1, dtype="f"):  # type: ignore[no-untyped-def]
        right(self, layers, population, dtype)
        self.params += 1e-3 * np.arange(population)[:, None].astype(dtype)

    patch.setattr(nn.Network, "__init__", init)


@fault("alone", replace(BASE, diverging=(1,)))
def _divergence_spreads(patch: Patch) -> None:
    """one network that diverges retires everyone"""
    right = trainer.Trainer._record

    def record(self, *arguments):  # type: ignore[no-untyped-def]
        epoch = right(self, *arguments)
        return replace(epoch, diverged=np.full_like(epoch.diverged, epoch.diverged.any()))

    patch.setattr(Trainer, "_record", record)


@fault("alone", replace(BASE, optimizer="momentum"))
def _common_decay(patch: Patch) -> None:
    """everyone's weights decay by the mean over networks"""

    def decay(self, W, dW, tile, scratch):  # type: ignore[no-untyped-def]
        dW += W * tile.weight_decay.mean(axis=0)

    patch.setattr(Optimizer, "decay", decay)


@fault("parts", replace(BASE, dropout=True))
def _steps_counted_anew(patch: Patch) -> None:
    """every call of fit() starts the epochs, and so all draws, anew"""
    right = Trainer.epochs

    def epochs(self, count):  # type: ignore[no-untyped-def]
        self.loader.seed += 1
        return right(self, count)

    patch.setattr(Trainer, "epochs", epochs)


@fault("regrouped", replace(BASE, optimizer="adam", epochs=6))
def _state_out_of_order(patch: Patch) -> None:
    """concat_trainers() puts the optimizers' states together in another order than the networks"""
    right = trainer.optimizers.concat_optimizers
    patch.setattr(trainer.optimizers, "concat_optimizers", lambda rules: right(rules[::-1]))


@fault("regrouped", replace(BASE, keep_best=True, epochs=6))
def _best_of_the_last(patch: Patch) -> None:
    """concat_trainers() takes the present weights for the best ones"""
    right = trainer.concat_trainers

    def concat_trainers(trainers):  # type: ignore[no-untyped-def]
        whole = right(trainers)
        whole.best = whole.network.copy()
        return whole

    patch.setattr(laws, "concat_trainers", concat_trainers)


@fault("regrouped", replace(BASE, patience=4, epochs=6))
def _patience_anew(patch: Patch) -> None:
    """concat_early_stopping() starts everyone's patience anew"""
    right = trainer.stopping.concat_early_stopping

    def concat_early_stopping(rules):  # type: ignore[no-untyped-def]
        whole = right(rules)
        return whole and whole.start(len(whole.best))

    patch.setattr(trainer.stopping, "concat_early_stopping", concat_early_stopping)


@fault("shards")
def _global_draws(patch: Patch) -> None:
    """batches are drawn from the global state of NumPy"""

    class Global:
        def permutation(self, n: int) -> np.ndarray:
            return np.random.permutation(n)

    patch.setattr(loader, "stream", lambda *keys: Global())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FAULTS)
def test_the_law_fails(name: str, dtype: str, monkeypatch: Patch) -> None:
    law, recipe, plant = FAULTS[name]
    recipe = replace(recipe, dtype=dtype)
    LAWS[law](recipe)
    plant(monkeypatch)
    with np.errstate(all="ignore"), pytest.raises(AssertionError):
        LAWS[law](recipe)
