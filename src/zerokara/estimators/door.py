"""The way in: scikit-learn is an extra, and whoever lacks it is told how to get it."""

try:
    import sklearn  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "zerokara.estimators needs scikit-learn 1.6 or newer: pip install 'zerokara[sklearn]'", name=error.name
    ) from error
