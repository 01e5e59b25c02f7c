"""``python -m zerokara`` is the command line."""

from zerokara.cli import main

main()
