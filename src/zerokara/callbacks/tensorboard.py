"""The curves of a search for TensorBoard, while its trials end."""

import math
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from zerokara.engine.trial import Trial
from zerokara.errors import InputError
from zerokara.files import outside
from zerokara.space.hyperparameters import to_text
from zerokara.study.events import Callback, Search
from zerokara.train.metrics import METRICS

LIBRARIES = (
    ("tensorboardX.event_file_writer", "tensorboardX.proto", "tensorboardX.proto.plugin_hparams_pb2"),
    (
        "tensorboard.summary.writer.event_file_writer",
        "tensorboard.compat.proto",
        "tensorboard.plugins.hparams.plugin_data_pb2",
    ),
)
"""The libraries that write event files: the modules of the writer, of the events and of the hyperparameters."""
SUFFIX = ".zerokara"
"""The end of the names of event files."""


class TensorBoard(Callback):
    """Writes a run of TensorBoard for every trial as it ends: its curves by epoch, and its hyperparameters.

    Show them with ``tensorboard --logdir FOLDER``. It needs tensorboardX or tensorboard.

    Args:
        folder: has a folder ``trial-N`` for each trial; a resumed search writes its files again.

    Raises:
        InputError: neither library is installed.
        OutsideError: a file is not writable, or the disk is full.

    >>> import tempfile
    >>> import zerokara as zk
    >>> data = zk.data.load("digits").split(validation=0.2, seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     callbacks = [zk.callbacks.TensorBoard(folder)]
    ...     study = zk.tune(data, {"lr": zk.log(1e-4, 1e-1), "hidden": (16,)}, trials=2, epochs=2, callbacks=callbacks)
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['trial-0', 'trial-1']
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._writer, self._events, self._summaries, self._plugin = _library()

    def on_trial(self, search: Search, trial: Trial) -> None:
        folder, metric = self.folder / f"trial-{trial.number}", METRICS[search.plan.data.task]
        with outside(folder):
            for earlier in folder.glob(f"*{SUFFIX}"):  # Written before the search was resumed.
                earlier.unlink()
            writer = self._writer(str(folder), filename_suffix=SUFFIX)
            self._add(writer, self._hyperparameters(search, trial))
            for name, curve in trial.curves.items():
                tag = name.replace("score", metric)
                for epoch, value in enumerate(curve.tolist(), 1):
                    if math.isfinite(value):
                        self._add(writer, [self._summaries.Summary.Value(tag=tag, simple_value=value)], epoch)
            writer.close()

    def _hyperparameters(self, search: Search, trial: Trial) -> list[Any]:
        """Return what TensorBoard's page of hyperparameters reads: those that were searched, and how a trial ended."""
        start = self._plugin.SessionStartInfo(group_name=str(trial.number))
        for name in search.space.searched:
            if (value := trial.params.get(name)) is None:
                continue
            if isinstance(value, bool | str | tuple):
                start.hparams[name].string_value = to_text(value)
            else:
                start.hparams[name].number_value = float(value)
        end = self._plugin.SessionEndInfo(status="STATUS_FAILURE" if trial.state == "diverged" else "STATUS_SUCCESS")
        values = []
        for kind, info in {"session_start_info": start, "session_end_info": end}.items():
            content = self._plugin.HParamsPluginData(version=0, **{kind: info}).SerializeToString()
            about = self._summaries.SummaryMetadata(plugin_data={"plugin_name": "hparams", "content": content})
            values.append(self._summaries.Summary.Value(tag=f"_hparams_/{kind}", metadata=about))
        return values

    def _add(self, writer: Any, values: list[Any], step: int = 0) -> None:
        summary = self._summaries.Summary(value=values)
        writer.add_event(self._events.Event(wall_time=time.time(), step=step, summary=summary))


def _library() -> tuple[Any, Any, Any, Any]:
    """Return the class of writers, and the modules of events, of summaries and of hyperparameters."""
    for writer, events, plugin in LIBRARIES:
        try:
            modules = [import_module(name) for name in (f"{events}.event_pb2", f"{events}.summary_pb2", plugin)]
            return import_module(writer).EventFileWriter, *modules
        except ImportError:
            continue
    raise InputError(
        "TensorBoard's files are written by tensorboardX or tensorboard, neither of which is installed: run python -m "
        "pip install tensorboardX"
    )
