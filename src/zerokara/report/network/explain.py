"""`explain`: one step of any network as a page, forward and backward, in every number."""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.files import write
from zerokara.model import Model
from zerokara.nn import Loss
from zerokara.nn.targets import as_samples, as_targets
from zerokara.optim import SGD, Optimizer
from zerokara.report.network.adapt import as_network, model_inputs, model_targets
from zerokara.report.network.packing import as_blobs
from zerokara.report.network.trace import TrainingStep, trace
from zerokara.report.page import page_html

FRAME_HEIGHT = 860
"""The height of the page in a notebook, in pixels."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """One step of training as a page: a notebook shows it, `save` writes it to a file.

    ``step`` has its numbers, see `zerokara.report.network.trace.trace`.
    """

    step: dict[str, Any] = field(repr=False)
    title: str

    def html(self) -> str:
        """Return the page as the text of one HTML file, which needs no other."""
        network = {"step": as_blobs(self.step), "classes": None, "explained": True, "name": self.title}
        return page_html({"title": self.title, "search": None, "network": network})

    def save(self, path: str | Path) -> Path:
        """Write the page to an HTML file in one step, and return its path."""
        return write(Path(path), self.html())

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="{escape(self.title)}" srcdoc="{escape(self.html())}" '
            f'style="width:100%;height:{FRAME_HEIGHT}px;border:0"></iframe>'
        )


def explain(net: Any, x: Any, t: Any, *, loss: Loss | None = None, optimizer: Optimizer | None = None) -> Explanation:
    """Return one step of a network on a mini-batch, layer by layer, as a page; the network is not changed.

    The page shows the forward pass, the loss, the backward pass and the update, with every number of every array.

    Args:
        net: a `zerokara.nn.Network`, a `Model`, or a network of `zerokara.classic`, such as its ``TwoLayerNet``.
        x: the samples of the batch, (N, D), or of any shape whose first axis is N; for a `Model` in the data's units.
        t: the targets: class numbers (N,), one-hot rows, labels or values (N, C); for a `Model` in the data's units.
        loss: by default the cross-entropy of classes or labels, else the squared error.
        optimizer: makes the update; by default gradient descent with the learning rate 0.1.

    Raises:
        InputError: another kind of network, a population, or samples and targets that do not fit it.

    >>> import zerokara as zk
    >>> net = zk.nn.mlp(2, (3,), 2, "sigmoid")
    >>> page = zk.explain(net, [[0.5, -1.0], [1.0, 2.0]], [0, 1])
    >>> page
    Explanation(title='Network 2-3-2, one step on 2 samples')
    >>> page.save("step.html")  # doctest: +SKIP
    """
    network, own = as_network(net)
    scaled = model_inputs(net, x) if isinstance(net, Model) else np.asarray(x, network.dtype)
    rows = as_samples(network, scaled[None] if scaled.ndim == 1 else scaled)
    widths = [layer.shapes()["W"] for layer in network.layers if "W" in layer.shapes()]
    if isinstance(net, Model):
        t = model_targets(net, t, len(rows))
    targets, loss = as_targets(network, rows[None], t, loss or own)
    step = trace(TrainingStep(network, loss, SGD(0.1) if optimizer is None else optimizer, rows, targets))
    sizes = "-".join(map(str, [rows.shape[1], *(width[1] for width in widths)]))
    title = f"{type(net).__name__} {sizes}, one step on {len(rows)} sample{'s' * (len(rows) != 1)}"
    return Explanation(step, title)
