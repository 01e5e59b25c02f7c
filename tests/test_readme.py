"""The README's Python runs as it stands."""

import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_python_in_the_readme_runs(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks[:2]:
        exec(compile(block, "README.md", "exec"), names)
    assert names["study"].best.val_accuracy > 0.95  # type: ignore[attr-defined]
    assert names["study"].test_score > 0.95  # type: ignore[attr-defined]
    assert (tmp_path / "digits.safetensors").exists()
    assert capsys.readouterr().out.count("\n") == 20
    assert names["run"].network.population == 2  # type: ignore[attr-defined]


def test_the_layer_in_the_readme_is_the_real_one() -> None:
    file = Path(__file__).parents[1] / "src" / "zerokara" / "nn" / "layers" / "affine.py"
    source = file.read_text(encoding="utf-8")
    block = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)[2]
    for line in block.splitlines():
        code = line.split("#")[0].strip()
        if not code.startswith("def"):
            assert code.replace(" ", "") in source.replace(": Array", "").replace(" ", ""), line
