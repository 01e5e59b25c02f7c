"""The page of a run as data and as a file: Python's numbers, all in one HTML file."""

import json
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from tests.report.browser import opened
from zerokara.cli import main
from zerokara.report import data as page_module
from zerokara.report.blobs import blob, unblob
from zerokara.report.data import page_data, run_page
from zerokara.report.page import STATIC, as_json, dictionary, modules, page_html, script
from zerokara.study.run_folder import RunFolder
from zerokara.study.study import Study
from zerokara.study.views import series

ARRAYS = {
    "floats": np.array([0.5, -2.0, np.nan, np.inf]),
    "doubles": np.array([[0.1, 1 / 3]]),
    "small": np.arange(256),
    "large": np.array([-1, 70_000]),
    "flags": np.array([True, False]),
    "none": np.empty(0),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_a_blob_keeps_every_number(name: str) -> None:
    array = ARRAYS[name]
    back = unblob(json.loads(json.dumps(blob(array))))
    assert np.array_equal(back, array, equal_nan=array.dtype.kind == "f")
    assert back.shape == array.shape


def embedded(text: str) -> Any:
    """Return the data of a page."""
    found = re.search(r'<script type="application/json" id="zk-data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_numbers_are_those_of_the_study(run: Path) -> None:
    study = zk.open(run)
    search = embedded(run_page(study, RunFolder(run)))["search"]
    trials = study.trials
    assert unblob(search["trials"]["number"]).tolist() == [trial.number for trial in trials]
    assert search["trials"]["state"] == [trial.state for trial in trials]
    ends = np.cumsum(unblob(search["curves"]["lengths"]))[:-1]
    for name, values in search["curves"]["values"].items():
        for trial, curve in zip(trials, np.split(unblob(values), ends), strict=True):
            assert np.array_equal(curve, trial.curves[name], equal_nan=True)
    for name, values in search["trials"]["at"].items():
        assert np.array_equal(unblob(values), [trial.at(name) for trial in trials], equal_nan=True)
    assert [trials[row] for row in unblob(search["order"])] == study.ranking()
    assert {stop["epoch"] for stop in search["stops"]} >= {1, 3, study.comparison().epoch}
    for stop in search["stops"]:
        assert stop["importances"] == study.importances(stop["epoch"])
        assert stop["compared"] == len(study.comparison(stop["epoch"]).trials)
    points = series.scatter(study)
    for panel, wanted in zip(search["panels"], points.panels, strict=True):
        assert np.array_equal(unblob(panel["x"]), wanted.x, equal_nan=True)
        assert (panel["name"], tuple(panel["options"])) == (wanted.name, wanted.options)
    assert search["rungs"] == list(series.race(study).rungs)


def test_the_page_of_a_search_is_that_of_its_folder(tmp_path: Path) -> None:
    """`tune` writes the page from the study that it has, `report` from the journal."""
    data = zk.data.load("digits").first(200).split(validation=0.2, test=0.2, seed=0)
    study = zk.tune(data, {"lr": zk.log(1e-3, 0.1), "hidden": (8,)}, trials=12, epochs=3, out=tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert as_json(page_data(study, folder)["search"]) == as_json(page_data(zk.open(folder.path), folder)["search"])


def test_narrowing(narrowed: Study) -> None:
    from zerokara.report.search import search_data

    content = search_data(narrowed, {}, {}, Path("run"))["narrowing"]
    wanted = series.narrowing(narrowed)
    assert np.array_equal(unblob(content["rounds"]), wanted.rounds)
    assert np.array_equal(unblob(content["scores"]), wanted.scores, equal_nan=True)
    assert content["ranges"] == [[list(ends) for ends in ranges] for ranges in wanted.ranges]


def test_an_interrupted_search_and_one_without_a_winner_have_pages(study: Study, tmp_path: Path) -> None:
    from dataclasses import replace

    from zerokara.report.search import search_data

    diverged = [trial for trial in study.trials if trial.state == "diverged"]
    assert diverged
    content = search_data(replace(study, trials=diverged, interrupted=True), {"dataset": "x"}, {}, tmp_path)
    assert content["winner"] is None
    assert [each["key"] for each in content["next"]] == ["resume", "diverged"]
    assert json.loads(as_json({"search": content}))


def test_a_page_is_one_small_file(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    code = len(text) - len(as_json(embedded(text)))
    assert code < 400_000
    assert len(text.encode()) < 2_000_000
    without_svg_names = text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", without_svg_names)


def test_data_cannot_end_their_script() -> None:
    assert "</script" not in as_json({"name": "</script><script>alert(1)</script>"})


def test_a_name_is_text_everywhere(browser: Any, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)></script>&quot;"
    (tmp_path / "evil.html").write_text(page_html({"title": evil, "search": None, "network": None}), encoding="utf-8")
    with opened(browser, tmp_path / "evil.html") as page:
        assert page.locator("h1").inner_text() == evil
        assert page.title() == evil


def test_modules_come_after_what_they_import() -> None:
    order = modules("board.js", [])
    assert order[-1] == "board.js"
    assert {path.name for path in STATIC.glob("*.js")} == set(order), "a module that no other imports"
    assert not re.search(r"^(import|export) ", script("board.js"), re.MULTILINE)
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", script("board.js"), re.MULTILINE)
    assert len(names) == len(set(names)), "one name in two modules, which become one"


def test_what_others_wrote_is_as_they_published_it(file: Path) -> None:
    """`make vendor` writes the hashes; the license goes with every page."""
    vendor = STATIC / "vendor"
    hashes = dict(reversed(line.split()) for line in (vendor / "uPlot.sha256").read_text().splitlines())
    assert {name: sha256((vendor / name).read_bytes()).hexdigest() for name in hashes} == hashes
    assert {path.name for path in vendor.iterdir()} == {*hashes, "uPlot.sha256", "uPlot.VERSION.txt"}
    assert (vendor / "uPlot.LICENSE.txt").read_text() in file.read_text(encoding="utf-8")


def test_modules_are_short() -> None:
    assert not {path.name: n for path in STATIC.glob("*.js") if (n := len(path.read_text().splitlines())) > 300}


def test_every_text_has_both_languages() -> None:
    texts = dictionary()
    assert not [key for key, words in texts.items() if len(words) != 2 or not all(words)]
    for key, (english, japanese) in texts.items():
        assert set(re.findall(r"\{\w+\}|\[\w+\]", english)) == set(re.findall(r"\{\w+\}|\[\w+\]", japanese)), key
    used = set(re.findall(r'\btext\("([\w.]+)"', "".join(path.read_text() for path in STATIC.glob("*.js"))))
    assert not used - texts.keys()


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
@pytest.mark.parametrize(
    "value", [0.0, 1.0, -0.5, 1e-6, 1.5e-7, 0.0001, 123456789.0, 1e16, 1.7976931348623157e308, 1 / 3]
)
def test_the_csv_writes_numbers_as_python_does(value: float) -> None:
    code = f"import('{STATIC / 'csv.js'}').then(m => console.log(m.fullNumber({value!r})))"
    done = subprocess.run(["node", "--input-type=module", "-e", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(value)


def test_the_command_writes_a_page(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["report", str(run), "--out", str(tmp_path / "page.html")])
    assert end.value.code == 0
    assert "30 trials" in capsys.readouterr().out
    assert embedded((tmp_path / "page.html").read_text(encoding="utf-8"))["title"] == "digits: 30 trials"
    with pytest.raises(SystemExit) as end:
        main(["report", str(run), "--out", str(tmp_path / "page.pdf")])
    assert end.value.code == 2


def test_a_page_that_fails_loses_no_results(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> str:
        raise RuntimeError("no page")

    monkeypatch.setattr(page_module, "run_page", fail)
    failures: list[str] = []
    page_module.write_page(zk.open(run), RunFolder(run), failures.append)
    assert failures == [f"report.html was not written, all results are in {run}: RuntimeError: no page"]
