"""Databases of studies, opened as Optuna opens them."""

import optuna
from sqlalchemy.pool import NullPool


def plain_storage(url: str) -> optuna.storages.RDBStorage:
    """Return Optuna's own storage, without a pool: no connection stays open, of which Python 3.13 and newer warn."""
    return optuna.storages.RDBStorage(url, {"poolclass": NullPool})
