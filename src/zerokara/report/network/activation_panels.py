"""The data of `zk.plot.activations`: what each activation of some networks makes of the samples."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.blas import one_thread_if_possible
from zerokara.errors import InputError
from zerokara.figures.networks.activations import ActivationPanel, Activations
from zerokara.model import Model
from zerokara.nn import Dropout, Layer, Network, Sigmoid, Tanh
from zerokara.report.network.adapt import as_network
from zerokara.report.network.histograms import COUNTED_SAMPLES, histogram, layer_outputs
from zerokara.report.network.inspection import model_batch, network_batch

ACTIVATION_BINS = 30
BOUNDS: dict[type[Layer], tuple[float, float]] = {Sigmoid: (0.0, 1.0), Tanh: (-1.0, 1.0)}
"""Where the outputs of an activation lie, if both ends are finite."""


def activation_data(nets: Any, x: Any, layers: Sequence[int] | None = None, labels: Sequence[str] = ()) -> Activations:
    """Return the panels of networks, see `zerokara.plot.activations`."""
    rows, count = [], 0
    for name, net in (nets if isinstance(nets, Mapping) else {"": nets}).items():
        each = list(_each(net, x))
        for k, (network, values) in enumerate(each):
            label = (labels[k] if k < len(labels) else f"network {k}") if len(each) > 1 else ""
            with one_thread_if_possible():  # Others would only wait for small products.
                panels = _layer_panels(network, values, layers)
            rows.append((", ".join(filter(None, (str(name), label))), panels))
            count = len(values)
    if not rows:
        raise InputError("activations need a network or more, got an empty dict: pass one")
    return Activations(tuple(rows), f"Outputs of the layers for {count:,} sample{'s' * (count != 1)}")


def _each(net: Any, x: Any) -> Iterator[tuple[Network, Array]]:
    """Yield networks with P = 1, and the samples (N, D) as they get them."""
    if isinstance(net, Model):
        for k in range(net.population):
            member, network = net.numbered(k)
            yield network, model_batch(net, member, network, x, None, None, COUNTED_SAMPLES)[0]
        return
    networks = (
        [net.take(k) for k in range(net.population)] if isinstance(net, Network) else [as_network(net, "plot")[0]]
    )
    for network in networks:
        yield network, network_batch(network, x, None, None, COUNTED_SAMPLES)[0]


def _layer_panels(network: Network, x: Array, layers: Sequence[int] | None) -> tuple[ActivationPanel, ...]:
    """Return the panels of one network: by default of the layers without parameters, dropout aside."""
    last = len(network.layers) - 1
    if layers is not None and (wrong := [k for k in layers if not 0 <= k <= last]):
        raise InputError(f"the layers are 0 to {last}, got {wrong[0]}: choose others")
    outputs = [(k, layer, y.ravel()) for k, (layer, y) in enumerate(layer_outputs(network, x))]
    usual = [row for row in outputs if not row[1].parameters and not isinstance(row[1], Dropout)]
    chosen = [outputs[k] for k in layers] if layers is not None else usual or outputs
    ends = [(y[np.isfinite(y)].min(initial=0), y[np.isfinite(y)].max(initial=0)) for _, _, y in chosen]
    low, high = min(float(each[0]) for each in ends), max(float(each[1]) for each in ends)
    shared = (low, high) if high > low else (low - 0.5, low + 0.5)
    panels = []
    for k, layer, y in chosen:
        limits = BOUNDS.get(type(layer), shared)
        counted = histogram(y if type(layer) in BOUNDS else y[y != 0], ACTIVATION_BINS, limits)
        name, zeros = f"{k} {type(layer).__name__}", 0.0 if type(layer) in BOUNDS else float(np.mean(y == 0))
        finite = y[np.isfinite(y)]
        deviation = float(np.std(finite, dtype=float)) if len(finite) else np.nan
        not_finite = counted.not_finite / len(y)
        panels.append(ActivationPanel(name, *limits, counted.counts / len(y), zeros, deviation, not_finite))
    return tuple(panels)
