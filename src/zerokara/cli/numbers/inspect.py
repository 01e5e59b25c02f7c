"""The command inspect: what is in a model, and what samples make of it."""

from pathlib import Path

from rich.console import Console

from zerokara.checks import check_counts
from zerokara.cli.samples.held_out import held_out, load_held_out, own_data
from zerokara.cli.show import has_character, print_line, print_note
from zerokara.cli.terminal import PlainConsole
from zerokara.data import Dataset
from zerokara.model import Model
from zerokara.report.network.histograms import COUNTED_SAMPLES
from zerokara.report.network.inspection import inspect


def run_inspect(
    model: Path,
    data: str | None = None,
    *,
    member: int | None = None,
    layer: int | None = None,
    samples: int = COUNTED_SAMPLES,
    encoding: str | None = None,
) -> int:
    """Print a model's layers, and statistics and histograms of its parameters, outputs and gradients.

    Outputs and gradients are those for samples that the model was not trained on, of its dataset or of DATA.
    In a table of outputs, dead units of a ReLU are 0 for all samples; a saturated output of a sigmoid or tanh has a
    slope below a hundredth of the largest. "initial" is the standard deviation of a weight by that at the start.

    Args:
        model: a model file, such as a run's model.safetensors.
        data: a dataset, as for evaluate. [default: the model's, if it has a name, such as digits]
        member: the network of a model with several, from 0. [default: 0]
        layer: print one layer, by its number in the first table, its histograms with a line for each bin.
        samples: the samples at most.
        encoding: the encoding of a table's text file. [default: UTF-8, or found in the file]
    """
    check_counts(1, samples=samples)
    console, loaded = PlainConsole(), Model.load(model)
    if loaded.population > 1 and member is None:
        print_note(console, f"the model has {loaded.population} networks; this is the first: see --member")
    batch = _own_samples(console, loaded) if data is None else load_held_out(loaded, data, encoding)
    chosen, part, which = batch or (None, None, "")
    found = inspect(loaded, chosen, network=member or 0, part=part, samples=samples)
    for line in found.lines(layer, ascii=not has_character(console, "▁")):
        print_line(console, line)
    if which:
        print_line(console, "")
        print_line(console, f"the samples: the first {found.samples:,} {which}")
    return 0


def _own_samples(console: Console, model: Model) -> tuple[Dataset, str, str] | None:
    """Return the samples of the model's dataset if it is on this machine: nothing is downloaded for a look."""
    if (data := own_data(model)) is not None:
        return held_out(model, data)
    name = model.about.get("dataset")
    found = f"those of {name} are not found here" if name else "the model names none"
    print_note(console, f"outputs and gradients need samples, and {found}: name a dataset with --data")
    return None
