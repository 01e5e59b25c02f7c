"""Scripts in the style of the courses, run unmodified by ``python -m zerokara.classic``."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPTS = Path(__file__).parent / "scripts"
HIDDEN = ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")


def run(folder: Path, data: Path, *arguments: object, script: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the script as a user without a display does, in an empty folder."""
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    environment |= {"ZEROKARA_DATA": str(data), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "zerokara.classic", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def pictures(folder: Path) -> list[str]:
    """Return the names of the PNG files in a folder; each must show something."""
    names = sorted(path.name for path in folder.glob("*.png"))
    for name in names:
        with Image.open(folder / name) as image:
            assert min(image.size) > 300
            assert np.asarray(image.convert("L")).std() > 5, name
    return names


@pytest.mark.parametrize(
    ("name", "arguments", "pattern", "figures"),
    [
        (
            "gradient_descent",
            [],
            r"found: True\ntoo large: \[-\d\.\d+e\+\d+ .*\]\ntoo small: \[-2\.99999994  3\.99999992\]\n",
            1,
        ),
        ("train_two_layer_net", [], r"zerokara\.classic\.two_layer_net learned: True\n", 1),
        (
            "optimizer_compare",
            [],
            "SGD -0.350393 0.084782\nMomentum 0.896414 0.088086\nAdaGrad -0.120162 0.000000\nAdam 0.136007 0.318245\n",
            1,
        ),
        ("weight_init_compare", [], r"He learns, 0\.01 does not: True\n", 2),
        ("batch_norm", [], r"small weights learn with it alone: True\n", 1),
        (
            "overfit_dropout",
            [0.2],
            r"\(28, 28\) uint8\n(train loss:\d\.\d+\n|=== epoch:\d+, train acc:\S+, test acc:\S+ ===\n)+"
            r"=+ Final Test Accuracy =+\ntest acc:0\.\d+\n41 123 overfits: True\n",
            1,
        ),
        (
            "hyperparameter_optimization",
            [],
            r"(val acc:0\.\d+ \| lr:\S+, weight decay:\S+\n){8}"
            r"(Best-\d \(val acc:0\.\d+\) \| lr:\S+, weight decay:\S+\n){8}",
            1,
        ),
        ("numerical_and_back", [], r"same: True\nrestored: True\n0\.0099\d+ -9\.99\d+e-08\n", 0),
    ],
)
def test_a_script_in_the_style_of_the_book(name, arguments, pattern, figures, tmp_path, small_data) -> None:
    done = run(tmp_path, small_data, SCRIPTS / f"{name}.py", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    said = re.sub(r"picture: \S+\n", "", done.stdout)
    assert re.fullmatch(pattern, said), said
    assert pictures(tmp_path) == [f"{name}-{k + 1}.png" for k in range(figures)]
    assert re.findall(r"picture: (\S+)\n", done.stdout) == pictures(tmp_path)


def test_a_script_in_the_style_of_cs231n(tmp_path, small_data, small_batches) -> None:
    shutil.copytree(small_batches, tmp_path / "cs231n" / "datasets" / "cifar-10-batches-py")
    done = run(tmp_path, small_data, SCRIPTS / "two_layer_cifar.py")
    skipped = "%matplotlib inline, %load_ext autoreload, %autoreload 2"
    assert (done.returncode, done.stderr) == (0, f"zerokara.classic: commands of IPython were skipped: {skipped}\n")
    assert done.stdout.splitlines()[:7] == [
        "loss: 1.30378789133",
        *(f"{name} True" for name in ("W1", "b1", "W2", "b2")),
        "(50, 32, 32, 3) float64 (50,) (10, 32, 32, 3)",
        "learned: True",
    ]
    assert pictures(tmp_path) == ["two_layer_cifar-1.png", "two_layer_cifar-2.png"]


def test_a_converted_notebook(tmp_path, small_data) -> None:
    done = run(tmp_path, small_data, SCRIPTS / "converted_notebook.py")
    shown = [f"picture: converted_notebook-{k}.png" for k in range(1, 5)]
    assert (done.returncode, done.stdout.splitlines()) == (0, ["42", "43 []", *shown])
    fonts, formulas, commands = done.stderr.splitlines()
    assert fonts.startswith("zerokara.classic: the font SimHei is not installed, another is used")
    assert "beside formulas are drawn as boxes: write such labels without $" in formulas
    skipped = "%matplotlib inline, %load_ext autoreload, !ls -l, !ls, %%bash"
    assert commands == f"zerokara.classic: commands of IPython were skipped: {skipped}"
    with Image.open(tmp_path / "converted_notebook-1.png") as image:
        assert (image.size, image.getpixel((399, 399))) == ((400, 400), 195)
    with Image.open(tmp_path / "converted_notebook-2.png") as image, Image.open(tmp_path / "own.png") as own:
        assert image.size == own.size


def test_a_module_beside_the_script_wins_and_its_own_imports_are_served(tmp_path, small_data) -> None:
    chapter = tmp_path / "chapter"
    chapter.mkdir()
    shutil.copy(SCRIPTS / "train_two_layer_net.py", chapter)
    (chapter / "two_layer_net.py").write_text(
        "from collections import OrderedDict\nfrom common.layers import *\n"
        "import zerokara.classic.two_layer_net as ours\n\n\n"
        "class TwoLayerNet(ours.TwoLayerNet):\n"
        "    def loss(self, x, t):\n"
        "        return cross_entropy_error(self.predict(x), t) + 0 * np.sum(Affine(np.eye(2), np.zeros(2)).W)\n"
    )
    (chapter / "common").mkdir()  # a folder of data, say: no package
    done = run(tmp_path, small_data, "chapter/train_two_layer_net.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("two_layer_net learned: True\n")


@pytest.mark.parametrize(
    ("arguments", "code", "stdout", "stderr"),
    [
        (["none.py"], 2, "", "zerokara.classic: there is no script none.py: check the path\n"),
        ([], 2, "python -m zerokara.classic SCRIPT.*", ""),
        (["--help"], 0, "python -m zerokara.classic SCRIPT.*", ""),
        (["ends.py", "--flag", "3"], 3, r"\['ends.py', '--flag', '3'\] __main__ True\n", ""),
        (["fails.py"], 1, "", "Traceback.*ZeroDivisionError: division by zero\n"),
        (["lacks.py"], 1, "", "Traceback.*No module named 'common.nothing'\n"),
        (["draws.py"], 0, "picture: draws-1.png\n", ""),
    ],
)
def test_how_a_script_ends(arguments, code, stdout, stderr, tmp_path, small_data) -> None:
    (tmp_path / "ends.py").write_text(
        "import sys\nimport beside\nprint(sys.argv, __name__, beside.here)\nsys.exit(int(sys.argv[2]))\n"
    )
    (tmp_path / "beside.py").write_text("here = True\n")
    (tmp_path / "fails.py").write_text("1 / 0\n")
    (tmp_path / "lacks.py").write_text("import common.nothing\n")
    (tmp_path / "draws.py").write_text(
        "import matplotlib.pyplot as plt\nfor k in range(3):\n    plt.plot([k, 3])\n    plt.pause(0.001)\n"
    )
    done = run(tmp_path, small_data, *arguments)
    assert done.returncode == code
    assert re.fullmatch(stdout, done.stdout, re.DOTALL), done.stdout
    assert re.fullmatch(stderr, done.stderr, re.DOTALL), done.stderr


NOTEBOOK = """
import sys
import zerokara.classic
zerokara.classic.install()
zerokara.classic.install()
import common.layers, common.multi_layer_net, dataset.mnist, two_layer_net, two_layer_net0
from cs231n.classifiers.neural_net import TwoLayerNet
from zerokara.classic.common import layers
import keras.datasets.mnist
assert common.layers is layers and layers.__spec__.name == "zerokara.classic.common.layers"
assert common.multi_layer_net.Affine is layers.Affine
assert sum(type(finder).__module__ == "zerokara.classic.finder" for finder in sys.meta_path) == 1
(x, t), (x_test, t_test) = dataset.mnist.load_mnist(normalize=False, flatten=False)
print(x.shape, x.dtype, t.dtype, x.max(), x.flags.writeable)
(x, t), (x_test, t_test) = dataset.mnist.load_mnist(one_hot_label=True)
print(x.shape, x.dtype, x.max(), t.shape, t.dtype, t.sum())
(x, t), (x_test, t_test) = keras.datasets.mnist.load_data()
print(x.shape, x.dtype, t.shape, t_test.shape)
import matplotlib
print(matplotlib.get_backend())
"""


def test_a_notebook_installs_the_names(tmp_path, small_data) -> None:
    environment = os.environ | {"ZEROKARA_DATA": str(small_data), "MPLBACKEND": "svg"}
    command = [sys.executable, "-W", "error", "-c", NOTEBOOK]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "(1200, 1, 28, 28) uint8 uint8 255 True",
        "(1200, 784) float32 1.0 (1200, 10) float64 1200.0",
        "(1200, 28, 28) uint8 (1200,) (597,)",
        "svg",
    ]


def test_an_installed_keras_is_left_alone(tmp_path, small_data) -> None:
    (tmp_path / "site" / "keras").mkdir(parents=True)
    (tmp_path / "site" / "keras" / "__init__.py").write_text("real = True\n")
    (tmp_path / "script.py").write_text("import keras\nprint(keras.real)\n")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    command = [sys.executable, "-m", "zerokara.classic", "script.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True\n", "")
