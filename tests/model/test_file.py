"""A model file comes back to the bit, or says what is wrong with it."""

import dataclasses
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

import zerokara as zk
from zerokara.data import Preprocess, from_arrays
from zerokara.errors import InputError, OutsideError
from zerokara.model import Ensemble, Model, ModelMember
from zerokara.model.file import FORMAT, pack, unpack
from zerokara.native.forward import scores
from zerokara.nn.cases import CASES, INPUTS, OUTPUTS
from zerokara.nn.regression_losses import REGRESSION_LOSSES
from zerokara.rng import stream

TASKS = {
    "SoftmaxCrossEntropy": "classification",
    "SigmoidCrossEntropy": "multilabel",
    **{kind.__name__: "regression" for kind in REGRESSION_LOSSES.values()},
}


@pytest.fixture(scope="module")
def raw(model, tmp_path_factory) -> bytes:
    return model.save(tmp_path_factory.mktemp("model") / "digits.safetensors").read_bytes()


def load(raw: bytes, folder: Path) -> Model:
    path = folder / "some.safetensors"
    path.write_bytes(raw)
    return Model.load(path)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_comes_back_to_the_bit(case, dtype, tmp_path) -> None:
    network = case.network(dtype)
    network.forward(case.x.astype(dtype), 0)  # A training step moves the running statistics.
    x = case.x[0].astype(np.float32)
    preprocess = Preprocess.fit("standard", x, n_outputs=OUTPUTS)
    for row in range(network.population):
        task, names = TASKS[type(case.loss()).__name__], tuple("wxyz")
        about = {"params": {"lr": 1e-3}, "epoch": 7, "none": None}
        model = Model((ModelMember(Ensemble.of(network.take(row)), preprocess),), task, names, (INPUTS,), about)
        again = Model.load(model.save(tmp_path / "model.safetensors"))
        for name, array in model.network.arrays().items():
            assert np.array_equal(again.network.arrays()[name], array), name
            assert again.network.arrays()[name].dtype == array.dtype
        assert zk.nn.describe_layers(again.network) == zk.nn.describe_layers(model.network)
        assert np.array_equal(again.scores(x), model.scores(x))
        scaled = preprocess.transform(x).astype(dtype)
        wanted = scores(network, scaled)
        assert np.array_equal(model.scores(x), (network.forward(scaled[None]) if wanted is None else wanted)[row])
        assert (again.task, again.classes, again.sample_shape, again.about) == (task, names, (INPUTS,), about)


def test_a_model_of_images_comes_back_with_all_it_says(model, raw, digits, tmp_path) -> None:
    again = load(raw, tmp_path)
    assert again.evaluate(digits) == model.evaluate(digits)
    assert again.sample_shape == (8, 8)
    assert again.about == json.loads(json.dumps(model.about))
    assert again.save(tmp_path / "again.safetensors").read_bytes() == raw


def test_the_file_names_its_arrays_without_the_population_axis(raw) -> None:
    description, arrays = unpack(raw)
    assert {name: array.shape for name, array in arrays.items()} == {
        "network.0.W": (64, 16),
        "network.0.b": (16,),
        "network.1.gamma": (16,),
        "network.1.beta": (16,),
        "network.1.running_mean": (16,),
        "network.1.running_var": (16,),
        "network.3.rate": (1,),
        "network.4.W": (16, 10),
        "network.4.b": (10,),
        "scaling.shift": (64,),
        "scaling.scale": (64,),
        "scaling.target_shift": (10,),
        "scaling.target_scale": (10,),
    }
    assert description["layers"][0] == {"layer": "affine", "inputs": 64, "outputs": 16}


def test_arrays_in_any_memory_order_are_stored_as_they_read() -> None:
    array = np.arange(12.0).reshape(3, 4)
    views = {
        "turned": array.T,
        "columns": array[:, ::2],
        "backwards": array[::-1],
        "fortran": np.asfortranarray(array),
    }
    _, found = unpack(pack({}, views))
    assert all(np.array_equal(found[name], view) for name, view in views.items())


def test_networks_of_a_population_that_share_memory_are_stored_alone(tmp_path) -> None:
    population = zk.nn.mlp(4, (8,), 3, population=5, init_scale=[1, 2, 3, 4, 5])
    data = from_arrays(np.eye(4), [0, 1, 2, 0])
    paths = [Model.of(population.take(k), data).save(tmp_path / f"{k}.safetensors") for k in (2, 4)]
    assert paths[0].stat().st_size == paths[1].stat().st_size < 4000
    for path, k in zip(paths, (2, 4), strict=True):
        assert np.array_equal(Model.load(path).network.params, population.params[[k]])


def test_what_json_cannot_hold_is_refused_and_nothing_is_written(model, tmp_path) -> None:
    for value in (object(), float("nan"), {1: {2, 3}}):
        with pytest.raises(InputError, match="must be JSON"):
            dataclasses.replace(model, about={"value": value}).save(tmp_path / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_numpys_numbers_may_stand_in_what_it_says(model, tmp_path) -> None:
    about = {"lr": np.float32(0.5), "hidden": np.array([3, 4]), "seed": np.int64(7)}
    path = dataclasses.replace(model, about=about).save(tmp_path / "model.safetensors")
    assert Model.load(path).about == {"lr": 0.5, "hidden": [3, 4], "seed": 7}


def test_a_disk_that_refuses_leaves_what_was_there(model, tmp_path) -> None:
    with pytest.raises(OutsideError, match="must be writable"):
        model.save(tmp_path / "nowhere" / "model.safetensors")
    (tmp_path / "folder.safetensors" / "inside").mkdir(parents=True)
    with pytest.raises(OutsideError, match="must be writable"):
        model.save(tmp_path / "folder.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.safetensors"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk_leaves_the_old_file(model, raw, tmp_path) -> None:
    """The disk fills up within the write: a limit on the size of files makes it so, in its own process."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(raw)
    code = (
        "import resource, signal, sys; from zerokara.model import Model; model = Model.load(sys.argv[1])\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try: model.save(sys.argv[1])\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"OutsideError {path} must be writable, got: File too large")
    assert path.read_bytes() == raw
    assert list(tmp_path.iterdir()) == [path]


def foreign() -> dict[str, tuple[bytes, str]]:
    torch_like = save({"weight": np.ones((2, 2), np.float32)}, {"format": "pt"})
    damaged = save({"weight": np.ones((2, 2), np.float32)}, {"zerokara": "{"})
    nested = save({"weight": np.ones((2, 2), np.float32)}, {"zerokara": "[" * 100_000})
    half = save({"weight": np.ones((2, 2), np.float16)}, {"zerokara": "{}"})
    newer = pack({"format": FORMAT + 1, "zerokara": "9.9.9"}, {})
    return {
        "empty": (b"", "is empty"),
        "text": (b"lr = 0.1\nhidden = 100\n", "does not begin like a safetensors file"),
        "pickle": (pickle.dumps({"W1": [0.0] * 100}), "does not begin like a safetensors file"),
        "npz": (b"PK\x03\x04" + bytes(100), "does not begin like a safetensors file"),
        "short text": (b"abc", "is truncated, or not a model|does not begin"),
        "zeros": (bytes(1000), "does not begin like a safetensors file"),
        "another's": (torch_like, "a safetensors file, but not a zerokara model"),
        "no metadata": (save({"weight": np.ones(2)}), "a safetensors file, but not a zerokara model"),
        "no JSON": (damaged, "its description is not JSON"),
        "deep JSON": (nested, "its description is not JSON"),
        "half precision": (half, "must contain float32 or float64 numbers, got F16"),
        "no format": (save({"w": np.ones(2)}, {"zerokara": "{}"}), "does not name a format"),
        "newer": (newer, f"has the model format {FORMAT + 1}, written by zerokara 9.9.9"),
        "no hash": (save({"w": np.ones(2)}, {"zerokara": '{"format": 1}'}), "does not match its hash"),
        "bare header": (b"\x02\0\0\0\0\0\0\0{}", "a safetensors file, but not a zerokara model"),
        "a list": (b"\x02\0\0\0\0\0\0\0[]", "does not begin like a safetensors file"),
    }


@pytest.mark.parametrize("name", foreign())
def test_a_foreign_file_is_named_for_what_it_is(name, tmp_path) -> None:
    raw, message = foreign()[name]
    with pytest.raises(InputError, match=message) as caught:
        load(raw, tmp_path)
    assert str(tmp_path / "some.safetensors") in str(caught.value)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path) -> None:
    with pytest.raises(InputError, match="there is no model file"):
        Model.load(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="a model is a file, got the folder"):
        Model.load(tmp_path)


def test_a_file_of_any_length_but_its_own_is_refused(raw, tmp_path) -> None:
    header = 8 + int.from_bytes(raw[:8], "little")
    for length in {*range(20), *range(20, len(raw), 97), header - 1, header, header + 1, len(raw) - 1}:
        with pytest.raises(InputError, match="empty" if length == 0 else "truncated"):
            load(raw[:length], tmp_path)
    with pytest.raises(InputError, match="damaged"):
        load(raw + b"\0", tmp_path)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.integers(0, 10**6), st.integers(0, 255), min_size=1, max_size=3))
def test_any_changed_bytes_are_found_or_harmless(raw, tmp_path, changes) -> None:
    """Half of the places fall on the header. What changes without harm is JSON's white space and spelling."""
    header, broken = 8 + int.from_bytes(raw[:8], "little"), bytearray(raw)
    for place, value in changes.items():
        broken[(place // 2) % (header if place % 2 else len(raw))] = value
    try:
        again = load(bytes(broken), tmp_path)
    except InputError:
        return
    assert unpack(bytes(broken))[0] == unpack(raw)[0]
    assert np.array_equal(again.network.params, load(raw, tmp_path).network.params)


def test_every_flipped_bit_of_the_arrays_is_found(raw) -> None:
    header = 8 + int.from_bytes(raw[:8], "little")
    for place in stream(0, "test").integers(header, len(raw), 50):
        broken = bytearray(raw)
        broken[place] ^= 1 << int(place) % 8
        with pytest.raises(InputError, match="does not match its hash"):
            unpack(bytes(broken))


def affine(**changes: object) -> dict[str, object]:
    return {"layers": [{"layer": "affine", "inputs": 64, "outputs": 10, **changes}]}


HUGE = 10**12
UNSOUND = {
    "unknown task": ({"task": "ranking"}, {}, "unknown task 'ranking'"),
    "task of another kind": ({"task": ["classification"]}, {}, "task must be a str"),
    "no classes": ({"classes": []}, {}, "classes must be a list of str"),
    "classes that are numbers": ({"classes": [*range(10)]}, {}, "classes must be a list of str"),
    "too few classes": ({"classes": ["a", "b"]}, {}, "64 features and 2 outputs, got 64 and 10"),
    "sample shape of another size": (
        {"sample_shape": [8, 9]},
        {},
        "72 features and 10 outputs, got 64 and 10",
    ),
    "huge sample shape": ({"sample_shape": [HUGE, HUGE]}, {}, "sizes that the arrays allow"),
    "endless sample shape": ({"sample_shape": [1] * 100}, {}, "sizes that the arrays allow"),
    "boolean sample shape": ({"sample_shape": [True, 64]}, {}, "sample_shape must be a list of int"),
    "unknown scaling": ({"scaling": "log"}, {}, "unknown scaling 'log'"),
    "about is no table": ({"about": []}, {}, "about must be a dict"),
    "no layers": ({"layers": []}, {}, "layers must be a list of dict"),
    "unknown layer": ({"layers": [{"layer": "os.system"}]}, {}, "a layer must be one of affine"),
    "layer of another kind": ({"layers": [{"layer": {}}]}, {}, "a layer must be one of affine"),
    "another setting": (affine(init="he"), {}, "must have the settings"),
    "huge layer": (affine(inputs=HUGE, outputs=HUGE), {}, "a size that the arrays allow"),
    "zero outputs": (affine(outputs=0), {}, "a size that the arrays allow"),
    "outputs that are no number": (affine(outputs=10.0), {}, "must be a number, got '10.0'"),
    "layer of another size": (affine(inputs=8), {}, r"'0.W' must have the shape \(8, 10\)"),
    "huge batch norm": ({"layers": [{"layer": "batch_norm", "features": HUGE}]}, {}, "the arrays allow"),
    "infinite slope": (
        {"layers": [*affine()["layers"], {"layer": "leaky_relu", "slope": 10**400}]},
        {},
        "must be finite",
    ),
    "an array too many": (
        {},
        {"network.9.W": np.ones((2, 2))},
        r"'9.W' must have the shape None",
    ),
    "an array of nobody": ({}, {"optimizer.m": np.ones(2)}, "and of its scaling, got others"),
    "two precisions": ({}, {"network.0.b": np.zeros(10)}, "must have one precision"),
    "NaN": ({}, {"network.0.b": np.full(10, np.nan, np.float32)}, "in layer 0, b"),
    "infinite scale": ({}, {"scaling.scale": np.full(64, np.inf, np.float32)}, "scale must be finite"),
    "zero scale": ({}, {"scaling.scale": np.zeros(64, np.float32)}, "scale must be above 0"),
    "scaling of another size": (
        {},
        {"scaling.scale": np.ones(3, np.float32), "scaling.shift": np.ones(3, np.float32)},
        "got 3 and 10",
    ),
    "flat scaling": ({}, {"scaling.scale": np.float32(1).reshape(())}, "vectors of one length"),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_a_file_with_a_right_hash_and_wrong_content_is_refused(name, tmp_path) -> None:
    """Whoever means harm can compute the hash: every size and name is checked all the same."""
    said, held, message = UNSOUND[name]
    model = Model.of(zk.nn.mlp(64, (), 10), zk.data.load("digits"))
    description, arrays = unpack(model.save(tmp_path / "good.safetensors").read_bytes())
    raw = pack({**description, **said}, {**arrays, **held})
    with pytest.raises(InputError, match=f"some.safetensors is not a valid model file: .*{message}"):
        load(raw, tmp_path)


def test_a_missing_array_is_named(model, tmp_path) -> None:
    description, arrays = unpack(model.save(tmp_path / "good.safetensors").read_bytes())
    with pytest.raises(InputError, match=r"'4.b' must have the shape \(10,\), got None"):
        load(pack(description, {k: a for k, a in arrays.items() if k != "network.4.b"}), tmp_path)


ALONE = """
import sys

class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "numpy", "safetensors", "zerokara"}:
            raise ModuleNotFoundError(f"{name} is not here")

sys.meta_path.insert(0, Wall())
try:
    import threadpoolctl
except ModuleNotFoundError:
    import numpy, zerokara
    model = zerokara.Model.load(sys.argv[1])
    x = numpy.load(sys.argv[2])
    numpy.savez(sys.argv[3], said=model.predict(x), p=model.predict_proba(x))
"""


def test_predicting_needs_numpy_and_safetensors_alone(model, digits, tmp_path) -> None:
    """All other packages are walled off in a process of its own, and the answers are the same."""
    model.save(tmp_path / "model.safetensors")
    np.save(tmp_path / "x.npy", digits.test.x)
    paths = [tmp_path / name for name in ("model.safetensors", "x.npy", "out.npz")]
    subprocess.run([sys.executable, "-c", ALONE, *paths], check=True)
    with np.load(paths[2]) as out:
        assert np.array_equal(out["said"], model.predict(digits.test.x))
        assert np.allclose(out["p"], model.predict_proba(digits.test.x), rtol=0, atol=1e-6)
