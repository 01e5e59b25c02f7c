"""Commands of zerokara, run in this process."""

import pytest

from zerokara.cli import main


def run(capsys: pytest.CaptureFixture[str], *tokens: object) -> tuple[int, str, str]:
    """Return the exit code and what was printed, to stdout and to stderr."""
    with pytest.raises(SystemExit) as ended:
        main([str(token) for token in tokens])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err
