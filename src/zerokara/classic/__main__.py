"""``python -m zerokara.classic SCRIPT [ARGS]`` runs a course script unmodified."""

from zerokara.classic.script import main

main()
