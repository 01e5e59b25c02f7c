"""Draw the pictures of the pages: `python docs/tools/draw.py [population] [roofline] [activations] [trajectories]`.

`python docs/tools/draw.py measure` measures what the roofline shows, and prints `MEASURED`.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

PICTURES = Path(__file__).parents[1] / "pictures"
BLUE, ORANGE, GRAY, LIGHT = "#1f5a99", "#e0752d", "#6b6b6b", "#dbe6f2"


def sheet(axes: Axes, x: float, y: float, color: str, width: float = 2.2, height: float = 1.5) -> None:
    """Draw a matrix as a sheet seen from the side."""
    lean = 0.55
    corners = [(x, y), (x + width, y), (x + width + lean, y + height), (x + lean, y + height)]
    axes.add_patch(Polygon(corners, facecolor=color, edgecolor=BLUE, lw=1.2, alpha=0.95))


def population() -> Figure:
    """Draw one matrix, and the stack of matrices of a population with their learning rates."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.subplots()
    sheet(axes, 0, 0.8, LIGHT)
    axes.text(1.4, 1.55, "W", ha="center", va="center", size=15, color=BLUE)
    axes.text(1.1, 0.45, "one network\n(D, H)", ha="center", va="top", size=11)
    axes.annotate("", (4.7, 1.6), (3.3, 1.6), arrowprops={"arrowstyle": "->", "color": GRAY, "lw": 1.5})
    axes.text(4, 1.75, "one more axis", ha="center", size=10, color=GRAY)
    rates = ["0.1", "0.03", "0.01", "0.001"]
    for k, rate in reversed(list(enumerate(rates))):
        x, y = 5.2 + 0.5 * k, 0.3 + 0.42 * k
        sheet(axes, x, y, LIGHT)
        axes.plot([x + 2.32, 9.5], [y + 0.25] * 2, color=ORANGE, lw=0.8, zorder=0)
        axes.text(9.6, y + 0.25, f"lr = {rate}", size=10, color=ORANGE, va="center")
    axes.text(6.35, 1.05, "W[0]", ha="center", va="center", size=13, color=BLUE)
    axes.text(6.3, 0.05, "a population (P, D, H)", ha="center", va="top", size=11)
    axes.set(xlim=(-0.3, 11.6), ylim=(-0.6, 3.5))
    axes.set_axis_off()
    return figure


# What `measure` printed, on one core of a shared AMD EPYC with AVX-512.
MEASURED = {
    "peak": 269.5,
    "product": 121.3,
    "bandwidth": 39.0,
    "W1 native": 199.1,
    "W1 numpy": 83.3,
    "W2 native": 179.1,
    "W2 numpy": 57.5,
}
"""GFLOP/s of multiply-adds in registers, of a product of large matrices in NumPy, of searches; GB/s of the memory."""
INTENSITY = {
    "W1 native": 6 * 129_400 * 400 / (8 * 129_400 + 4 * 784 * 400),
    "W1 numpy": 6 * 100 / 24,
    "W2 native": 6 * 8_832 * 1438 / (24 * 8_832 + 4 * 64 * 1438),
    "W2 numpy": 6 * 64 / 40,
}
"""Operations for each byte that passes the memory, counted.

In NumPy each step passes over the arrays of a layer: the weights three times for its products, then W and dW (with Adam
the two moments too) for the update, 24 and 40 bytes a weight. The kernel keeps a network in the cache for an epoch: its
weights (and moments) are read and written once, and the samples are read once.
"""
WORK = {"W1": 1886.2, "W2": 192.3}
"""GFLOP of the searches, as `python -m benchmarks` counts them."""


def roofline() -> Figure:
    """Draw the two limits of a processor, and where the two engines are below them."""
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.subplots()
    peak, bandwidth = MEASURED["peak"], MEASURED["bandwidth"]
    x = np.geomspace(1, 1000, 200)
    axes.loglog(x, np.minimum(peak, bandwidth * x), color=GRAY, lw=2)
    axes.plot([MEASURED["product"] / bandwidth, 1000], [MEASURED["product"]] * 2, "--", color=ORANGE, lw=1.2)
    axes.text(12, MEASURED["product"] * 1.04, "NumPy's product of large matrices", color=ORANGE, size=9)
    axes.text(1.3, bandwidth * 2.2, f"memory: {bandwidth:.0f} GB/s", rotation=32, color=GRAY)
    axes.text(300, peak * 1.08, f"arithmetic: {peak:.0f} GFLOP/s", color=GRAY, ha="center")
    for name, intensity in INTENSITY.items():
        work, engine = name.split()
        color, label = (BLUE, "compiled epoch") if engine == "native" else (ORANGE, "NumPy, layer by layer")
        axes.plot(intensity, MEASURED[name], "o" if work == "W1" else "s", color=color, ms=9, zorder=3)
        axes.annotate(
            f"{work}, {label}: {MEASURED[name]:.0f}",
            (intensity, MEASURED[name]),
            (12, 5 if work == "W1" else -5),
            textcoords="offset points",
            ha="left",
            va="center",
            color=color,
            size=9,
        )
    axes.set(xlabel="operations for each byte from memory", ylabel="GFLOP/s", xlim=(1, 1000), ylim=(10, peak * 1.6))
    axes.grid(color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def activations() -> Figure:
    """Draw the activations of five layers from different initial weights, as docs/how-to/numbers.md does."""
    import zerokara as zk

    x = np.random.default_rng(0).standard_normal((1000, 100))
    starts = {"sigmoid, 1": 1.0, "sigmoid, 0.01": 0.01, "sigmoid, Xavier": "lecun"}
    nets = {name: zk.nn.mlp(100, (100,) * 5, 10, "sigmoid", init=init) for name, init in starts.items()}
    nets |= {
        f"ReLU, {name}": zk.nn.mlp(100, (100,) * 5, 10, init=init) for name, init in (("0.01", 0.01), ("He", "he"))
    }
    return zk.plot.activations(nets, x)


def trajectories() -> Figure:
    """Draw the ways of six optimizers."""
    import zerokara as zk

    return zk.plot.trajectories()


def measure() -> None:
    """Print the numbers of the roofline: of one core, by the processor's time, which other programs disturb least."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import zerokara as zk
    from benchmarks.peak import peak
    from zerokara.blas import one_thread

    source = np.ones(1 << 26, np.float32)
    target = np.empty_like(source)
    square, product = np.ones((1536, 1536), np.float32), np.empty((1536, 1536), np.float32)
    found = {"peak": peak(1) / 1e9}
    with one_thread():
        fastest = min(seconds(lambda: np.matmul(square, square, out=product)) for _ in range(20))
    found["product"] = 2 * 1536**3 / fastest / 1e9
    found["bandwidth"] = 2 * source.nbytes / min(seconds(lambda: np.copyto(target, source)) for _ in range(9)) / 1e9
    course = {"lr": zk.log(1e-6, 1e-2), "weight_decay": zk.log(1e-8, 1e-4), "optimizer": "sgd", "batch_size": 100}
    mnist = zk.data.load("mnist").first(500).split(validation=0.2, seed=0, stratify=False)
    digits = zk.data.load("digits").split(validation=0.2, seed=0)
    works = {
        "W1": (mnist, course | {"hidden": (100,) * 6}, 50),
        "W2": (digits, {"lr": zk.log(1e-4, 1e-1), "hidden": (64, 64), "batch_size": 64}, 20),
    }
    for name, (data, space, epochs) in works.items():
        for engine in ("native", "numpy"):
            settings = {"race": "none", "refit": 0, "engine": engine, "workers": 1, "seed": 0}
            call = partial(zk.tune, data, space, trials=20, epochs=epochs, **settings)
            found[f"{name} {engine}"] = WORK[name] * 20 / 100 / min(seconds(call) for _ in range(2))
    for name, value in found.items():
        print(f'    "{name}": {value:.1f},')


def seconds(call: Callable[[], object]) -> float:
    """Return the processor's time of a call."""
    begun = time.process_time()
    call()
    return time.process_time() - begun


def main(names: list[str]) -> None:
    """Draw the pictures named, or all."""
    for name in names or ["population", "roofline", "activations", "trajectories"]:
        if name == "measure":
            measure()
            continue
        globals()[name]().savefig(PICTURES / f"{name}.png", dpi=120)


if __name__ == "__main__":
    main(sys.argv[1:])
