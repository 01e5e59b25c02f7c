"""The ready-made callbacks, and those of docs/how-to/callbacks.md."""

import csv
import re
import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

import zerokara as zk
from zerokara.errors import InputError, OutsideError

pytestmark = pytest.mark.usefixtures("undrawn")
SPACE = {"lr": zk.log(1e-3, 1e-1), "hidden": zk.choice([(8,), (8, 8)])}
SEARCH: dict[str, Any] = {"trials": 4, "epochs": 3, "refit": 0, "workers": 1}
DOCS = (Path(__file__).parents[2] / "docs" / "how-to" / "callbacks.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def data() -> zk.data.Dataset:
    return zk.data.load("digits").first(150).split(0.2, 0.2, seed=0).scaled("standard")


def events(folder: Path) -> list[Event]:
    """Return the events of the one event file of a folder: each has its length and a checksum, and one after it."""
    (path,) = folder.iterdir()
    content, found = path.read_bytes(), []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        found.append(Event.FromString(content[12 : 12 + length]))
        content = content[16 + length :]
    return found


def test_the_rows_of_the_csv_are_those_of_the_run(data, tmp_path) -> None:
    run, path = tmp_path / "run", tmp_path / "log.csv"
    zk.tune(data, SPACE, **SEARCH, out=run, callbacks=[zk.callbacks.CSV(path)], seeds=2)
    header, *rows = csv.reader(path.read_text().splitlines())
    wanted = list(csv.reader((run / "trials.csv").read_text().splitlines()))
    assert [header, *sorted(rows, key=lambda row: int(row[0]))] == wanted
    written = path.read_bytes()
    zk.resume(run, data, callbacks=[zk.callbacks.CSV(path)])
    assert path.read_bytes() == written


def test_a_csv_that_cannot_be_written(data, tmp_path) -> None:
    with pytest.raises(OutsideError, match=r"log\.csv"):
        zk.tune(data, SPACE, **SEARCH, callbacks=[zk.callbacks.CSV(tmp_path / "none" / "log.csv")])


def test_an_event_file_has_the_curves_and_the_hyperparameters(data, tmp_path) -> None:
    run, folder = tmp_path / "run", tmp_path / "events"
    study = zk.tune(data, SPACE, **SEARCH, out=run, callbacks=[zk.callbacks.TensorBoard(folder)])
    for again in (False, True):
        if again:  # A resumed search writes the same files.
            zk.resume(run, data, callbacks=[zk.callbacks.TensorBoard(folder)])
        assert {path.name for path in folder.iterdir()} == {f"trial-{number}" for number in range(4)}
        for trial in study.trials:
            first, *written = events(folder / f"trial-{trial.number}")
            assert first.file_version == "brain.Event:2"
            values = [(event.step, value) for event in written for value in event.summary.value]
            scalars = {
                (value.tag, step): value.simple_value for step, value in values if not value.HasField("metadata")
            }
            names = {"val_score": "val_accuracy", "train_score": "train_accuracy"}
            wanted = {
                (names.get(name, name), epoch): pytest.approx(value)
                for name, curve in trial.curves.items()
                for epoch, value in enumerate(curve.tolist(), 1)
            }
            assert scalars == wanted
            plugins = [value.metadata.plugin_data for _, value in values if value.HasField("metadata")]
            assert [plugin.plugin_name for plugin in plugins] == ["hparams", "hparams"]
            start = HParamsPluginData.FromString(plugins[0].content).session_start_info
            assert start.hparams["lr"].number_value == trial.params["lr"]
            assert start.hparams["hidden"].string_value == ",".join(map(str, trial.params["hidden"]))


def test_tensorboard_without_a_library(monkeypatch) -> None:
    for name in ("tensorboardX", "tensorboardX.event_file_writer", "tensorboard"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="neither of which is installed: run python -m pip install tensorboardX"):
        zk.callbacks.TensorBoard("events")


@pytest.mark.parametrize("library", ["mlflow", "wandb"])
def test_the_callbacks_of_the_documentation(data, tmp_path, monkeypatch, library) -> None:
    pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    (block,) = (b for b in re.findall(r"```python\n(.*?)```", DOCS, flags=re.DOTALL) if f"import {library}" in b)
    names: dict[str, Any] = {"data": data, "space": SPACE, "zk": zk}
    exec(compile(block, "docs/how-to/callbacks.md", "exec"), names)
    assert len(names["study"].trials) == 4
    if library == "mlflow":
        runs = names["mlflow"].search_runs(output_format="list")
        assert {float(run.data.params["lr"]) for run in runs} == {t.params["lr"] for t in names["study"].trials}
    else:
        assert len(list(tmp_path.glob("wandb/offline-run-*"))) == 4


def test_the_first_callback_of_the_documentation(data) -> None:
    names: dict[str, Any] = {"data": data, "space": SPACE, "zk": zk}
    block = re.findall(r"```python\n(.*?)```", DOCS, flags=re.DOTALL)[0]
    exec(compile(block, "docs/how-to/callbacks.md", "exec"), names)
    assert names["study"].stopped
