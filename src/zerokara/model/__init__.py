"""One trained network as a thing to keep: it predicts, evaluates, saves and loads."""

from zerokara.model.model import Model

__all__ = ["Model"]
