"""CIFAR-10 as far as fully connected networks go: two settings chosen by validation, with three seeds each.

`make cifar10` takes about twenty minutes; README.md shows the searches that chose the settings. Each seed has its own
1,000 validation images, initial weights, batches and dropout masks. Its network is saved in runs/ and evaluated once on
the 10,000 test images.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from picture import picture
from row import row

import zerokara as zk

SCALING, VALIDATION, SEEDS = "whiten:250:10", 0.02, (0, 1, 2)
BOTH = {"optimizer": "adamw", "batch_size": 200, "schedule": "cosine"}
PLAIN = {"hidden": (1000,), "lr": 0.0024, "weight_decay": 0.022, "dropout": 0.45}
AUGMENTED = {"hidden": (2000, 1000), "lr": 0.0025, "weight_decay": 0.13, "dropout": 0.1}
EPOCHS = 30
RUNS = Path(__file__).parents[1] / "runs"
BLUE, ORANGE = "#1f5a99", "#e0752d"


def train(data: zk.data.Dataset, name: str, settings: dict[str, object], augment: str, seed: int) -> zk.Study:
    """Train one network with a seed, like `zerokara train cifar10 --seed`."""
    data = data.split(validation=VALIDATION, seed=seed, stratify=False).scaled(SCALING)
    study = zk.tune(
        data,
        {**BOTH, **settings},
        trials=1,
        epochs=EPOCHS,
        race="none",
        keep_best=False,
        refit=0,
        seed=seed,
        evaluate_train_every=10,
        augment=augment,
        workers=1,
        out=RUNS / f"cifar10-{name}-{seed}",
        force=True,
    )
    trial = study.trials[0]
    print(
        f"{name}, seed {seed}: validation accuracy {trial.val_score:.4f}, test accuracy {study.test_score:.4f}, "
        f"{study.train_seconds:.0f} s",
        flush=True,
    )
    return study


def measured(studies: list[zk.Study]) -> str:
    """Return the measurements of three networks, as text for a row."""
    scores = [study.test_score for study in studies]
    slowest = max(study.train_seconds for study in studies)
    each = ", ".join(f"{score:.4f}" for score in scores)
    return f"mean {np.mean(scores):.4f} of {each} on all 10,000 test images; {slowest:.0f} s a training at most"


def draw(runs: dict[str, list[zk.Study]]) -> Figure:
    """Draw the validation accuracy of every network by epoch, and the training accuracy of every tenth."""
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots()
    for (name, studies), color in zip(runs.items(), (ORANGE, BLUE), strict=True):
        for study in studies:
            curves = study.trials[0].curves
            epochs = np.arange(1, len(curves["val_score"]) + 1)
            seen = np.isfinite(curves["train_score"])
            first = study is studies[0]
            axes.plot(epochs, curves["val_score"], color=color, lw=1.4, label=f"{name}, validation" if first else None)
            label = f"{name}, training" if first else None
            axes.plot(epochs[seen], curves["train_score"][seen], "o--", color=color, lw=0.8, ms=3, label=label)
    axes.set(xlabel="epoch", ylabel="accuracy", ylim=(0.4, 1), title="CIFAR-10, three seeds of each")
    axes.legend(frameon=False)
    axes.grid(color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def main() -> None:
    """Train all six networks and write two rows."""
    data = zk.data.load("cifar10")
    runs, seconds = {}, {}
    for name, settings, augment in (("plain", PLAIN, "none"), ("augmented", AUGMENTED, "flip,shift:3")):
        started = time.perf_counter()
        with ThreadPoolExecutor(2) as pool:  # Two networks at a time, one per core.
            runs[name] = list(pool.map(partial(train, data, name, settings, augment), SEEDS))
        seconds[name] = time.perf_counter() - started
    path = picture(draw({"one hidden layer": runs["plain"], "two, augmented": runs["augmented"]}), "s4_cifar10")
    about = "CIFAR-10, {}, three seeds (`make cifar10`)"
    for number, name, what, least in (
        ("S4c", "plain", "a two-layer network on raw pixels, no augmentation", 0.54),
        ("S4d", "augmented", "three layers, mirrored and shifted pictures", 0.60),
    ):
        row(number, about.format(what), f"at least {least} here", measured(runs[name]), seconds[name], path)


if __name__ == "__main__":
    main()
