"""A config or a table of trials that was damaged or edited: resume and train --from take it, or say what is wrong."""

import dataclasses
import shutil
from pathlib import Path

import cyclopts
import pytest

from tests.fuzz import damaged, edited, seeds
from tests.study.conftest import draw_nothing
from zerokara.cli import main, search
from zerokara.cli.app import app
from zerokara.cli.options import DataOptions
from zerokara.engine.halving import make_scheduler
from zerokara.engine.plan import Plan
from zerokara.engine.settings import values_of
from zerokara.errors import InputError
from zerokara.samplers.registry import make_sampler
from zerokara.space.space import Space
from zerokara.study.config import DATA_KEYS
from zerokara.study.run_folder import RunFolder
from zerokara.study.settings import SearchSettings

TUNE = ["tune", "digits", "--trials", "2", "--epochs", "2", "--hidden", "4", "--train-size", "150", "--workers", "1"]
TUNE += ["--folds", "2", "--patience", "3", "--out"]


class Started(Exception):  # noqa: N818
    """A search would start here."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        with pytest.raises(SystemExit, match="0"):
            main([*TUNE, str(folder)])
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of which nothing is trained: everything is read and checked."""

    def start(settings: SearchSettings, **_: object) -> None:
        plan, space = Plan(settings.data, **values_of(settings)), Space(settings.space or {})
        make_sampler(settings.sampler, space, plan.seed, trials=settings.trials, generation=settings.generation)
        make_scheduler(settings.race)
        raise Started

    monkeypatch.setattr(search, "run_search", start)
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(finished, tmp_path / "run"))


def parsed(*tokens: object) -> None:
    command, bound, _ = app.parse_args([*map(str, tokens)], exit_on_error=False, print_error=False)
    command(*bound.args, **bound.kwargs)


def outcome(seed: int, *tokens: object) -> Exception:
    try:
        parsed(*tokens)
    except (InputError, Started, cyclopts.CycloptsError) as error:
        return error
    except Exception as error:
        raise AssertionError(f"seed {seed}: {tokens}") from error
    raise AssertionError("it has ended")


def test_a_config_that_was_edited_is_taken_or_refused(run, capsys) -> None:
    path = run / "config.toml"
    text = path.read_text()
    kinds: list[type[Exception]] = []
    for seed in seeds(40):
        path.write_bytes(damaged(text.encode(), seed) if seed % 2 else edited(text, seed).encode())
        kinds += [type(outcome(seed, "resume", run, "--trials", 9))]
        kinds += [type(outcome(seed, "train", "digits", "--from", run, "--trial", 0))]
        kinds += [type(outcome(seed, "tune", "digits", "--config", path))]
    assert {InputError, Started} <= {*kinds}


def test_a_table_of_trials_that_was_edited_is_taken_or_refused(run, capsys) -> None:
    path = run / "trials.csv"
    text = path.read_text()
    for seed in seeds(40):
        path.write_bytes(damaged(text.encode(), seed) if seed % 2 else edited(text, seed).encode())
        outcome(seed, "train", "digits", "--from", run, "--trial", 0)
    path.write_bytes("é".encode("cp1252"))
    with pytest.raises(InputError, match=r"trials\.csv must be as tune wrote it.*resume .* --repair"):
        parsed("train", "digits", "--from", run, "--trial", 0)


def test_every_option_of_the_data_has_a_type_in_a_config() -> None:
    assert DATA_KEYS.keys() == {"dataset", *(field.name for field in dataclasses.fields(DataOptions))}


DAMAGE = {
    "seed = 0": ("seed = 'a'", "seed must be a whole number in a run's config, got 'a': restore .*config.toml"),
    "epochs = 2": ("epochz = 2", "unknown key of a config 'epochz': did you mean 'epochs'"),
    "paired = true": ("paired = 1", "paired must be true or false"),
    'rank = "loss"': ('rank = "los"', "rank must be"),
    'hidden = "4"': ("hidden = [4]", "hidden must be"),
    "search = [": ("search = [1,", "search must be list"),
    "[record]": ("[recorded]", "must have the key record"),
    "data_sha256": ("sha", "must have the text data_sha256"),
    'dataset = "digits"': (f"dataset = {'[' * 5000}", "deep nesting"),
    "trials = 2": (f"trials = {'9' * 5000}", "readable TOML"),
}


@pytest.mark.parametrize("old", DAMAGE)
def test_each_rule_of_a_config_is_said(run, old) -> None:
    path, (new, rule) = run / "config.toml", DAMAGE[old]
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=rule):
        RunFolder(run).config()
