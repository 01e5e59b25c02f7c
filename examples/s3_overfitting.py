"""S3: overfitting and dropout.

Seven layers overfit three hundred images. Dropout sets a random fifth of the units to 0 at every step. It is compared
with no dropout, alone and combined with the two other methods of the book's chapter 6, weight decay and batch
normalization.
"""

import time

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from picture import picture
from row import row

import zerokara as zk
from zerokara.train import History

COLORS = {0.0: "#e0752d", 0.2: "#1f5a99"}
"""The dropout rates and their colors."""


def data(test: int = 10_000) -> zk.data.Dataset:
    """Return 300 training images, with the test images as validation part; nothing is selected on them."""
    mnist = zk.data.load("mnist").first(300)
    return mnist.with_parts(mnist.train, validation=mnist.test.take(slice(0, test)))


def train(
    images: zk.data.Dataset,
    dropout: list[float],
    weight_decay: list[float],
    batch_norm: bool = False,
    epochs: int = 301,
    seed: int = 0,
) -> History:
    """Train one population; all networks have the same initial weights and batches."""
    net = zk.nn.mlp(784, (100,) * 6, 10, dropout=dropout, batch_norm=batch_norm, population=len(dropout), seed=seed)
    rule = zk.optim.SGD(lr=0.01, weight_decay=weight_decay)
    return zk.Trainer(net, rule, images, batch_size=100, seed=seed).fit(epochs)


def gap(history: History, network: int) -> float:
    """Return the final training accuracy minus the final test accuracy."""
    return float(history["train_score"][network, -1] - history["val_score"][network, -1])


def draw(axes: Axes, title: str, history: History, first: int) -> str:
    """Draw the networks ``first`` (no dropout) and ``first`` + 1 (dropout), and return their results as text."""
    ends = []
    for network, (rate, color) in enumerate(COLORS.items(), start=first):
        style = {"color": color, "markevery": 10, "ms": 4, "clip_on": False, "zorder": 3}
        for part, curve, marks in (("training", "train_score", "o--"), ("test", "val_score", "s-")):
            y = history[curve][network]
            label = f"{f'dropout {rate}' if rate else 'no dropout'}: {part}, {y[-1]:.3f} at the end"
            axes.plot(range(1, len(y) + 1), y, marks, lw=1.3, label=label, **style)
        ends.append(f"test {history['val_score'][network, -1]:.3f}, gap {gap(history, network):.3f}")
    axes.set(ylim=(0, 1), xlabel="epoch")
    axes.set_title(title, loc="left", weight="bold")
    axes.legend(loc="lower right", fontsize=9)
    return f"{title}: {ends[0]}; with dropout {ends[1]}"


def main() -> None:
    """Train two populations, since batch norm changes the structure, and draw their curves."""
    started, images = time.perf_counter(), data()
    # Networks that differ only in numbers share one population.
    plain = train(images, dropout=[*COLORS] * 2, weight_decay=[0, 0, 0.1, 0.1])
    normed = train(images, dropout=[*COLORS], weight_decay=[0, 0], batch_norm=True)
    seconds = time.perf_counter() - started

    figure = Figure(figsize=(16, 5.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3, sharey=True)
    left.set(ylabel="accuracy")
    ends = [
        draw(left, "nothing else", plain, 0),
        draw(middle, "weight decay 0.1", plain, 2),
        draw(right, "batch norm", normed, 0),
    ]
    row(
        "S3",
        "Overfitting and dropout: 300 MNIST images, 301 epochs",
        "dropout narrows the gap between training and test accuracy",
        "<br>".join(ends),
        seconds,
        picture(figure, "s3_overfitting"),
    )


if __name__ == "__main__":
    main()
