"""The run folder of one process in a study that a database holds for several."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from zerokara.errors import OutsideError
from zerokara.files import outside
from zerokara.locks import run_lock
from zerokara.study.run_folder import RunFolder
from zerokara.study.study import Study


@contextmanager
def held(folder: RunFolder) -> Iterator[Path]:
    """Keep a run from other processes; the file has what this one is called in the database.

    Raises:
        OutsideError: another process has the run.
    """
    path = folder.path / "owner"
    with run_lock(path):
        with outside(path):
            path.touch()
        yield path


def in_shared_folder(run: Callable[..., Study], folder: RunFolder, started: float) -> Study:
    """Take part in a study with the checkpoints of a folder, and leave the results there.

    Raises:
        OutsideError: the database went away. What was trained till then is there.
    """
    from zerokara.report.run import write_run, write_summary
    from zerokara.study.together import LostDatabaseError

    checkpoints, lost = folder.path / "checkpoints", None
    try:
        study = run(checkpoints=checkpoints)
    except LostDatabaseError as error:
        study, lost = error.study, error
    write_run(study, folder)
    if study.finalists and not study.interrupted:
        _ = study.test_score
    write_summary(study, folder, time.perf_counter() - started)
    if lost:
        raise OutsideError(
            f"{lost}. What was trained is saved in {folder.path}; to finish it when the database is back: "
            f"zerokara resume {folder.path}"
        ) from lost
    if not study.interrupted:
        shutil.rmtree(checkpoints, ignore_errors=True)
        (folder.path / "owner").unlink(missing_ok=True)
    return study
