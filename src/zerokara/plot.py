"""Figures of networks and optimizers: `zk.plot.activations` and `zk.plot.trajectories`."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.arrays import spread
from zerokara.checks import check_counts
from zerokara.errors import InputError
from zerokara.figures.networks.activations import draw_activations
from zerokara.figures.networks.trajectories import draw_trajectories, trajectory_data
from zerokara.optim import SGD, AdaGrad, Adam, Momentum, Nesterov, Optimizer, RMSprop
from zerokara.optim.descent import BOOK_SURFACE, Surface
from zerokara.report.network.activation_panels import activation_data

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["activations", "trajectories"]


def activations(net: Any, x: Any, *, layers: Sequence[int] | None = None, labels: Sequence[str] = ()) -> "Figure":
    """Draw the histograms of activations by layer, side by side; of several networks, a row each.

    The axes of a row are the same. Sigmoid and tanh have theirs from end to end; outputs of exactly 0, as those of a
    ReLU, are a number in the panel and not in the bars.

    Args:
        net: a `zerokara.nn.Network`, of which each network of a population has a row, a `Model` of one network, a
            network of `zerokara.classic`; or a dict of these by label.
        x: the samples, (N, D) or any shape whose first axis is N, for a `Model` in the data's units; or a `Dataset`.
        layers: the layers to draw, counted from 0; by default those without parameters, except for dropout.
        labels: the names of the networks of a population.

    Raises:
        InputError: another kind of network, or samples that do not fit it.

    >>> import numpy as np
    >>> from zerokara import nn, plot
    >>> stds = {"std 1": 1.0, "std 0.01": 0.01, "Xavier": "lecun"}
    >>> nets = {name: nn.mlp(100, (100,) * 5, 10, "sigmoid", init=init) for name, init in stds.items()}
    >>> figure = plot.activations(nets, np.random.default_rng(0).standard_normal((1000, 100)))
    >>> figure.savefig("activations.png")  # doctest: +SKIP

    Source: Deep Learning from Scratch, section 6.2.
    """
    return draw_activations(activation_data(net, x, layers, labels))


def trajectories(
    optimizers: Mapping[str, Optimizer] | Sequence[Optimizer] | Optimizer | None = None,
    surface: Callable[[Any, Any], Any] | Surface | None = None,
    start: tuple[float, float] = (-7.0, 2.0),
    steps: int = 30,
    *,
    gradient: Callable[[Any, Any], tuple[Any, Any]] | None = None,
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
) -> "Figure":
    """Draw the ways of optimizers down a surface of two variables, with its contours.

    Args:
        optimizers: by label, or one after the other; with an array of learning rates, a way for each. By default six,
            with the learning rates of the book for its four.
        surface: a function z of x and y, which takes arrays; by default x²/20 + y², that of the book.
        start: the first point.
        gradient: returns dz/dx and dz/dy of x and y; by default central differences.
        limits: the ends of x and of y in the figure; by default what the ways need.

    Raises:
        InputError: something else than optimizers, or a start that is no point.

    >>> from zerokara import optim, plot
    >>> figure = plot.trajectories({"SGD": optim.SGD(lr=0.95), "Adam": optim.Adam(lr=0.3)})
    >>> [panel.get_title() for panel in figure.axes]
    ['SGD: 0.013', 'Adam: 0.1']
    >>> rosenbrock = lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2
    >>> figure = plot.trajectories(optim.Adam(lr=[0.03, 0.3]), rosenbrock, (-1.5, 1.0), steps=200)

    Source: Deep Learning from Scratch, section 6.1.
    """
    check_counts(1, steps=steps)
    if surface is None:
        surface = BOOK_SURFACE if gradient is None else Surface(BOOK_SURFACE.z, gradient, BOOK_SURFACE.text)
    elif not isinstance(surface, Surface):
        surface = Surface(surface, gradient)
    if np.shape(start) != (2,) or np.asarray(start).dtype.kind not in "biuf" or not np.isfinite(start).all():
        raise InputError(f"start must be a point (x, y), got {start}: give two numbers")
    _check_surface(surface, start)
    return draw_trajectories(trajectory_data(_labeled(optimizers), surface, start, steps, limits))


def _check_surface(surface: Surface, start: tuple[float, float]) -> None:
    """Raise InputError unless the surface has a height for each of several points."""
    x, y = np.array([start] * 3, float).T
    try:
        with np.errstate(all="ignore"):
            heights = np.asarray(surface.z(x, y))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"a surface must be a function of two arrays x and y, got {type(error).__name__}: {error}; write it with "
            "NumPy functions such as np.sin and np.where"
        ) from error
    if heights.dtype.kind not in "biuf" or heights.shape not in ((), (1,), x.shape):
        raise InputError(
            f"a surface must return a number for each point, got {heights.dtype} of the shape {heights.shape} for "
            f"{len(x)} points: correct it"
        )


def _labeled(optimizers: Any) -> list[tuple[str, Optimizer]]:
    if optimizers is None:
        optimizers = SGD(0.95), Momentum(0.1), Nesterov(0.1), AdaGrad(1.5), RMSprop(0.3), Adam(0.3)
    if isinstance(optimizers, Mapping):
        labeled = [(str(label), rule) for label, rule in optimizers.items()]
    else:
        rules = list(optimizers) if isinstance(optimizers, list | tuple) else [optimizers]
        labeled = [(type(rule).__name__, rule) for rule in rules]
    if not labeled or not all(isinstance(rule, Optimizer) for _, rule in labeled):
        raise InputError(
            f"optimizers must be one or more of zerokara.optim, got {str(optimizers)[:80]}: pass zk.optim.SGD(lr=0.9)"
        )
    alone = not isinstance(optimizers, Mapping)
    return [
        (f"{label}, lr {spread(rule.lr)}" if alone and np.size(rule.lr) == 1 else label, rule)
        for label, rule in labeled
    ]
