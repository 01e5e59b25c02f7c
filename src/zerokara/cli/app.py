"""The commands, their arguments and exit codes."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from zerokara.cli.options import (
    DataOptions,
    Hyperparameters,
    RunOptions,
    SearchOptions,
    TrainingOptions,
    from_files,
    given,
    space_from_options,
)
from zerokara.errors import InputError, ZerokaraError
from zerokara.version import __version__

if TYPE_CHECKING:
    from rich.console import Console

STARTED = time.perf_counter()

app = App(
    name="zerokara",
    help="Neural networks from first principles on NumPy, tuned by training whole populations at once.",
    version=__version__,
    default_parameter=Parameter(negative=()),
    help_format="markdown",
    config=from_files,
    result_action="return_value",
)
data_app = App(name="data", help="The datasets with a name.")
app.command(data_app)


@app.command
def tune(
    dataset: str,
    /,
    *,
    data: DataOptions = DataOptions(),
    hyperparameters: Hyperparameters = Hyperparameters(),  # type: ignore[valid-type]
    search: SearchOptions = SearchOptions(),
    training: TrainingOptions = TrainingOptions(),
    run: RunOptions = RunOptions(),
) -> int:
    """Search for good hyperparameters: train many networks at once, draw the best, test the winner once.

    Example: zerokara tune mnist --train-size 500 --search lr=log:1e-6:1e-2 --search weight_decay=log:1e-8:1e-4

    Args:
        dataset: digits, mnist, fashion-mnist, cifar10, a .npz file, a folder of pictures by class, or a CSV or Parquet
            file.
    """
    from zerokara.cli.search import run_tune

    return run_tune(
        console(), STARTED, dataset, space_from_options(search, hyperparameters), data, search, training, run
    )


@app.command
def resume(
    out: Annotated[Path, Parameter(name="RUN")],
    /,
    *,
    trials: int | None = None,
    workers: str | None = None,
    storage: str | None = None,
) -> int:
    """Finish a search that was interrupted or killed, with the same numbers as an uninterrupted one.

    Args:
        out: the folder of the run.
        trials: the total number of trials, if more than planned.
        workers: as for tune.
        storage: the database URL with its password, if it is in no other place: a run folder never contains it.
    """
    from zerokara.cli.search import run_resume

    return run_resume(console(), STARTED, out, trials, workers, storage)


@app.command
def train(
    dataset: str,
    /,
    *,
    data: DataOptions = DataOptions(),
    hyperparameters: Hyperparameters = Hyperparameters(),  # type: ignore[valid-type]
    training: TrainingOptions = TrainingOptions(),
    run: RunOptions = RunOptions(),
    source: Annotated[Path | None, Parameter(name="--from")] = None,
    trial: int | None = None,
) -> int:
    """Train one network and show every epoch; --from RUN --trial N trains one trial of a run again.

    Args:
        dataset: as for tune; may be left out with --from.
        source: a run whose options, data and seed are used; the command line overrides them.
        trial: the number of the trial in that run.
    """
    from zerokara.cli.search import run_train

    if (source is None) != (trial is None):
        raise InputError("--from RUN and --trial N must be given together, got one of them: add the other")
    return run_train(console(), STARTED, dataset, given(hyperparameters), data, training, run, source, trial)


@app.command
def evaluate(model: Path, dataset: str, /) -> int:
    """Print a model's accuracy on the test samples of a dataset (R2 and the error in units for regression).

    Args:
        model: a model file, such as a run's best.safetensors.
        dataset: as for tune.
    """
    from zerokara.cli.commands import run_evaluate

    return run_evaluate(console(), model, dataset)


@app.command
def predict(
    model: Path,
    input: str | None = None,
    /,
    *,
    index: int | None = None,
    picture: Path | None = None,
    out: Path | None = None,
) -> int:
    """Predict one sample and show the probability of every class; without INPUT, ask for samples.

    For a CSV or Parquet file, predict every row in order: the target, and the probability of every class.

    Args:
        model: a model file, such as a run's best.safetensors.
        input: a picture, with --index a dataset, or a CSV or Parquet file with the columns of training.
        index: the index of the sample in the dataset, from 0.
        picture: the file for the sample's picture. [default: a file in the folder for temporary files]
        out: the CSV file for the predictions of a table. [default: they are printed]
    """
    from zerokara.cli.commands import run_predict
    from zerokara.cli.tables import predict_rows
    from zerokara.data.columns.table_file import is_table

    if input is not None and is_table(input):
        return predict_rows(console(), model, input, index, out)
    if out is not None:
        raise InputError(f"--out is for the rows of a CSV or Parquet file, got {input or 'no file'}: leave it out")
    return run_predict(console(), model, input, index, picture)


@app.command(name="import")
def import_weights(file: Path, /, *, activation: str, out: Path | None = None, dataset: str | None = None) -> int:
    """Convert pickled weights, a dict W1, b1, W2, b2, ... as courses save it, to a model file; the pickle is not run.

    Example: zerokara import weight_bias_params_0.pkl --activation sigmoid --dataset mnist --out model.safetensors

    Args:
        file: the pickle.
        activation: the activation of the hidden layers, which the file does not contain: relu, sigmoid, tanh,
            leaky_relu or gelu.
        out: the model file. [default: FILE with the suffix .safetensors]
        dataset: the training data, for the names of the classes. [default: classes 0, 1, ...]
    """
    from zerokara.cli.commands import run_import

    return run_import(console(), file, activation, out, dataset)


@app.command
def export(model: Path, out: Path, /, *, force: bool = False) -> int:
    """Write a model as an ONNX file: raw samples or rows in, labels and probabilities out (needs the extra onnx).

    Args:
        model: a model file, such as a run's best.safetensors.
        out: the file to write, such as digits.onnx.
        force: replace an existing file.
    """
    from zerokara.cli.commands import run_export

    return run_export(console(), model, out, force)


@app.command
def gradcheck() -> int:
    """Check the gradient of every layer, activation and loss against a numerical one."""
    from zerokara.cli.commands import run_gradcheck

    return run_gradcheck(console())


@data_app.command(name="list")
def data_list() -> int:
    """List the datasets with a name, and where each is."""
    from zerokara.cli.commands import run_data_list

    return run_data_list(console())


@data_app.command(name="fetch")
def data_fetch(name: str, /) -> int:
    """Download a dataset to the user's cache, and check its SHA-256.

    Args:
        name: mnist, fashion-mnist or cifar10.
    """
    from zerokara.cli.commands import run_data_fetch

    return run_data_fetch(console(), name)


def console() -> "Console":
    """Return the console for results."""
    from rich.console import Console

    return Console()


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0, 2 for bad input, 1 for an external failure, 130 after Ctrl-C."""
    tokens = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(tokens)
        sys.stdout.flush()
    except ZerokaraError as error:
        print(f"zerokara: {error}", file=sys.stderr)
        code = error.exit_code
    except MemoryError as error:
        print(f"zerokara: not enough memory ({error}): use smaller layers or fewer workers", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # The reader of the output has closed it: print nothing more, not even Python's own message at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
