"""A config file fills in what the command line leaves out, and no more."""

import pytest

from zerokara.cli.app import app
from zerokara.cli.options import given

FILE = """
dataset = "digits"
search = ["dropout=uniform:0:0.5", "lr=log:0.001:0.1"]
hidden = [8, 4]
batch_norm = true
drop = ["name", "id"]
paired = false
weight-decay = 0.5
[record]
numpy = "2"
"""
BOTH, FIXED = ("dropout=uniform:0:0.5", "lr=log:0.001:0.1"), {"hidden": (8, 4), "batch_norm": True, "weight_decay": 0.5}
WEIGHT_DECAY = "weight_decay=log:1e-8:1"

CASES = {
    "": ("digits", BOTH, FIXED),
    "mnist": ("mnist", BOTH, FIXED),
    "--no-batch-norm": ("digits", BOTH, FIXED | {"batch_norm": False}),
    "--hidden=9 mnist": ("mnist", BOTH, FIXED | {"hidden": (9,)}),
    "--lr 1": ("digits", BOTH[:1], FIXED | {"lr": 1.0}),
    "--search=lr=log:1:2": ("digits", (BOTH[0], "lr=log:1:2"), FIXED),
    f"--search {WEIGHT_DECAY}": ("digits", (*BOTH, WEIGHT_DECAY), {"hidden": (8, 4), "batch_norm": True}),
}


@pytest.mark.parametrize("line", CASES)
def test_the_command_line_wins(tmp_path, line):
    config = tmp_path / "config.toml"
    config.write_text(FILE)
    _, bound, _ = app.parse_args(["tune", *line.split(), "--config", str(config)], exit_on_error=False)
    dataset, search, fixed = CASES[line]
    options = bound.arguments
    assert (options["dataset"], options["search"].search) == (dataset, search)
    assert given(options["hyperparameters"]) == fixed
    assert options["data"].drop == ("name", "id")
    assert not options["search"].paired
