"""Each setting is defined once: Python, the command line, the config and the plan are derived from it."""

import dataclasses
import inspect
import shutil
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import zerokara as zk
from zerokara.cli.app import app
from zerokara.cli.options import settings_of
from zerokara.engine.plan import Plan
from zerokara.engine.settings import TrainingSettings, values_of
from zerokara.errors import InputError
from zerokara.study.run_folder import toml
from zerokara.study.settings import SearchSettings, TuneArguments

OPTIONS = {field.name: field for field in dataclasses.fields(SearchSettings) if field.metadata["group"] != "Python"}
OTHER = {
    "epochs": 3,
    "engine": "numpy",
    "rank": "accuracy",
    "loss": "huber:0.5",
    "class_weight": "balanced",
    "keep_best": False,
    "patience": 4,
    "seeds": 2,
    "folds": 3,
    "seed": 5,
    "evaluate_train_every": 2,
    "replicate": 6,
    "dtype": "float64",
    "augment": "flip,shift:2",
    "paired": False,
    "trials": 7,
    "first": ("lr=0.01 hidden=8", "lr=0.02"),
    "seconds": 1.5,
    "sampler": "tpe",
    "race": "hyperband:3:2",
    "generation": 8,
    "refit": 3,
    "ensemble": 9,
    "storage": "sqlite:///studies.db",
    "study": "mine",
    "out": Path("runs/mine"),
    "force": True,
    "samples": False,
    "board": True,
    "workers": "3",
}
"""A value of every option that is not its default."""


def parsed(*tokens: object) -> dict[str, object]:
    """Return the settings of a command line that are not at their defaults."""
    _, bound, _ = app.parse_args(["tune", "digits", *map(str, tokens)], exit_on_error=False, print_error=False)
    groups = [bound.arguments[name] for name in ("search", "training", "run") if name in bound.arguments]
    return {name: value for name, value in settings_of(*groups).items() if value != OPTIONS[name].default}


def test_the_table_of_other_values_is_complete() -> None:
    assert OTHER.keys() == OPTIONS.keys()
    assert all(OTHER[name] != field.default for name, field in OPTIONS.items())


@pytest.mark.parametrize("name", OPTIONS)
def test_a_setting_is_one_option_and_one_key_of_a_config(name: str, tmp_path: Path) -> None:
    value, field = OTHER[name], OPTIONS[name]
    option = "--" + name.replace("_", "-")
    flag = option if value is True else option.replace("--", "--no-", 1)
    values = value if isinstance(value, tuple) else [value]
    tokens = [flag] if isinstance(value, bool) else [token for each in values for token in (option, each)]
    assert parsed(*tokens) == {name: value}
    if field.metadata["config"]:
        (tmp_path / "config.toml").write_text(toml({name: value}))
        assert parsed("--config", tmp_path / "config.toml") == {name: value}
        assert parsed("--config", tmp_path / "config.toml", *tokens) == {name: value}


def test_all_settings_survive_a_config_together(tmp_path: Path) -> None:
    kept = {name: value for name, value in OTHER.items() if OPTIONS[name].metadata["config"]}
    (tmp_path / "config.toml").write_text(toml(kept))
    assert parsed("--config", tmp_path / "config.toml") == kept


def test_python_sees_every_setting_with_its_type_default_and_help() -> None:
    parameters = inspect.signature(zk.tune).parameters
    types = typing.get_type_hints(TuneArguments)
    assert parameters.keys() == types.keys() - {"_"}
    for field in dataclasses.fields(TuneArguments):
        parameter = parameters[field.name]
        assert parameter.annotation == types[field.name]
        assert field.default in (parameter.default, dataclasses.MISSING)
        assert f"\n    {field.name}: " in (zk.tune.__doc__ or "")
    assert [name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD] == ["data", "space"]
    assert list(parameters)[2:6] == ["target", "task", "validation", "test"]
    assert zk.tune.__name__ == "tune"


def test_an_unknown_argument_is_an_error_with_the_most_similar() -> None:
    with pytest.raises(TypeError, match="tune: unknown argument 'trails': did you mean 'trials'"):
        zk.tune(zk.data.load("digits"), trails=3)
    with pytest.raises(TypeError, match="tune: too many positional arguments"):
        zk.tune(zk.data.load("digits"), None, 3)
    with pytest.raises(TypeError, match="tune: missing a required argument: 'data'"):
        zk.tune(trials=3)


@pytest.mark.parametrize("name", [name for name, field in OPTIONS.items() if field.metadata["check"]])
def test_every_check_is_made(name: str) -> None:
    data = zk.data.load("digits").first(50).split(validation=0.2)
    with pytest.raises(InputError, match=name):
        zk.tune(data, **{name: -1})


def test_the_plan_has_the_settings_of_the_training() -> None:
    data = zk.data.load("digits").first(50).split(validation=0.2)
    plan = Plan(data, epochs=3, seeds=2)
    assert values_of(plan) == values_of(TrainingSettings(epochs=3, seeds=2))


TRIAL = """
import sys
import zerokara as zk
from zerokara.cli import main

data = zk.data.load("digits").first(60).split(validation=0.2)
study = zk.tune(data, {"hidden": (4,)}, trials=2, epochs=1, probe=4, out=sys.argv[1])
assert study.plan.probe == 4
assert "probe: A probe." in zk.tune.__doc__
try:
    zk.tune(data, probe=0)
except ValueError as error:
    assert "probe must be a whole number, 1 or above, got 0" in str(error)
sys.argv[1:] = ["tune", "--help-all"]
main()
"""


def test_a_new_setting_is_added_in_one_place(tmp_path: Path) -> None:
    """In a copy of the package, one more field gives an argument, an option, a key, a help text and a plan's value."""
    package = tmp_path / "zerokara"
    shutil.copytree(Path(zk.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    file = package / "engine/settings.py"
    before = "    paired: bool = setting("
    row = '    probe: int = setting(3, "A probe.", check=at_least(1))\n'
    assert file.read_text().count(before) == 1
    file.write_text(file.read_text().replace(before, row + before))
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "COLUMNS": "100"}
    command = [sys.executable, "-W", "error", "-c", TRIAL, str(tmp_path / "run")]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert "--probe" in shown.stdout
    assert "A probe. [default: 3]" in shown.stdout
    assert "probe = 4\n" in (tmp_path / "run/config.toml").read_text()
    again = [sys.executable, "-m", "zerokara", "tune", "digits", "--config", str(tmp_path / "run/config.toml")]
    again += ["--train-size", "60", "--out", str(tmp_path / "again"), "--probe", "5"]
    done = subprocess.run(again, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "probe = 5\n" in (tmp_path / "again/config.toml").read_text()


FLAGS = [row.name for row in dataclasses.fields(TuneArguments) if isinstance(row.default, bool)]


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("value", ["no", 0])
def test_a_flag_is_true_or_false(name: str, value: object) -> None:
    """The text "no" is true in Python: it would do the opposite of what it says."""
    with pytest.raises(InputError, match=f"{name} must be True or False, got {value!r}: write {name}=False"):
        zk.tune("digits", {"lr": 0.1}, trials=1, epochs=1, **{name: value})


@pytest.mark.parametrize("name", ["shuffle", "keep_best"])
def test_a_flag_of_a_trainer_is_true_or_false(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} must be True or False, got 'no'"):
        zk.Trainer(zk.nn.mlp(64, (8,), 10), zk.optim.SGD(), zk.data.load("digits"), **{name: "no"})
