"""A real notebook, executed by a kernel: what it shows of a study, a model, data, networks and figures."""

import re

import nbclient
import nbformat
import pytest

CELLS = [
    "import sys\nimport zerokara as zk\n"
    "data = zk.data.load('digits').first(200).split(validation=0.2, test=0.2, seed=0)\n"
    "study = zk.tune(data, {'lr': zk.log(1e-3, 1e-1), 'hidden': (8,)}, trials=12, epochs=2, workers=1)\ndata",
    "study",
    "study.model",
    "zk.nn.mlp(64, (8,), 10, population=3)",
    "study.plot.importances()",
    "study.frame().head(2)",
    "assert 'matplotlib.pyplot' not in sys.modules\nprint(study.best.val_accuracy)\ndir(study.best)",
]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """Return what each cell shows, by MIME type."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder / name))
        nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute(cwd=str(folder))
    shown = []
    for cell in notebook.cells:
        assert all(out.output_type != "stream" or out.name == "stdout" for out in cell.outputs), cell.outputs
        shown += [out.data for out in cell.outputs if out.output_type == "execute_result"]
    return shown


def test_objects_are_tables_with_a_text_beside(outputs) -> None:
    data, study, model, networks = outputs[:4]
    assert data["text/plain"].startswith("Dataset(digits")
    for shown, word in ((data, "128 samples"), (study, "winner"), (model, "Affine(64, 8)"), (networks, "each")):
        assert "<table>" in shown["text/html"]
        assert word in shown["text/html"]
    assert study["text/plain"].startswith("Study(digits: 12 trials")


def test_the_race_and_a_figure_are_pictures(outputs) -> None:
    assert re.search(r'<img [^>]*src="data:image/png;base64,iVBOR', outputs[1]["text/html"])
    assert outputs[4]["image/png"].startswith("iVBOR")


def test_a_frame_and_the_names_of_scores(outputs) -> None:
    assert "val_accuracy" in outputs[5]["text/html"]
    assert "'val_accuracy'" in outputs[6]["text/plain"]
