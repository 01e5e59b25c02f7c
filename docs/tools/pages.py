"""Run the code of the pages: `python docs/tools/pages.py [PAGE ...]`, by default all of them, each in its own folder.

What a page may contain:

- ```` ```python ````: run, in the order of the page, with the names of the blocks before; a block of ``>>>`` is a
  doctest. A ```` ```text ```` block right after it is what it prints; ``...`` stands for anything.
- ```` ```console ````: each line after ``$`` is run by the shell, the lines below it are what it prints.
- a comment before a block, ``<!-- needs: keras torch -->``: it runs where these modules or datasets are here;
  ``<!-- not run: WHY -->``: it is not run.
- ``<!-- slow -->``: the page is run by `make docs`, not by `make test`.
"""

import doctest
import importlib.util
import io
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
BLOCK = re.compile(r"(?:<!-- (needs|not run): ([^\n]*?) -->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """A block of code of a page: its language, text and line, what it should print, and when it runs."""

    language: str
    code: str
    line: int
    expected: str | None = None
    needs: tuple[str, ...] = ()
    run: bool = True


class PageError(AssertionError):
    """A block failed, or printed something else."""


def pages() -> list[Path]:
    """Return the pages with code, the translations aside: a test keeps their code equal to that of the originals."""
    files = sorted(DOCS.rglob("*.md"))
    skipped = (DOCS / "ja", DOCS / "reference" / "generated")
    return [file for file in files if not any(file.is_relative_to(folder) for folder in skipped) and blocks(file)]


def is_slow(page: Path) -> bool:
    """Return whether a page is run by `make docs` alone."""
    return "<!-- slow -->" in page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page that can be run."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    end = 0
    for match in BLOCK.finditer(text):
        how, names, language, code = match.groups()
        line = text.count("\n", 0, match.start(3)) + 2
        if language == "text" and found and found[-1].language == "python" and not text[end : match.start()].strip():
            found[-1] = Block(found[-1].language, found[-1].code, found[-1].line, code, found[-1].needs, found[-1].run)
        elif language in ("python", "console"):
            needs = tuple(names.split()) if how == "needs" else ()
            found.append(Block(language, code, line, None, needs, how != "not run"))
        end = match.end()
    return found


def missing(needs: tuple[str, ...]) -> list[str]:
    """Return what is not here of the modules and datasets that a block needs."""
    from zerokara.data import available

    here = {row.name: not row.where.startswith("not downloaded") for row in available()}
    return [name for name in needs if not here.get(name, importlib.util.find_spec(name) is not None)]


def run_page(page: Path, folder: Path) -> list[str]:
    """Run a page in a folder; return what was left out, and why.

    Raises:
        PageError: a block raised an error, or printed something else.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    left_out = []
    with chdir(folder):
        for block in blocks(page):
            if not block.run:
                continue
            if lacks := missing(block.needs):
                left_out.append(f"{page.name}:{block.line} needs {', '.join(lacks)}")
                continue
            where = f"{page.relative_to(ROOT)}:{block.line}"
            if block.language == "console":
                _run_commands(block, where)
            elif block.code.startswith(">>>"):
                _run_examples(block, names, where)
            else:
                _run_python(block, names, where)
    return left_out


def _run_python(block: Block, names: dict[str, Any], where: str) -> None:
    printed = io.StringIO()
    # The lines of the page, so that an error names them.
    code = compile("\n" * (block.line - 1) + block.code, where, "exec")
    try:
        with redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            exec(code, names)
    except Exception as error:
        raise PageError(f"{where}: {type(error).__name__}: {error}") from error
    if block.expected is not None:
        _compare(block.expected, printed.getvalue(), where)


def _run_examples(block: Block, names: dict[str, Any], where: str) -> None:
    report = io.StringIO()
    test = doctest.DocTestParser().get_doctest(block.code, names, where, where, block.line - 1)
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    runner.run(test, out=report.write, clear_globs=False)
    names.update(test.globs)
    if runner.failures:
        raise PageError(f"{where}:\n{report.getvalue()}")


def _run_commands(block: Block, where: str) -> None:
    for command, expected in commands(block.code):
        with tempfile.TemporaryDirectory() as programs:
            for name, program in (("zerokara", "-m zerokara"), ("python", "")):
                script = Path(programs) / name
                script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {program} "$@"\n')
                script.chmod(0o755)
            path = os.pathsep.join([programs, os.environ["PATH"]])
            done = subprocess.run(
                command, shell=True, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
            )
        if done.returncode:
            raise PageError(f"{where}: {command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        if expected.strip():
            _compare(expected, done.stdout, f"{where}: {command}")


def commands(code: str) -> Iterator[tuple[str, str]]:
    r"""Yield the commands of a console block with what each should print.

    >>> list(commands("$ a \\\n    b\n$ c\nprinted\n"))
    [('a \\\n    b', ''), ('c', 'printed')]
    """
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        lines = part.rstrip("\n").split("\n")
        last = next(i for i, line in enumerate(lines) if not line.endswith("\\"))
        yield "\n".join(lines[: last + 1]), "\n".join(lines[last + 1 :])


def _compare(expected: str, got: str, where: str) -> None:
    if not doctest.OutputChecker().check_output(expected.strip() + "\n", got.strip() + "\n", FLAGS):
        raise PageError(f"{where}: expected\n{expected}\ngot\n{got}")


def main(arguments: list[str]) -> int:
    """Run the pages named, or all, and print what failed and what was left out."""
    failed = 0
    for page in [Path(name).resolve() for name in arguments] or pages():
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            try:
                left_out = run_page(page, Path(folder))
            except PageError as error:
                failed += 1
                print(f"FAILED {error}")
                continue
        print(f"{time.perf_counter() - begun:6.1f} s  {page.relative_to(ROOT)}", *left_out, sep="\n          ")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
