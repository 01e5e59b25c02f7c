"""Raises an error that names the remedy where scikit-learn, an optional dependency, is not installed."""

try:
    import sklearn  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "zerokara.estimators needs scikit-learn 1.6 or newer: pip install 'zerokara[sklearn]'", name=error.name
    ) from error
