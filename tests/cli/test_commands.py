"""The command line as it is typed: what it prints, what it leaves, how it ends."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from tests.commands import run
from zerokara.cli import main
from zerokara.samplers.registry import SAMPLERS

SMALL = ["--train-size", "150", "--hidden", "8", "--epochs", "3"]
DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    path = tmp_path_factory.mktemp("runs") / "run"
    with pytest.raises(SystemExit) as ended:
        main(["tune", "digits", *SMALL, "--trials", "25", "--race", "none", "--workers", "2", "--out", str(path)])
    assert ended.value.code == 0
    return path


def rows(run: Path) -> list[dict[str, str]]:
    """Return the rows of a run's trials.csv."""
    with open(run / "trials.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_tune_leaves_a_whole_run(folder) -> None:
    names = {"config.toml", "journal.log", "trials.csv", "summary.json", "best.safetensors", "model.safetensors"}
    names |= {"race.png", "curves.png", "scatter.png", "report.html", "report.npz"}
    assert {path.name for path in folder.iterdir()} == names
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["trials"], summary["epochs_trained"]) == (25, 75)
    assert 0 < summary["seconds"] < summary["wall_seconds"]
    found = rows(folder)
    head = ["number", "state", "epochs", "val_loss", "val_accuracy", "train_accuracy", "lr", "weight_decay", "dropout"]
    assert list(found[0]) == head
    best = min(found, key=lambda row: float(row["val_loss"]))
    assert summary["best"]["number"] == int(best["number"])
    assert summary["best"]["params"]["lr"] == float(best["lr"])
    assert summary["best"]["val_accuracy"] == float(best["val_accuracy"])
    model = zk.Model.load(folder / "model.safetensors")
    data = zk.data.load("digits").first(150).split(0.2, 0.2, seed=0)
    assert model.evaluate(data)[1] == summary["test_accuracy"]
    record = tomllib.loads((folder / "config.toml").read_text())["record"]
    assert {"zerokara", "numpy", "processor_features", "data_sha256"} <= set(record)


def test_tune_prints_the_best_twenty_and_reads_the_test_data_once(capsys, tmp_path) -> None:
    code, out, _ = run(capsys, "tune", "digits", *SMALL, "--trials", 22, "--out", tmp_path / "run")
    lines = [line for line in out.splitlines() if line.startswith("Best-")]
    assert code == 0
    epochs = [int(re.search(r", epoch (?:\d+ of )?(\d+)", line)[1]) for line in lines]
    assert epochs == sorted(epochs, reverse=True)
    assert len(set(epochs)) > 1
    assert [line.split(" ")[0] for line in lines] == [f"Best-{k}" for k in range(1, 21)]
    assert all("lr:" in line and "val acc:" in line for line in lines)
    assert out.count("test accuracy of the model, read once") == 1
    assert re.search(r"it is the best of \d+ trials at epoch \d", out)
    assert "the model: the mean of 5 networks, trained as the winner for" in out
    assert str(tmp_path / "run") in out


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_change_no_number(capsys, tmp_path, folder, workers) -> None:
    full = [*SMALL, "--trials", 25, "--race", "none"]
    run(capsys, "tune", "digits", *full, "--workers", workers, "--out", tmp_path / "run")
    for name in ("trials.csv", "best.safetensors", "config.toml"):
        assert (tmp_path / "run" / name).read_bytes() == (folder / name).read_bytes()


def test_a_run_repeats_from_its_config(capsys, tmp_path, folder) -> None:
    code, _, _ = run(capsys, "tune", "--config", folder / "config.toml", "--out", tmp_path / "run")
    assert code == 0
    for name in ("trials.csv", "best.safetensors", "config.toml"):
        assert (tmp_path / "run" / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize("sampler", ["grid", "tpe", "narrowing"])
def test_a_sampler_runs_repeats_and_tells_its_share_of_the_time(capsys, tmp_path, sampler) -> None:
    options = [*SMALL, "--trials", 20, "--sampler", sampler, "--generation", 5]
    code, out, _ = run(capsys, "tune", "digits", *options, "--out", tmp_path / "run")
    assert code == 0
    assert re.search(r"network-epochs in [\d.]+ s \([\d,]+/s\), [\d.]+% of the time in the sampler\n", out)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert 0 < summary["proposing_seconds"] < summary["seconds"]
    assert (tmp_path / "run" / "narrowing.png").exists() == (sampler == "narrowing")
    run(capsys, "tune", "--config", tmp_path / "run" / "config.toml", "--out", tmp_path / "again")
    assert (tmp_path / "run" / "trials.csv").read_bytes() == (tmp_path / "again" / "trials.csv").read_bytes()


def test_the_size_of_a_generation_is_the_samplers_and_is_recorded(capsys, tmp_path) -> None:
    for sampler, size in (("random", 256), ("narrowing", 10)):
        run(capsys, "tune", "digits", *SMALL, "--trials", 12, "--sampler", sampler, "--out", tmp_path / sampler)
        assert tomllib.loads((tmp_path / sampler / "config.toml").read_text())["generation"] == size


def test_the_help_lists_the_samplers(capsys) -> None:
    _, out, _ = run(capsys, "tune", "--help-all")
    words = " ".join(out.replace("│", " ").split())
    assert all(f"{name}, {kind.about}" in words for name, kind in SAMPLERS.items())


@pytest.mark.parametrize("number", [0, 13])
def test_a_trial_trained_alone_has_the_same_numbers(capsys, tmp_path, folder, number) -> None:
    code, out, _ = run(capsys, "train", "--from", folder, "--trial", number, "--out", tmp_path / "alone")
    assert code == 0
    assert "note:" not in out
    together, [alone] = rows(folder)[number], rows(tmp_path / "alone")
    for column in ("state", "epochs", "val_loss", "val_accuracy", "train_accuracy"):
        assert alone[column] == together[column]


def test_the_winner_trained_alone_is_the_winner(capsys, tmp_path, folder) -> None:
    number = json.loads((folder / "summary.json").read_text())["best"]["number"]
    run(capsys, "train", "--from", folder, "--trial", number, "--out", tmp_path / "alone")
    together, alone = (zk.Model.load(path / "best.safetensors") for path in (folder, tmp_path / "alone"))
    assert np.array_equal(together.network.params, alone.network.params)


def test_a_trial_that_was_dropped_trains_on_when_alone_and_that_is_said(capsys, tmp_path) -> None:
    run(capsys, "tune", "digits", *SMALL, "--trials", 6, "--out", tmp_path / "run")
    dropped = next(row for row in rows(tmp_path / "run") if row["state"] == "pruned")
    _, out, _ = run(
        capsys, "train", "--from", tmp_path / "run", "--trial", dropped["number"], "--out", tmp_path / "one"
    )
    assert f"note: trial {dropped['number']} was pruned after {dropped['epochs']} epoch" in out
    assert f"epoch {dropped['epochs']}: " in out
    line = next(line for line in out.splitlines() if line.startswith(f"epoch {dropped['epochs']}:"))
    assert f"validation loss {float(dropped['val_loss']):.4f}" in line
    assert int(rows(tmp_path / "one")[0]["epochs"]) == 3


def test_an_unpaired_trial_trained_alone_has_its_own_draws(capsys, tmp_path) -> None:
    run(capsys, "tune", "digits", *SMALL, "--trials", 3, "--race", "none", "--no-paired", "--out", tmp_path / "run")
    run(capsys, "train", "--from", tmp_path / "run", "--trial", 2, "--out", tmp_path / "alone")
    assert rows(tmp_path / "run")[2]["val_loss"] == rows(tmp_path / "alone")[0]["val_loss"]


def test_train_shows_every_epoch(capsys, tmp_path) -> None:
    code, out, _ = run(capsys, "train", "digits", *SMALL, "--lr", "0.01", "--out", tmp_path / "run")
    assert code == 0
    assert [line[:8] for line in out.splitlines() if line.startswith("epoch")] == ["epoch 1:", "epoch 2:", "epoch 3:"]
    assert {"curves.png", "weights.png", "best.safetensors"} <= {path.name for path in (tmp_path / "run").iterdir()}


def test_the_command_line_overrides_the_config(capsys, tmp_path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        'epochs = 2\ntrials = 9\nhidden = "4"\nlr = 0.5\nsearch = ["dropout=uniform:0:0.5"]\ntrain-size = 150\n'
    )
    tokens = ["tune", "digits", "--config", config, "--trials", 3, "--search", "lr=log:1e-3:1e-2"]
    code, _, err = run(capsys, *tokens, "--out", tmp_path / "run")
    assert code == 0, err
    made = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert (made["epochs"], made["trials"], made["hidden"], made["train_size"]) == (2, 3, "4", 150)
    assert made["search"] == ["lr=log:0.001:0.01", "dropout=uniform:0:0.5"]


def test_evaluate_finds_the_test_samples_that_were_held_out(capsys, folder) -> None:
    code, out, _ = run(capsys, "evaluate", folder / "model.safetensors", "digits")
    score = json.loads((folder / "summary.json").read_text())["test_accuracy"]
    assert code == 0
    assert f"{score:.4f}" in out
    assert "held out" in out


def test_evaluate_on_other_data_of_the_same_name_takes_all_of_them(capsys, tmp_path) -> None:
    digits = zk.data.load("digits").train
    for name, rows in (("a", slice(0, 300)), ("b", slice(300, 600))):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "mine.npz", x=digits.x[rows], t=digits.t[rows])
    trained = ["--epochs", 2, "--hidden", 20, "--validation", 0.2]
    assert run(capsys, "train", tmp_path / "a" / "mine.npz", *trained, "--out", tmp_path / "run")[0] == 0
    best = tmp_path / "run" / "model.safetensors"
    assert "test samples of mine, held out" in run(capsys, "evaluate", best, tmp_path / "a" / "mine.npz")[1]
    assert "on the 300 samples of mine:" in run(capsys, "evaluate", best, tmp_path / "b" / "mine.npz")[1]


def test_train_says_nothing_of_training_data_that_it_did_not_score(capsys, tmp_path) -> None:
    tokens = ["train", "digits", "--train-size", 200, "--epochs", 3, "--evaluate-train-every", 3]
    code, out, _ = run(capsys, *tokens, "--out", tmp_path / "run")
    lines = [line for line in out.splitlines() if line.startswith("epoch")]
    assert code == 0
    assert ["train loss" in line for line in lines] == [False, False, True]
    assert "nan" not in out


def test_predict_a_row_shows_bars_the_truth_and_the_picture(capsys, folder, tmp_path) -> None:
    picture = tmp_path / "seven.png"
    tokens = ["predict", folder / "model.safetensors", "digits", "--index", 7, "--picture", picture]
    code, out, _ = run(capsys, *tokens)
    assert code == 0
    assert "truth: 7" in out
    assert f"picture: {picture}" in out
    bars = [line for line in out.splitlines() if line[:1].isdigit()]
    assert len(bars) == 10
    assert sum(float(line.split()[1]) for line in bars) == pytest.approx(1, abs=1e-3)
    code, again, _ = run(capsys, "predict", folder / "model.safetensors", picture)
    assert code == 0
    assert again.splitlines()[-1] in out, "the written picture, read back, has the same answer"


def test_predict_without_input_asks(capsys, folder, monkeypatch, tmp_path) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("3\n99999\n-1\nnowhere.png\n\n5\n"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    code, out, _ = run(capsys, "predict", folder / "model.safetensors")
    assert code == 0
    assert "truth: 3" in out
    assert "are 0 to 1796, got --index 99999" in out
    assert "are 0 to 1796, got --index -1" in out
    assert "no picture nowhere.png" in out
    assert "truth: 5" not in out, "an empty line ends it"


def test_gradcheck_passes(capsys) -> None:
    code, out, _ = run(capsys, "gradcheck")
    assert code == 0
    assert "every gradient is right" in out
    assert "WRONG" not in out


def test_data_list(capsys, monkeypatch, mnist_folder) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder.parent))
    code, out, _ = run(capsys, "data", "list")
    assert code == 0
    assert "digits" in out
    assert str(mnist_folder) in out


def test_data_fetch_of_what_is_here(capsys, monkeypatch, mnist_folder) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder.parent))
    code, out, _ = run(capsys, "data", "fetch", "mnist")
    assert code == 0
    assert str(mnist_folder) in out


NPZ = {
    "nan.npz": {"x": np.array([[1.0, np.nan]] * 40), "t": np.arange(40) % 2},
    "counts.npz": {"x": np.ones((40, 2)), "t": np.arange(39) % 2},
    "few.npz": {"x": np.ones((2, 2)), "t": np.arange(2)},
}

WRONG = {
    "unknown dataset": (["tune", "minst"], "did you mean 'mnist'"),
    "missing file": (["tune", "there/is/none.npz"], "must be an existing file or folder"),
    "NaN in the data": (["tune", "{tmp}/nan.npz"], "x must be finite, got nan in row 0"),
    "counts that differ": (["tune", "{tmp}/counts.npz"], "39"),
    "too few samples": (["tune", "{tmp}/few.npz"], "2"),
    "unknown name in --search": (["tune", "digits", "--search", "lrr=log:1e-4:1"], "did you mean 'lr'"),
    "low above high": (["tune", "digits", "--search", "lr=log:1:0.1"], "low <= high"),
    "log range at 0": (["tune", "digits", "--search", "lr=log:0:0.1"], "0 < low"),
    "unknown kind of range": (["tune", "digits", "--search", "lr=lgo:1:2"], "did you mean 'log'"),
    "a range for one value": (["tune", "digits", "--lr", "log:1:2"], "use --search lr=log:1:2"),
    "sizes that are a range": (["tune", "digits", "--hidden", "choice:9|8"], "use --search hidden=choice:9"),
    "searched and given": (["tune", "digits", "--lr", "1", "--search", "lr=log:1e-4:1"], "either searched or given"),
    "no epochs": (["tune", "digits", "--epochs", "0"], "epochs must be a whole number, 1 or above, got 0"),
    "negative epochs": (["train", "digits", "--epochs", "-3"], "epochs must be a whole number"),
    "no trials": (["tune", "digits", "--trials", "0"], "trials must be"),
    "no batch": (["tune", "digits", "--batch-size", "0"], "batch_size must be"),
    "a layer of size 0": (["tune", "digits", "--hidden", "100,0"], "hidden must be"),
    "no number": (["tune", "digits", "--lr", "fast"], "lr must be a number with lr > 0, got 'fast'"),
    "no learning rate": (["tune", "digits", "--lr", "0"], "lr must be"),
    "no whole number": (["tune", "digits", "--trials", "ten"], "--trials"),
    "unknown option": (["tune", "digits", "--trails", "3"], "--trials"),
    "unknown command": (["tun", "digits"], "tune"),
    "no dataset": (["tune"], "DATASET"),
    "unknown activation": (["train", "digits", "--activation", "rleu"], "did you mean 'relu'"),
    "validation too large": (["tune", "digits", "--validation", "1.5"], "validation"),
    "no validation": (["train", "digits", "--validation", "0"], "use --validation 0.2 or --folds 5; in Python data"),
    "train size too large": (["tune", "digits", "--train-size", "100000"], "1797"),
    "unknown option in a config": (["tune", "digits", "--config", "{tmp}/unknown.toml"], "--epochs"),
    "a table in a config": (["tune", "digits", "--config", "{tmp}/table.toml"], "no table but"),
    "a config that is no TOML": (["tune", "digits", "--config", "{tmp}/broken.toml"], "readable TOML"),
    "no config": (["tune", "digits", "--config", "{tmp}/none.toml"], "readable TOML"),
    "a folder with a run": (["tune", "digits", "--out", "{run}"], "--force"),
    "a folder that is no run": (["train", "--from", "{tmp}", "--trial", "0"], "a run is a folder"),
    "no such trial": (["train", "--from", "{run}", "--trial", "99"], "0 to 24"),
    "--trial without --from": (["train", "digits", "--trial", "3"], "got --trial 3 alone: add --from RUN"),
    "no model": (["evaluate", "{tmp}/none.safetensors", "digits"], "there is no model file"),
    "a foreign model": (["evaluate", "{tmp}/broken.toml", "digits"], "broken.toml"),
    "no picture": (["predict", "{run}/model.safetensors", "{tmp}/none.png"], "there is no picture"),
    "no such row": (["predict", "{run}/model.safetensors", "digits", "--index", "1797"], "0 to 1796"),
    "unknown dataset to fetch": (["data", "fetch", "minst"], "did you mean 'mnist'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_gets_one_clear_error_and_leaves_nothing(capsys, tmp_path, folder, monkeypatch, case) -> None:
    inputs, work = tmp_path / "inputs", tmp_path / "work"
    inputs.mkdir()
    work.mkdir()
    for name, arrays in NPZ.items():
        np.savez(inputs / name, **arrays)
    (inputs / "unknown.toml").write_text("epoch = 3\n")
    (inputs / "table.toml").write_text("[training]\nepochs = 3\n")
    (inputs / "broken.toml").write_text("epochs = = 3\n")
    monkeypatch.chdir(work)
    tokens, message = WRONG[case]
    code, out, err = run(capsys, *[token.format(tmp=inputs, run=folder) for token in tokens])
    assert code == 2
    assert message in " ".join(err.split())
    assert "Traceback" not in out + err
    assert list(work.iterdir()) == []


def start(*tokens: object, **options: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "zerokara", *map(str, tokens)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]


def test_ctrl_c_saves_and_ranks_what_was_trained(tmp_path) -> None:
    out = tmp_path / "run"
    process = start(
        "tune", "digits", "--trials", 8, "--race", "none", "--epochs", 1_000_000, "--hidden", "16", "--out", out
    )
    while not (out / "journal.log").exists() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    printed, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Best-1" in printed
    assert "interrupted" in printed
    summary = json.loads((out / "summary.json").read_text())
    assert summary["states"] == {"interrupted": 8}
    assert summary["test_accuracy"] is None
    data = zk.data.load("digits").split(0.2, 0.2, seed=0)
    loss, _ = zk.Model.load(out / "best.safetensors").evaluate(data, "validation")
    assert loss == summary["best"]["val_loss"]


def test_a_full_disk_is_one_error_and_exit_code_1(tmp_path) -> None:
    """A limit on the size of files stands for a full disk: the kernel refuses the bytes beyond it."""
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    process = start("tune", "digits", *SMALL, "--trials", 3, "--out", tmp_path / "run", preexec_fn=limit)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "must be writable, got: File too large" in err
    assert "Traceback" not in err
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.startswith(".")]


def test_a_damaged_file_in_the_users_own_folder_is_never_passed_over(tmp_path, mnist_folder) -> None:
    own = tmp_path / "mnist"
    own.mkdir()
    for path in mnist_folder.iterdir():
        (own / path.name).write_bytes(path.read_bytes()[:5000])
    environment = {**os.environ, "ZEROKARA_DATA": str(tmp_path)}
    process = start("tune", "mnist", "--out", tmp_path / "run", env=environment)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert str(own) in err
    assert not (tmp_path / "run").exists()


def test_a_closed_pipe_is_no_error_message(tmp_path) -> None:
    command = f"{sys.executable} -m zerokara gradcheck | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["tune", "train"])
def test_the_lines_of_a_description_begin_below_one_another(capsys, command: str) -> None:
    _, out, _ = run(capsys, command, "--help-all")
    for panel in out.split("╭")[2:]:
        lines = [line.strip("│").rstrip() for line in panel.splitlines()]
        indents = {len(line) - len(line.lstrip()) for line in lines if line.startswith(" " * 10)}
        assert len(indents) < 2, panel


@pytest.mark.parametrize("tokens", [["--help"], ["tune", "--help-all"], ["train", "-h"], ["predict", "--help"]])
def test_help_names_what_there_is(capsys, tokens) -> None:
    code, out, _ = run(capsys, *tokens)
    assert code == 0
    expected = {"tune": ["--search", "--trials", "--weight-decay", "--train-size", "--out"], "train": ["--from"]}
    for name in expected.get(tokens[0], []):
        assert name in out


def test_version(capsys) -> None:
    code, out, _ = run(capsys, "--version")
    assert (code, out.strip()) == (0, zk.__version__)


def test_the_course_search_on_mnist(tmp_path, mnist_folder) -> None:
    """The course finds that a learning rate between 0.001 and 0.01 works; here with twenty trials."""
    tokens = ["tune", "mnist", "--train-size", 500, "--validation", 0.2, "--trials", 20, "--epochs", 50]
    tokens += ["--hidden", "100,100,100,100,100,100", "--optimizer", "sgd", "--batch-size", 100, "--seed", 0]
    tokens += ["--search", "lr=log:1e-6:1e-2", "--search", "weight_decay=log:1e-8:1e-4", "--out", tmp_path / "run"]
    environment = {**os.environ, "ZEROKARA_DATA": str(mnist_folder.parent)}
    process = start(*tokens, env=environment)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    best = json.loads((tmp_path / "run" / "summary.json").read_text())["best"]
    assert best["val_accuracy"] > 0.6
    assert 0.001 < best["params"]["lr"] < 0.01


def test_counts_are_counts_as_in_python(capsys, tmp_path) -> None:
    study = zk.tune("digits", validation=100, test=200, trials=2, epochs=1, refit=0, out=tmp_path / "python")
    parts = "train 1,497, validation 100 (stratified), test 200 (stratified)"
    for words in (["train", "--from", tmp_path / "python"], ["tune", "digits", "--validation", 100, "--test", 200]):
        code, out, _ = run(capsys, *words, "--epochs", 1, "--out", tmp_path / words[0])
        assert code == 0
        assert parts in out
    assert zk.open(tmp_path / "tune").trials[0].val_loss == study.trials[0].val_loss
    code, _, err = run(capsys, "tune", "digits", "--validation", 1.5)
    assert code == 2
    assert "a fraction between 0 and 1 or a count, got 1.5" in err


def test_a_folder_with_the_name_of_a_dataset_is_not_that_dataset(capsys, tmp_path, monkeypatch) -> None:
    x, t = zk.data.load("digits").train.x[:40], np.array(["one", "two"] * 20)
    data = replace(zk.data.from_arrays(x, t, sample_shape=(8, 8)).split(validation=0.2), name="digits")
    path = zk.tune(data, {"hidden": (4,)}, trials=1, epochs=1, refit=0).model.save(tmp_path / "m.safetensors")
    code, out, _ = run(capsys, "inspect", path)
    assert code == 0
    assert "those of digits are not found here" in out
    monkeypatch.setattr("sys.stdin", io.StringIO("3\n"))
    _, out, _ = run(capsys, "predict", path)
    assert "a number in" not in out
    assert "prediction" not in out
