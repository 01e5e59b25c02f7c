import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest

from zerokara.data import available, load
from zerokara.data.loaders.catalog import absolute
from zerokara.errors import InputError


def test_digits_are_the_test_part_of_the_uci_set():
    data = load("digits")
    assert data.describe() == "digits: 1,797 samples of 8x8, 10 classes; train 1,797"
    assert data.classes == tuple("0123456789")
    # the class counts that UCI publishes for optdigits.tes
    assert np.bincount(data.train.t).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    x = data.train.x
    assert (x.dtype, x.min(), x.max()) == (np.float32, 0, 1)
    assert (x[0].reshape(8, 8)[0] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert np.array_equal(x * 16, np.round(x * 16))


def test_digits_come_with_their_license():
    text = (files("zerokara.data") / "digits.LICENSE.txt").read_text()
    for needed in ("Alpaydin", "Kaynak", "10.24432/C50P49", "CC BY 4.0", "test part", "1,797"):
        assert needed in text


REFUSED = [
    ("digit", "unknown dataset 'digit': did you mean 'digits'"),
    ("fashion_mnist", "did you mean 'fashion-mnist'"),
    ("", "unknown dataset ''"),
    ("no/such/folder", "existing file or folder, got no/such/folder"),
    ("missing.npz", "existing file or folder, got missing.npz: pass an .npz file"),
]


@pytest.mark.parametrize(("name", "message"), REFUSED)
def test_names_that_are_nothing(name, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        load(name)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.docx").write_text("1,2")
    with pytest.raises(
        InputError, match=r"an .npz file, a table .* or a folder of images by class, got the file .*a.docx"
    ):
        load(tmp_path / "a.docx")


def test_every_name_is_listed():
    assert [row.name for row in available()] == ["digits", "mnist", "fashion-mnist", "cifar10"]
    assert all(row.description for row in available())


def test_what_few_need_is_imported_late():
    code = "import sys, zerokara.data; print({'requests', 'platformdirs', 'PIL', 'rich', 'urllib3'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_name_stays_a_name_beside_a_folder_of_that_name(tmp_path, monkeypatch):
    """As after `zerokara tune digits --out digits`: `load` takes the name, and so must a config."""
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)
    assert absolute("digits") == "digits"
    assert absolute("./digits") == str(tmp_path / "digits")
