"""S4: the two-layer network of CS231n, assignment 1.

First the course's checks on a toy network, then its run on CIFAR-10 with the given settings, both with its API, which
`zerokara.classic` provides. Then a search for better settings, as the assignment asks: on the same 49,000 training and
1,000 validation images, once with the mean image subtracted and once whitened. The test images are used once.
"""

import time

import numpy as np
from matplotlib.figure import Figure
from picture import picture
from row import row

import zerokara as zk
from zerokara.classic.cs231n.classifiers.neural_net import TwoLayerNet
from zerokara.classic.cs231n.gradient_check import eval_numerical_gradient
from zerokara.classic.cs231n.vis_utils import visualize_grid
from zerokara.report.run import leaderboard
from zerokara.study.views import series

SCORES = [
    [-0.81233741, -1.27654624, -0.70335995],
    [-0.17129677, -1.18803311, -0.47310444],
    [-0.51590475, -1.01354314, -0.8504215],
    [-0.15419291, -0.48629638, -0.52901952],
    [-0.00618733, -0.12435261, -0.15226949],
]
LOSS = 1.30378789133
SPACE = {
    "lr": zk.log(5e-4, 5e-3),
    "weight_decay": zk.log(1e-2, 1.0),
    "dropout": zk.uniform(0.3, 0.7),
    "hidden": zk.choice([(200,), (500,)]),
    "optimizer": "adamw",
    "schedule": "cosine",
    "batch_size": 200,
}
BLUE, ORANGE = "#1f5a99", "#e0752d"


def toy() -> dict[str, float]:
    """Return the results of the toy network, as differences from the course's numbers where it gives them."""
    np.random.seed(0)  # noqa: NPY002  the course's seed
    net = TwoLayerNet(4, 10, 3, std=1e-1)
    np.random.seed(1)  # noqa: NPY002
    X, y = 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])  # noqa: NPY002
    results = {"scores": float(np.abs(net.loss(X) - SCORES).sum())}
    loss, grads = net.loss(X, y, reg=0.05)
    results["loss"] = float(loss)
    errors = []
    for name, grad in grads.items():
        wanted = eval_numerical_gradient(lambda _: net.loss(X, y, reg=0.05)[0], net.params[name], verbose=False)
        errors.append(np.max(np.abs(wanted - grad) / np.maximum(1e-8, np.abs(wanted) + np.abs(grad))))
    results["gradients"] = float(max(errors))
    history = net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    results["trained"] = float(history["loss_history"][-1])
    return results


def parts(data: zk.data.Dataset) -> zk.data.Dataset:
    """Return the course's split: 49,000 training images and the next 1,000 for validation."""
    return data.with_parts(data.train.take(slice(0, 49_000)), data.train.take(slice(49_000, 50_000)))


def given(data: zk.data.Dataset, iterations: int = 1000) -> tuple[TwoLayerNet, dict[str, list[float]], float]:
    """Train with the given settings on mean-subtracted pixels; return the network, its history and its accuracy."""
    mean = 255 * data.train.x.mean(axis=0)
    X, X_val = (255 * part.x - mean for part in (data.train, data.validation))
    net = TwoLayerNet(3072, 50, 10)
    settings = {"learning_rate": 1e-4, "learning_rate_decay": 0.95, "reg": 0.25, "batch_size": 200}
    history = net.train(X, data.train.t, X_val, data.validation.t, num_iters=iterations, **settings)
    return net, history, float((net.predict(X_val) == data.validation.t).mean())


def draw_given(net: TwoLayerNet, history: dict[str, list[float]]) -> Figure:
    """Draw the loss of each step, both accuracies of each epoch, and the first layer's weights."""
    figure = Figure(figsize=(13, 4.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    left.plot(history["loss_history"], ".", color=BLUE, ms=2)
    left.set(xlabel="iteration", ylabel="loss of the batch")
    epochs = np.arange(1, len(history["val_acc_history"]) + 1)
    middle.plot(epochs, history["train_acc_history"], "--", color=ORANGE, label="a training batch")
    middle.plot(epochs, history["val_acc_history"], color=BLUE, label="validation")
    middle.set(xlabel="epoch, at its start", ylabel="accuracy", ylim=(0, None), xticks=epochs)
    middle.legend(frameon=False, loc="lower right")
    for axes in (left, middle):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e6e6e6")
        axes.set_axisbelow(True)
    images = net.params["W1"].T.reshape(-1, 32, 32, 3)
    grid = visualize_grid(images, padding=2).astype(np.uint8)
    right.imshow(grid[: 34 * -(-len(images) // 8)], interpolation="nearest")
    right.set_axis_off()
    figure.suptitle(
        "CS231n's given settings: the loss still falls, the units are blurs of one color", x=0.01, ha="left"
    )
    return figure


def search(data: zk.data.Dataset, scaling: str, trials: int = 18, epochs: int = 10) -> zk.Study:
    """Race two-layer networks on images with this scaling, and rank them by validation accuracy."""
    study = zk.tune(
        data.scaled(scaling), SPACE, trials=trials, epochs=epochs, rank="accuracy", seed=0, keep_best=False, refit=0
    )
    print(f"\n{scaling}:", *leaderboard(study.ranking(5), study), sep="\n")
    return study


def draw_search(studies: dict[str, zk.Study], winner: zk.Study) -> Figure:
    """Draw the validation curve of every trial, and the first-layer weights of the winner as images."""
    figure = Figure(figsize=(12, 5.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    for (name, study), color in zip(studies.items(), (ORANGE, BLUE), strict=True):
        for curve in reversed(series.curves(study, len(study.trials)).curves):
            best = curve.rank == 1
            style = {"lw": 2.2, "label": f"{name}, the best"} if best else {"lw": 0.8, "alpha": 0.5}
            left.plot(np.arange(1, len(curve.validation) + 1), curve.validation, ".-", ms=4, color=color, **style)
    left.axhline(0.52, color="#6a6a6a", lw=1, ls=":", label="the course's best, 0.52")
    left.set(xlabel="epoch", ylabel="validation accuracy", title="A race: only the best third goes on")
    left.legend(frameon=False, loc="lower right")
    left.spines[["top", "right"]].set_visible(False)
    left.grid(color="#e6e6e6")
    left.set_axisbelow(True)
    data, network = winner.plan.data, winner.best.model.network
    turn = None if data.preprocess.basis is None else data.preprocess.basis / data.preprocess.scale
    images = (series.weights(network, data.sample_shape, 64, basis=turn).images + 1) / 2
    right.imshow(visualize_grid(images, ubound=1.0, padding=2), interpolation="nearest")
    right.set_axis_off()
    right.set_title("The winner's first layer: its 64 strongest units")
    return figure


def main() -> None:
    """Check the toy network, train with the given settings, and search for better ones."""
    started = time.perf_counter()
    checked = toy()
    print(", ".join(f"{name} {value:.12g}" for name, value in checked.items()))
    cifar10 = zk.data.load("cifar10")
    data = parts(cifar10)
    net, history, accuracy = given(data)
    row(
        "S4",
        "CS231n's two-layer network: the toy network, then CIFAR-10 with the given settings",
        f"scores to 1e-7, loss {LOSS} at reg 0.05, gradients to 1e-8, toy loss below 0.2; about 0.29 validation",
        f"scores to {checked['scores']:.0e}, loss {checked['loss']:.11f}, gradients to {checked['gradients']:.0e}, toy "
        f"loss {checked['trained']:.3f}; {accuracy:.3f} validation",
        time.perf_counter() - started,
        picture(draw_given(net, history), "s4_given"),
    )

    started = time.perf_counter()
    studies = {"mean image subtracted": search(data, "center"), "whitened": search(data, "whiten:250:10")}
    winner = max(studies.values(), key=lambda study: study.best.val_accuracy)
    right = winner.best.model.predict(cifar10.test.x) == winner.best.model.labels[cifar10.test.t]
    row(
        "S4b",
        "The search for better settings: two-layer networks, 18 trials each way, 49,000 training and 1,000 validation "
        "images",
        "above 0.48 validation, the best above 0.52",
        "; ".join(f"{study.best.val_accuracy:.3f} {name}" for name, study in studies.items())
        + f" ({winner.best.params['hidden'][0]} units). Test accuracy of the winner, evaluated once: "
        f"{right[:1000].mean():.3f} on the course's 1,000 images, {right.mean():.3f} on all 10,000",
        time.perf_counter() - started,
        picture(draw_search(studies, winner), "s4_search"),
    )


if __name__ == "__main__":
    main()
