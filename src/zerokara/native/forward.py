"""The scores of trained networks, by the kernel where it has them."""

from zerokara.arrays import Array
from zerokara.native.calls import kernel
from zerokara.native.compiled import Compiled
from zerokara.native.library import choose_variant
from zerokara.native.structure import UnsupportedError
from zerokara.nn.network import Network


def scores(network: Network, x: Array) -> Array | None:
    """Return the scores (P, N, C) of x (N, D), or None where NumPy must compute them.

    The scores of a sample do not depend on other samples, and are those of `Compiled.evaluate`.
    """
    variant = choose_variant()
    if variant is None:
        return None
    try:
        return Compiled(kernel(variant), network).scores(network, x)
    except UnsupportedError:
        return None
