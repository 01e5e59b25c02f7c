"""How a folder of pictures is laid out: its parts, the classes of each, and their files."""

from collections import Counter
from pathlib import Path

from zerokara.data.picture_file import PICTURE_SUFFIXES
from zerokara.errors import InputError, OutsideError, warn

Layout = dict[str, dict[str, list[Path]]]
"""For each part, for each class, the files in order."""
PART_NAMES = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
CLUTTER = ("thumbs.db", "desktop.ini", "__macosx")


def part_of(name: str) -> str | None:
    """Return the part that a folder or an array of this name holds, if it is one.

    >>> part_of("Valid"), part_of("cats")
    ('validation', None)
    """
    return next((part for part, names in PART_NAMES.items() if name.lower() in names), None)


def find_layout(path: Path) -> Layout:
    """Return the files of ``path/CLASS/`` as the part "train", or those of ``path/PART/CLASS/`` as their parts.

    What is hidden, what systems leave behind and other files beside the folders are skipped, with a warning.

    Raises:
        InputError: fewer than two classes, parts without classes, a class without training pictures, other files.
    """
    skipped: Counter[str] = Counter()
    folders = _folders(path, skipped)
    parts = [folder for folder in folders if part_of(folder.name)]
    if len(folders) == 1 and not parts and _has_folders(folders[0]):
        raise InputError(f"{path} must have subfolders that are classes or parts, got only {folders[0]}: pass that one")
    if any(_has_folders(folder) for folder in parts):
        layout = _parts(path, folders, skipped)
    elif len(parts) == len(folders) and len({part_of(folder.name) for folder in parts}) > 1:
        raise InputError(
            f"{parts[0]} and {parts[1]} must have a subfolder for each class, got only pictures: sort them by class, "
            "or rename the folders if they are classes"
        )
    else:
        layout = {"train": _classes(folders, skipped)}
    if len(layout["train"]) < 2:
        raise InputError(
            f"{path} must have a subfolder of images for each of at least 2 classes, got {len(layout['train'])}: add "
            "another class"
        )
    if skipped:
        listed = ", ".join(name if n == 1 else f"{name} ({n:,} times)" for name, n in sorted(skipped.items())[:8])
        warn(f"skipped in {path}: {listed}" + (", ..." if len(skipped) > 8 else ""))
    return layout


def _parts(path: Path, folders: list[Path], skipped: Counter[str]) -> Layout:
    found: dict[str, Path] = {}
    for folder in folders:
        part = part_of(folder.name)
        if part is None or part in found:
            what = "no other folder" if part is None else f"one folder for {part}"
            beside = ", ".join(str(each) for each in folders if part_of(each.name) and each != folder)
            raise InputError(f"beside the parts {beside} there must be {what}, got {folder}: move it away")
        found[part] = folder
    if "train" not in found:
        raise InputError(f"{path} must have the part train, got only {', '.join(found)}: add the folder train")
    layout: Layout = {}
    for part, folder in found.items():
        classes = _folders(folder, skipped)
        if not classes:
            raise InputError(
                f"{folder} must have a subfolder for each class, got no subfolder: sort its pictures, or move it away"
            )
        layout[part] = _classes(classes, skipped)
        if unknown := sorted(layout[part].keys() - {each.name for each in _folders(found["train"], Counter())}):
            raise InputError(
                f"every class must have training pictures, got {unknown[0]!r} in {folder} only: add pictures of it to "
                f"{found['train']}, or move it away"
            )
    return layout


def _classes(folders: list[Path], skipped: Counter[str]) -> dict[str, list[Path]]:
    return {folder.name: _files(folder, skipped) for folder in folders}


def _files(folder: Path, skipped: Counter[str]) -> list[Path]:
    files = _visible(folder, skipped)
    if not files:
        raise InputError(
            f"the class folder {folder} must hold at least one image, got an empty folder: fill or remove it"
        )
    for file in files:
        if file.is_dir() or file.suffix.lower() not in PICTURE_SUFFIXES:
            kind = "a folder" if file.is_dir() else "another file"
            raise InputError(
                f"a class folder holds images only ({' '.join(PICTURE_SUFFIXES)}); {file} is {kind}: move it away"
            )
    return files


def _folders(path: Path, skipped: Counter[str]) -> list[Path]:
    """Return the subfolders, sorted; an image beside them raises an error, another file is skipped."""
    folders = []
    for entry in _visible(path, skipped):
        if entry.is_dir():
            folders.append(entry)
        elif entry.suffix.lower() in PICTURE_SUFFIXES:
            raise InputError(f"images must lie in a class folder, got {entry}: move it to the subfolder of its class")
        else:
            skipped[entry.name] += 1
    return folders


def _has_folders(path: Path) -> bool:
    return any(entry.is_dir() for entry in _visible(path, Counter()))


def _visible(folder: Path, skipped: Counter[str]) -> list[Path]:
    """Return the entries of a folder, sorted, without hidden ones and what systems leave behind."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise OutsideError(
            f"the folder {folder} must be readable, got: {error.strerror or error}; check the path and its permissions"
        ) from error
    hidden = [entry.name.startswith(".") or entry.name.lower() in CLUTTER for entry in entries]
    skipped.update(entry.name for entry, is_hidden in zip(entries, hidden, strict=True) if is_hidden)
    return [entry for entry, is_hidden in zip(entries, hidden, strict=True) if not is_hidden]
