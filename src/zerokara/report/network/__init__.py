"""What the page shows of one network: its predictions, its weights, and one step of training in every number."""

from zerokara.report.network.collect import kept_arrays, network_data

__all__ = ["kept_arrays", "network_data"]
