import io

from rich.console import Console

from zerokara.data.download.progress import bar


def test_a_terminal_sees_each_file_and_how_far_it_is():
    out = io.StringIO()
    with bar(Console(file=out, force_terminal=True, width=100)) as show:
        show("a.gz", 0, None)
        show("a.gz", 2_000_000, 4_000_000)
        show("b.gz", 5, 5)
    assert "a.gz" in out.getvalue()
    assert "2.0/4.0 MB" in out.getvalue()
    assert "b.gz" in out.getvalue()


def test_anything_else_sees_nothing(capsys):
    out = io.StringIO()
    with bar(Console(file=out)) as show:
        show("a.gz", 1, 2)
    with bar() as show:
        show("a.gz", 1, 2)
    assert out.getvalue() == ""
    assert "".join(capsys.readouterr()) == ""
