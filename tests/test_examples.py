"""The experiments of examples/ run for real, shortened; the page that shows them is whole."""

import importlib
import re
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from zerokara.errors import InputError

EXAMPLES = Path(__file__).parents[1] / "examples"
PAGE = (EXAMPLES / "README.md").read_text(encoding="utf-8")
SCRIPTS = sorted(EXAMPLES.glob("s*.py"))


@pytest.fixture
def at_home(monkeypatch, tmp_path):
    """The modules of examples/ by name, their page and pictures in an empty folder."""
    monkeypatch.syspath_prepend(EXAMPLES)
    ours = {path.stem for path in EXAMPLES.glob("*.py")}
    row, picture = importlib.import_module("row"), importlib.import_module("picture")
    page = tmp_path / "README.md"
    page.write_text(f"# Before\n\n{row.BEGIN}\n{row.END}\n\nAfter | it\n", encoding="utf-8")
    monkeypatch.setattr(row, "README", page)
    monkeypatch.setattr(picture, "PICTURES", tmp_path / "pictures")
    yield SimpleNamespace(page=page, row=row.row, load=importlib.import_module)
    for name in ours & set(sys.modules):
        del sys.modules[name]


@pytest.fixture
def on_mnist(at_home, monkeypatch, mnist_folder):
    monkeypatch.setenv("ZEROKARA_DATA", str(mnist_folder))
    return at_home


def cells(page: Path) -> dict[str, list[str]]:
    """The rows of a page's table by name."""
    lines = [line.strip("| \n") for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| S")]
    return {name: rest for name, *rest in (re.split(r" (?<!\\)\| ", line) for line in lines)}


def test_a_row_takes_its_place_and_leaves_all_else(at_home, capsys) -> None:
    (at_home.page.parent / "pictures").mkdir()
    (at_home.page.parent / "pictures" / "a.png").touch()
    for name, seconds in (("S2", 1), ("S0", 1234.56), ("S1", 3), ("S2", 4)):
        at_home.row(name, "about\nit", "a | b", "0.5<br>0.6", seconds, "pictures/a.png")
    assert list(cells(at_home.page)) == ["S0", "S1", "S2"]
    assert cells(at_home.page)["S0"] == [
        "about it",
        r"a \| b",
        "0.5<br>0.6",
        "1,234.6",
        "[picture](pictures/a.png)",
    ]
    assert cells(at_home.page)["S2"][3] == "4.0"
    text = at_home.page.read_text(encoding="utf-8")
    assert text.startswith("# Before\n\n<!--")
    assert text.endswith("-->\n\nAfter | it\n")
    assert "measured: 0.5; 0.6" in capsys.readouterr().out
    at_home.row("S2", "about\nit", "a | b", "0.5<br>0.6", 4, "pictures/a.png")
    assert at_home.page.read_text(encoding="utf-8") == text


def test_a_row_needs_its_picture_and_its_markers(at_home) -> None:
    with pytest.raises(InputError, match="write the picture first"):
        at_home.row("S0", "a", "b", "c", 1, "pictures/none.png")
    at_home.page.write_text("no markers", encoding="utf-8")
    with pytest.raises(InputError, match="put them back"):
        at_home.row("S0", "a", "b", "c", 1, at_home.page.name)
    assert at_home.page.read_text(encoding="utf-8") == "no markers"


def test_s0_finds_that_only_the_largest_learning_rates_learn(on_mnist, monkeypatch, capsys) -> None:
    s0 = on_mnist.load("s0_search")
    study = s0.search(trials=30, epochs=30)
    assert study.best.params["lr"] > 1e-3
    assert study.best.val_accuracy > 0.5
    assert [len(study.plan.data.train), len(study.plan.data.validation)] == [400, 100]
    low, high = s0.learned(study)["lr"]
    assert 1e-3 < low <= study.best.params["lr"] <= high <= 1e-2
    monkeypatch.setattr(s0, "search", lambda: study)
    s0.main()
    assert f"{study.best.val_accuracy:.2f}" in cells(on_mnist.page)["S0"][2]
    assert re.findall(r"^Best-(\d+) \(val acc:0\.\d+", capsys.readouterr().out, re.MULTILINE)[::19] == ["1", "20"]


def test_s1_narrows_to_where_networks_learn(on_mnist, monkeypatch, capsys) -> None:
    s1 = on_mnist.load("s1_narrowing")
    searches = {name: s1.search(name, trials=50, epochs=10) for name in ("narrowing", "tpe")}
    last = searches["narrowing"].rounds[-1]
    assert len(searches["narrowing"].rounds) == 5
    assert 1e-3 < last.ends("lr")[0] < last.ends("lr")[1] < 2
    for study in searches.values():
        assert 1e-3 < study.best.params["lr"] < 1
        assert study.best.val_accuracy > 0.6
    trials = searches["narrowing"].trials + searches["tpe"].trials
    assert s1.best(trials, "lr", 1e-6, 1e-3) < 0.3 < 0.6 < s1.best(trials, "lr", 1e-3, 1)
    assert s1.best(trials, "weight_decay", 1, 1e3) < 0.3
    monkeypatch.setattr(s1, "search", searches.get)
    s1.main()
    assert "round 5: lr 0.0" in capsys.readouterr().out
    assert "winners" in cells(on_mnist.page)["S1"][2]


def test_s3_has_the_gaps_and_dropout_narrows_that_of_batch_norm(on_mnist, monkeypatch) -> None:
    s3 = on_mnist.load("s3_overfitting")
    images = s3.data(test=1000)
    assert [len(images.train), len(images.validation)] == [300, 1000]
    seen, train = [], s3.train

    def shortened(*args, **settings):
        seen.append(train(*args, **settings, epochs=61))
        return seen[-1]

    monkeypatch.setattr(s3, "data", partial(s3.data, test=1000))
    monkeypatch.setattr(s3, "train", shortened)
    s3.main()
    plain, normed = seen
    assert plain["train_score"][0, -1] > 0.85
    assert s3.gap(plain, 0) > s3.gap(plain, 2) > s3.gap(plain, 3)  # Nothing, weight decay, weight decay and dropout.
    assert s3.gap(normed, 0) > 0.35 > s3.gap(normed, 1)
    said = cells(on_mnist.page)["S3"][2].split("<br>")
    assert f"gap {s3.gap(plain, 0):.3f}; with dropout" in said[0]
    assert said[2].endswith(f"gap {s3.gap(normed, 1):.3f}")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_each_script_has_its_row_and_its_picture_on_the_page(script) -> None:
    name = script.stem.partition("_")[0].upper()
    [*_, seconds, link] = cells(EXAMPLES / "README.md")[name]
    assert float(seconds.replace(",", "")) > 0
    assert f"examples/{script.name}" in PAGE
    picture = re.fullmatch(r"\[picture\]\((.+)\)", link)[1]
    assert re.search(rf"!\[[^]]+\]\({re.escape(picture)}\)", PAGE), "the picture is shown, and says what it is of"


def test_all_links_of_the_page_lead_somewhere_and_no_picture_is_heavy() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", PAGE) if "://" not in link]
    assert len(links) > len(SCRIPTS) > 0
    for link in links:
        assert (EXAMPLES / link).is_file(), link
    pictures = {path.relative_to(EXAMPLES).as_posix(): path for path in (EXAMPLES / "pictures").iterdir()}
    assert set(pictures) <= set(links), "each picture is shown"
    assert all(path.stat().st_size < 160_000 for path in pictures.values())
