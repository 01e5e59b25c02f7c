"""The command line: parse, call, print."""

from zerokara.cli.app import main

__all__ = ["main"]
