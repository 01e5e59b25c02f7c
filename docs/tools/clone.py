"""Follow the Japanese README from a clean clone: `python docs/tools/clone.py`. Its commands alone lead to a result."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOUSES = [f"{size},{city},{5 * size + 200 * (city == 'Bern')}" for size in range(40, 200) for city in ("Bern", "Basel")]


def main() -> int:
    """Clone the last commit, run the README's commands there except the tests, and look at what they leave."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "zerokara"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        (clone / "houses.csv").write_text("\n".join(["size,city,price", *HOUSES]))
        (clone / "new.csv").write_text("city,size\nBern,100\nBasel,100\n")
        path = os.pathsep.join([str(clone / ".venv" / "bin"), os.environ["PATH"]])
        settings = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        text = (clone / "README.ja.md").read_text(encoding="utf-8")
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            for command in (line.partition("#")[0].strip() for line in block.splitlines()):
                if command == "make test":
                    continue
                print(f"$ {command}", flush=True)
                subprocess.run(command, shell=True, cwd=clone, env=settings | {"PATH": path}, check=True)
        left = ["runs/digits-1/model.safetensors", "runs/digits-1/race.png", "predictions.csv"]
        missing = [name for name in left if not (clone / name).exists()]
        print("missing:" if missing else "all there:", ", ".join(missing or left))
        return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
