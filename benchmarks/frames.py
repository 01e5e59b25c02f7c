"""How many frames of the package lie between `zerokara.tune` and the arithmetic: the kernel, or NumPy's product.

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
from zerokara.native import compiled
from zerokara.native.library import why_numpy

ROOT = Path(zk.__file__).parent


def stack() -> Iterator[str]:
    """Yield the package's frames below this one, the innermost first."""
    frame = sys._getframe(1)
    while frame := frame.f_back:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT):
            yield f"{path.relative_to(ROOT)}  {frame.f_code.co_qualname}"


def frames(engine: str = "auto") -> list[str]:
    """Return the frames from `zerokara.tune` to the kernel, or to the product of the first layer in NumPy.

    The outermost is the first. The search has one worker.
    """
    submitted: list[str] = []
    found: list[str] = []
    where, name = (np, "matmul") if why_numpy(engine) else (compiled, "address")
    submit, call = ThreadPoolExecutor.submit, getattr(where, name)

    def seen_submit(*args: Any, **kwargs: Any) -> Any:
        submitted[:] = reversed([*stack()])
        return submit(*args, **kwargs)

    def seen(*args: Any, **kwargs: Any) -> Any:
        if not found:
            found.extend([*submitted, *reversed([*stack()])])
        return call(*args, **kwargs)

    data = zk.data.load("digits").first(200).split(validation=0.2, seed=0)
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(ThreadPoolExecutor, "submit", seen_submit),
        mock.patch.object(where, name, seen),
    ):
        zk.tune(data, {"lr": 0.1}, trials=1, epochs=1, workers=1, engine=engine, out=Path(folder, "run"))
    return found


if __name__ == "__main__":
    for i, frame in enumerate(frames(), 1):
        print(f"{i:3}  {frame}")
