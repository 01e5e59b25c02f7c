"""The scores of trained networks, by the kernel where it has them."""

from weakref import WeakKeyDictionary

from zerokara.arrays import Array
from zerokara.native.calls import kernel
from zerokara.native.compiled import Compiled
from zerokara.native.library import choose_variant
from zerokara.native.structure import UnsupportedError
from zerokara.nn.network import Network

_compiled: "WeakKeyDictionary[Network, tuple[str, int, Compiled | None]]" = WeakKeyDictionary()


def scores(network: Network, x: Array) -> Array | None:
    """Return the scores (P, N, C) of x (N, D), or None where NumPy must compute them.

    The scores of a sample do not depend on other samples, and are those of `Compiled.evaluate`.
    """
    variant = choose_variant()
    if variant is None:
        return None
    known = _compiled.get(network)
    if known is None or known[:2] != (variant, len(network.layers)):
        try:
            known = variant, len(network.layers), Compiled(kernel(variant), network)
        except UnsupportedError:
            known = variant, len(network.layers), None
        _compiled[network] = known
    return None if known[2] is None else known[2].scores(network, x)
