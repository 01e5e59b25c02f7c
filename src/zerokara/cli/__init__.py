"""The command line: parse, call, print."""

from zerokara.cli.entry import main

__all__ = ["main"]
