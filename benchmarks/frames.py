"""How many frames of the package lie between `zerokara.tune` and the first layer's matrix product.

    python -m benchmarks.frames

Frames of the thread that submits the work, then those of the worker's; what Python and NumPy add is not counted.
"""

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import zerokara as zk

ROOT = Path(zk.__file__).parent


def stack() -> Iterator[str]:
    """Yield the package's frames below this one, the innermost first."""
    frame = sys._getframe(1)
    while frame := frame.f_back:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT):
            yield f"{path.relative_to(ROOT)}  {frame.f_code.co_qualname}"


def frames() -> list[str]:
    """Return the frames from `zerokara.tune` to the product, the outermost first, of a search with one worker."""
    submitted: list[str] = []
    found: list[str] = []
    submit, matmul = ThreadPoolExecutor.submit, np.matmul

    def seen_submit(*args: Any, **kwargs: Any) -> Any:
        submitted[:] = reversed([*stack()])
        return submit(*args, **kwargs)

    def seen_matmul(*args: Any, **kwargs: Any) -> Any:
        if not found:
            found.extend([*submitted, *reversed([*stack()])])
        return matmul(*args, **kwargs)

    data = zk.data.load("digits").first(200).split(validation=0.2, seed=0)
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(ThreadPoolExecutor, "submit", seen_submit),
        mock.patch.object(np, "matmul", seen_matmul),
    ):
        zk.tune(data, {"lr": 0.1}, trials=1, epochs=1, workers=1, out=Path(folder, "run"))
    return found


if __name__ == "__main__":
    for i, frame in enumerate(frames(), 1):
        print(f"{i:3}  {frame}")
