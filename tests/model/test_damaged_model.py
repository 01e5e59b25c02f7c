"""Model files that are damaged, or written by someone who means harm: the same model, or an error of ours."""

import json
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import zerokara as zk
from tests.bounds import bounds
from tests.fuzz import VALUES, damaged, edited, seeds
from tests.marks import NEW_VALUES
from zerokara.cli import main
from zerokara.data import Encoder, from_table
from zerokara.errors import InputError, ZerokaraError
from zerokara.model import Ensemble, Model
from zerokara.model.file import pack, unpack
from zerokara.onnx import read_signature

X = np.random.default_rng(0).random((5, 64), np.float32)
ROWS = {"size": [1.0, 2.0, None, 4.0], "town": ["a", "b", "a", "b"], "old": [True, False, True, True]}


def with_shape(shape: list[int], size: int = 0) -> bytes:
    """Return a file with one array of a shape."""
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}
    header = json.dumps({"__metadata__": {"zerokara": '{"format": 1}'}, "network.0.W": entry}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


DAMAGE = {
    "more elements than addresses": (with_shape([0, 1 << 62]), r"no array has the shape \[0, 4611686018427387904\]"),
    "more elements than numbers": (with_shape([0, 1 << 70]), "damaged"),
    "65 axes": (with_shape([1] * 65, 4), "no array has the shape"),
    "a size of 5,000 digits": (with_shape([7], 4).replace(b"7", b"7" * 5000), "damaged|truncated"),
    "a header of 4 GB": (struct.pack("<Q", 1 << 32) + b"{", "its header may have 100,000,000 bytes"),
    "a description of NaN": (pack({"format": 2}, {}).replace(b'\\"format\\": 2', b'\\"format\\": NaN'), "damaged"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_no_array_can_have_is_an_input_error(name: str, tmp_path: Path) -> None:
    raw, message = DAMAGE[name]
    (tmp_path / "model.safetensors").write_bytes(raw)
    with bounds(), pytest.raises(InputError, match=f"model.safetensors .*{message}"):
        Model.load(tmp_path / "model.safetensors")


def test_a_header_of_4_gb_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", (1 << 32) - 100) + b"{")
        file.truncate(1 << 32)
    with bounds(), pytest.raises(InputError, match="its header may have 100,000,000 bytes"):
        Model.load(path)


PIXELS = {"low": 0.0, "high": 1.0, "background": 0.0}
ODD: dict[str, dict[str, Any]] = {
    "classes": {"classes": ["\ud800", *map(str, range(9))]},
    "pixels": {"about": {"pixels": "bright"}},
    "pixel": {"about": {"pixels": {"low": 0.0, "high": 1.0}}},
    "pixels'": {"about": {"pixels": PIXELS | {"high": "1"}}},
    "split": {"about": {"split_settings": [0.2, 0.2]}},
    "seed": {"about": {"split_settings": {"validation": 0.2, "test": 0.2, "seed": "a"}}},
    "size": {"about": {"split_settings": {"validation": "most"}}},
    "hash": {"about": {"data_sha256": 7}},
    "name": {"about": {"dataset": ["digits"]}},
    "features": {"about": {"features": {"a": 1}}},
    "table": {"about": {"table": ["left_out"]}},
    "left out": {"about": {"table": {"left_out": 7}}},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_entries_are_an_input_error(name: str, model: Model, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "model.safetensors"
    description, arrays = unpack(model.save(path).read_bytes())
    path.write_bytes(pack(description | ODD[name], arrays))
    for command in (["evaluate", str(path), "digits"], ["predict", str(path), "digits", "--index", "1"]):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 2
        assert "is not a valid model file" in "".join(capsys.readouterr())


def test_odd_entries_are_not_saved(model: Model, tmp_path: Path) -> None:
    odd = Model.of(model.network, zk.data.load("digits").scaled("standard"), {"pixels": {"low": 1}})
    with pytest.raises(InputError, match="'pixels' in about must be as a model writes it"):
        odd.save(tmp_path / "model.safetensors")


@pytest.fixture(scope="module")
def files(model: Model, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A model of pictures, an ensemble, a model of a table, and a mean of two of its parts."""
    data = from_table({**ROWS, "t": ["x", "y", "y", "x"]}, "t")
    halves = [data.with_parts(data.train.take(some)) for some in ([0, 1, 3], [1, 2, 3])]
    mean = Model.mean([Model.of(zk.nn.mlp(half.n_inputs, (3,), 2), half) for half in halves], [1, 3])
    ensemble = Ensemble.of([zk.nn.mlp(64, (4,), 10, seed=k) for k in range(3)], [2, 1, 1])
    models = [model, Model.of(ensemble, zk.data.load("digits")), Model.of(zk.nn.mlp(data.n_inputs, (), 2), data), mean]
    folder = tmp_path_factory.mktemp("sound")
    return [each.save(folder / f"{k}.safetensors").read_bytes() for k, each in enumerate(models)]


def mutated(value: Any, draw: random.Random) -> Any:
    """Return a value of JSON with one part exchanged for another value of any kind, left out or repeated."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        name = draw.choice([*value])
        if draw.random() < 0.1:
            return {key: each for key, each in value.items() if key != name}
        return value | {name: mutated(value[name], draw)}
    if isinstance(value, list) and value and draw.random() < 0.8:
        place = draw.randrange(len(value))
        new = [] if draw.random() < 0.1 else [mutated(value[place], draw)]
        return value[:place] + new * draw.choice((1, 1, 2)) + value[place + 1 :]
    try:
        return json.loads(draw.choice([text for text in VALUES if text not in ("nan", "inf")]))
    except ValueError:
        return draw.choice(("1e999", 10**40, -7, 2**63, "\x1b[31m", "é" * 300))


def forged(raw: bytes, seed: int) -> bytes:
    """Return a file with other content and the right hash."""
    draw = random.Random(seed)
    description, arrays = unpack(raw)
    if draw.random() < 0.3:
        name, other = draw.choice([*arrays]), draw.choice([*arrays])
        new = [arrays[other], arrays[name].ravel(), arrays[name][..., None], arrays[name][:0], -arrays[name]]
        new += [arrays[name] * np.nan, np.zeros((1,) * 40, np.float32), arrays[name].astype("f8"), arrays[name] * 1e30]
        with np.errstate(all="ignore"):
            arrays[name] = draw.choice(new)
    name = draw.choice([*description])
    return pack(description | {name: mutated(description[name], draw)}, arrays)


def use(model: Model) -> list[np.ndarray]:
    """Return what a model predicts, after reading all that it says."""
    x = {name: ROWS.get(name, [1.0, 2.0, 3.0, 4.0]) for name in columns(model.table)} if model.table else X
    scores = model.scores(x)
    repr(model), model.labels, model.predict(x)
    return [scores]


def columns(encoder: Encoder) -> list[str]:
    return [coding.name for coding in encoder.codings]


@NEW_VALUES
def test_a_damaged_model_is_the_same_model_or_refused(files: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    sound = []
    for raw in files:
        path.write_bytes(raw)
        sound.append(use(Model.load(path)))
    same = 0
    for seed in seeds(200):
        raw, expected = files[seed % 4], sound[seed % 4]
        header = 8 + int.from_bytes(raw[:8], "little")
        kind = seed // 4 % 3
        if kind == 0:
            raw = damaged(raw, seed)
        elif kind == 1:
            raw = damaged(raw[:header], seed) + raw[header:]
        else:
            text = edited(raw[8:header].decode(), seed).encode("utf-8", "replace")
            raw = struct.pack("<Q", len(text)) + text + raw[header:]
        path.write_bytes(raw)
        try:
            with bounds():
                got = use(Model.load(path))
        except InputError:
            continue
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
        assert all(map(np.array_equal, got, expected)), f"seed {seed}"
        same += 1
    assert same


@NEW_VALUES
def test_a_forged_model_is_read_or_refused(files: list[bytes], tmp_path: Path, capsys: Any) -> None:
    """And what is read is used by every command."""
    path = tmp_path / "model.safetensors"
    read = 0
    for seed in seeds(100):
        path.write_bytes(forged(files[seed % 4], seed))
        try:
            with bounds():
                model = Model.load(path)
                read += 1
                use(model)
        except ZerokaraError:
            continue
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
        if seed // 4 % 4 == 0 and model.table is None:
            for command in (["evaluate", str(path), "digits"], ["predict", str(path), "digits", "--index", "1"]):
                with bounds(), pytest.raises(SystemExit) as ended:
                    main([*command, *(["--picture", str(tmp_path / "x.png")] if "--index" in command else [])])
                assert ended.value.code in (0, 2), f"seed {seed}"
    assert read


def test_a_damaged_onnx_file_is_read_or_refused(model: Model, tmp_path: Path) -> None:
    sound = model.to_onnx(tmp_path / "sound.onnx").read_bytes()
    path = tmp_path / "model.onnx"
    for seed in seeds(100):
        path.write_bytes(damaged(sound, seed) if seed % 2 else damaged(sound[:400], seed) + sound[400:])
        try:
            with bounds():
                read_signature(path)
        except InputError:
            pass
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
    with pytest.raises(InputError, match="there is no file"):
        read_signature(tmp_path / "none.onnx")
    path.write_bytes(b"hello")
    with pytest.raises(InputError, match=r"model.onnx is not a valid ONNX file"):
        read_signature(path)
    odd = onnx.load(tmp_path / "sound.onnx")
    odd.graph.input[0].type.tensor_type.elem_type = 77
    path.write_bytes(odd.SerializeToString())
    with pytest.raises(InputError, match=r"model.onnx is not a valid ONNX file"):
        read_signature(path)
