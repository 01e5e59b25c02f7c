"""S2: learning by numerical gradient, then by backpropagation; then predictions of the saved networks.

784-50-10 with sigmoid, the first 100 images of MNIST, batches of 10, learning rate 0.1, 1,000 iterations. Each
iteration of the first run evaluates two losses for each of the 39,760 parameters; the course's loop takes hours.
At the end the script prompts for the index of an MNIST test image and shows the probabilities, the prediction, the true
class and the image. An empty line continues with the other network, then ends.
"""

import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from picture import picture
from row import row

import zerokara as zk
from zerokara.arrays import Array
from zerokara.blas import one_thread
from zerokara.cli.commands import run_predict
from zerokara.rng import stream

SEED, ITERATIONS, BATCH, LR = 420, 1000, 10, 0.1
SMOOTH = 25
BLUE, ORANGE, GRAY = "#1f5a99", "#e0752d", "#8a8a8a"
LOSS = zk.nn.SoftmaxCrossEntropy()
WEIGHTS = Path(__file__).parents[1] / "runs" / "s2"


def learn(data: zk.data.Dataset, numerical: bool) -> tuple[zk.nn.Network, Array, float]:
    """Return the network, the loss of each batch after its step, and the training time in seconds."""
    network = zk.nn.mlp(784, (50,), 10, "sigmoid", init=0.01, seed=SEED, dtype="float64")
    rule, draws = zk.optim.SGD(lr=LR).start(network), stream(SEED, "batches")
    losses, started = [], time.perf_counter()
    for iteration in range(ITERATIONS):
        rows = draws.choice(len(data.train), BATCH)  # With replacement, as in the course.
        x, t = data.train.x[None, rows].astype(float), data.train.t[rows]
        if numerical:
            network.grads[...] = zk.nn.numerical_gradient(network, LOSS, x, t)
        else:
            network.backward(LOSS.backward(network.forward(x), t))
        rule.step(network)
        losses.append(LOSS.forward(network.forward(x), t)[0])
        if iteration % 100 == 99:
            print(f"iteration {iteration + 1}: mean loss of the last hundred {np.mean(losses[-100:]):.4f}")
    return network, np.array(losses), time.perf_counter() - started


def draw(numerical: Array, written: Array, more: Array) -> Figure:
    """Draw the losses of the three runs, and the difference of the first two."""
    figure = Figure(figsize=(12, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    steps, window = np.arange(1, ITERATIONS + 1), np.ones(SMOOTH) / SMOOTH
    for losses, name, style in (
        (more, "backpropagation, 1,000 images", {"color": GRAY, "lw": 1.2}),
        (numerical, "numerical gradient, 100 images", {"color": BLUE, "lw": 5.0, "alpha": 0.45}),
        (written, "backpropagation, 100 images", {"color": ORANGE, "lw": 1.2}),
    ):
        left.plot(steps, losses, ".", ms=2, color=style["color"], alpha=0.35)
        left.plot(steps[SMOOTH - 1 :], np.convolve(losses, window, "valid"), label=name, **style)
    left.set(xlabel="iteration", ylabel="loss of the batch", ylim=(0, None))
    left.set_title(f"Two ways, one curve (means of {SMOOTH} batches)")
    left.legend(frameon=False)
    right.semilogy(steps[1:], np.abs(numerical - written)[1:], ".", color=BLUE, ms=3)
    right.set(xlabel="iteration", ylabel="difference of the losses", title="How far the two are apart")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e6e6e6")
        axes.set_axisbelow(True)
        axes.set_xlim(1, ITERATIONS)
    return figure


def main() -> None:
    """Train in both ways, compare the results, and prompt for images."""
    started = time.perf_counter()
    mnist = zk.data.load("mnist")
    few, more = mnist.first(100), mnist.first(1000)
    with one_thread():
        print("by numerical gradient:")
        by_differences, numerical, seconds = learn(few, numerical=True)
        print("by backpropagation:")
        by_slopes, written, written_seconds = learn(few, numerical=False)
        print("by backpropagation, 1,000 images:")
        by_more, more_losses, _ = learn(more, numerical=False)
    difference = np.abs(by_differences.params - by_slopes.params).max()
    low, high = numerical[-20:].min(), numerical[-20:].max()
    row(
        "S2",
        "784-50-10 by numerical gradient, then by backpropagation; 100 images, 1,000 iterations",
        "losses from 2.24 to 0.03-0.16, some 6 hours",
        f"losses from {numerical[0]:.2f} to {low:.2f}-{high:.2f} (the last twenty batches) in {seconds:.0f} s; "
        f"by backpropagation the same in {written_seconds:.1f} s, weights differ by at most {difference:.0e}",
        time.perf_counter() - started,
        picture(draw(numerical, written, more_losses), "s2_numerical"),
    )

    ask({"numerical gradient": (by_differences, few), "backpropagation on 1,000 images": (by_more, more)})


def ask(learned: dict[str, tuple[zk.nn.Network, zk.data.Dataset]], folder: Path = WEIGHTS) -> None:
    """Save each network, load it, and predict images by index until an empty line is entered."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (network, data) in learned.items():
        path = zk.Model.of(network, data).save(folder / f"{name.split()[0]}.safetensors")
        print(f"\ntrained by {name}, saved as {path}. Which of the 10,000 test images?")
        run_predict(path)


if __name__ == "__main__":
    main()
