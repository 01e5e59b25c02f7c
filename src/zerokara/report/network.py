"""What the page shows of the winner's network: its data, and the arrays that `tune` keeps for them."""

from typing import Any

from zerokara.arrays import Array
from zerokara.study.study import Study


def kept_arrays(study: Study, samples: bool) -> dict[str, Array]:
    """Return what `tune` keeps in ``report.npz``, by name; without ``samples`` no sample of the data."""
    return {}


def network_data(study: Study, kept: dict[str, Array]) -> dict[str, Any] | None:
    """Return the key ``network`` of the page's data; None if there is nothing to show."""
    return None
