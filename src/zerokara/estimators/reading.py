"""How an estimator reads samples and targets: arrays, sparse matrices, and frames as tables."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import _check_sample_weight, _check_y, validate_data

from zerokara.arrays import Array
from zerokara.checks import as_single_precision, is_sparse
from zerokara.data import Encoder, Part
from zerokara.data.columns.raw import labeled
from zerokara.data.loaders.inputs import column_names, input_table, is_of_numbers, more_rows, require_columns
from zerokara.data.sparse import as_rows
from zerokara.data.targets import Task
from zerokara.estimators.arguments import NetworkArguments

FLOATS = (np.float64, np.float32)


@dataclass(eq=False, repr=False)
class Reader(NetworkArguments):
    """The base of `NetworkEstimator`: from what is passed to `fit` and `predict` to the samples of networks."""

    def _read(self, X: Any, y: Any, reset: bool, known: bool = False) -> Part:
        """Return samples and targets as a loss takes them; ``reset`` records the format of both.

        A frame is read as a table if it has cells that are not numbers.
        """
        learn, names = reset and not known, column_names(X)
        if reset:
            self._reader = None
        if self._reader is None and not (reset and names is not None and not is_of_numbers(X)):
            how: dict[str, Any] = {"dtype": FLOATS, "order": "C", "accept_sparse": "csr", "multi_output": True}
            x, y = validate_data(self, X, y, reset=reset, **how, **self._accepts)
            rows = as_rows(x, "X") if is_sparse(x) else as_single_precision(x, "X")
            return Part(rows, self._targets(y, learn))
        given = _check_y(y, multi_output=True, estimator=self, **self._accepts)
        t = self._targets(given, learn)
        if self._task == "regression":  # In the precision of a table.
            t = np.asarray(given, float).reshape(t.shape)
        if self._reader is not None:
            table = more_rows(self._as_table(X), self._reader, t)
        else:
            assert names is not None
            own = column_names(y)
            table = input_table(X, t, own[0] if own else getattr(y, "name", None))
            self._reader, self.n_features_in_ = Encoder.fit(table), len(names)
            self.__dict__.pop("feature_names_in_", None)
            if all(isinstance(name, str) for name in names):
                self.feature_names_in_ = np.array(names, object)
            self._columns_read = labeled(names)
        return Part(np.empty((len(t), 0), np.float32), t, None, table)

    def _as_table(self, X: Any) -> Any:
        """Return the rows of a table; raise for other columns than in `fit`. Arrays have them in the order of `fit`."""
        if self._validates:
            return X
        if (names := column_names(X)) is None:
            array = validate_data(self, X, reset=False, dtype=None, ensure_all_finite=False)
            return dict(zip(self._columns_read, array.T, strict=True))
        require_columns(names, self._columns_read)
        return X

    def _weights(self, read: Part, sample_weight: Any) -> Array | None:
        own, given = self._class_weights(read.t, read.t), self._sample_weights(read, sample_weight)
        return own if given is None else given if own is None else given * own

    def _sample_weights(self, read: Part, sample_weight: Any) -> Array | None:
        if sample_weight is None:
            return None
        return np.asarray(_check_sample_weight(sample_weight, read.t, dtype=np.float64, ensure_non_negative=True))

    _validates: ClassVar[bool] = False
    _reader = None  # type: Encoder | None
    """An encoder of tables like that of `fit`, which reads further rows; None if the samples were no table."""
    _task: ClassVar[Task]
    _accepts: ClassVar[dict[str, Any]] = {}

    @abstractmethod
    def _targets(self, y: Array, learn: bool) -> Array:
        """Return targets as a loss takes them; with ``learn`` record their format, else check it."""

    def _class_weights(self, t: Array, everything: Array) -> Array | None:
        """Return the class weight of each sample; ``everything`` are the training targets."""
        return None

    def _named_class_weight(self) -> dict[str, float] | str | None:
        """Return the class weights by the names of the outputs, as `zerokara.tune` takes them."""
        return None
