"""``keras.datasets``, as far as course scripts use it."""

from zerokara.classic.keras.datasets import mnist

__all__ = ["mnist"]
