"""``scripts/build``: the fulfillment Lambda as a zip; the same sources give the same bytes.

Needs no network: the dependencies are those of the environment that runs it, which scripts/venv
made from constraints.txt. boto3 is not among them; Lambda's Python runtimes bring it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from pathlib import Path, PurePath
from typing import NoReturn, TypeAlias
from zipfile import ZipFile, ZipInfo

from websocket_stack.command_line import complain
from websocket_stack.deployment.failures import Failed

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "fulfillment"
OUTPUT = ROOT / "build"

# What the package imports at run time and Lambda does not bring, with all that this needs in turn.
VENDORED = ("aws-lambda-powertools", "jmespath", "typing-extensions")

COMPILED = (".so", ".pyd", ".dylib", ".dll")
# Of a *.dist-info, these are the installer's, and differ from one machine to the next. The rest
# came with the wheel and stays: licenses have to go along, and METADATA tells what is in the zip.
INSTALLERS_OWN = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")

Files: TypeAlias = dict[str, Path]
"""Files by their names in the zip."""


# --- collecting


def package_files(folder: Path) -> Files:
    """Return a Python package's modules, without what else lies in its folder."""
    return {
        f"{folder.name}/{name}": path
        for name, path in files_in(folder).items()
        if path.suffix == ".py" or path.name == "py.typed"
    }


def files_in(folder: Path) -> Files:
    """Return all files of a folder but hidden ones, compiled Python and installers' notes; of a
    single file, that one.

    Raises:
        Failed: there is no such thing, or something in it is neither a file nor a folder.
    """
    if folder.is_file():
        return {folder.name: folder}
    if not folder.is_dir():
        raise Failed(f"{folder}: there is no such folder")
    return {path.relative_to(folder).as_posix(): path for path in _walk(folder)}


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = filter(_is_kept, folders)
        for linked in (each for each in folders if Path(parent, each).is_symlink()):
            raise Failed(f"{Path(parent, linked)} is a link to a folder; copy that folder instead")
        for path in (Path(parent, name) for name in names):
            if not _is_kept(path.name) or _is_installers_own(path):
                continue
            if not path.is_file():
                raise Failed(f"{path} is not a file, or a link to none")
            yield path


def _raise(error: OSError) -> NoReturn:
    raise error


def _is_kept(name: str) -> bool:
    return (
        not name.startswith(".") and name != "__pycache__" and not name.endswith((".pyc", ".pyo"))
    )


def _is_installers_own(path: PurePath) -> bool:
    return path.parent.suffix == ".dist-info" and path.name in INSTALLERS_OWN


# --- vendoring


def pins(constraints: str) -> dict[str, str]:
    """Return the versions that a constraints file pins, by normalized name."""
    found = re.findall(r"^([\w.-]+)==(\S+)", constraints, re.MULTILINE)
    return {_normalized(name): version for name, version in found}


def _normalized(name: str) -> str:
    # https://packaging.python.org/en/latest/specifications/name-normalization/
    return re.sub(r"[-_.]+", "-", name).lower()


def vendored(wanted: Mapping[str, str]) -> Files:
    """Return the files of all dependencies; takes the versions that they must have.

    Raises:
        Failed: one is missing, is another version, or does not fit every processor.
    """
    for name in VENDORED:
        if name not in wanted:
            raise Failed(f"constraints.txt has no version of {name}")
    return merged(installed(_distribution(name), wanted[name]) for name in VENDORED)


def _distribution(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError as exc:
        raise Failed(f"{name} is not installed; run scripts/venv") from exc


def installed(found: Distribution, version: str) -> Files:
    """Return the files of an installed distribution as its wheel brought them.

    Raises:
        Failed: it is another version, was changed since, or does not fit every processor.
    """
    name = found.metadata["Name"]
    if found.version != version:
        raise Failed(
            f"{name} {found.version} is installed, constraints.txt has {version};"
            " delete .venv and try again"
        )
    files = {file.as_posix(): file for file in found.files or () if _is_vendored(file)}
    if not files:
        raise Failed(f"nobody noted which files {name} has; delete .venv and try again")
    for file in files.values():
        _check(file, name)
    return {each: Path(str(file.locate())) for each, file in files.items()}


def _is_vendored(file: PackagePath) -> bool:
    # What is outside of site-packages is a script, which no Lambda calls.
    return (
        ".." not in file.parts and all(map(_is_kept, file.parts)) and not _is_installers_own(file)
    )


def _check(file: PackagePath, name: str) -> None:
    if file.suffix in COMPILED:
        raise Failed(f"{file} of {name} is compiled and would fit one kind of processor only")
    if file.hash is None:
        raise Failed(f"{file} of {name} cannot be checked; delete .venv and try again")
    digest = hashlib.new(file.hash.mode, file.read_binary()).digest()
    if base64.urlsafe_b64encode(digest).decode().rstrip("=") != file.hash.value:
        raise Failed(f"{file} of {name} was changed; delete .venv and try again")


# --- the zip


def merged(parts: Iterable[Files]) -> Files:
    """Return all files together.

    Raises:
        Failed: two have one name and differ.
    """
    together: Files = {}
    for name, path in (item for part in parts for item in part.items()):
        other = together.setdefault(name, path)
        if other != path and other.read_bytes() != path.read_bytes():
            raise Failed(f"{name} would be two files: {other} and {path}")
    return together


def packed(files: Files) -> bytes:
    """Return the zip of some files.

    Nothing but names and contents counts: order, times and permissions are always the same, and
    nothing is compressed, since each build of zlib does that in its own way. That costs a slower
    upload, and nothing in Lambda, which unpacks the zip before it runs it.
    """
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, path in sorted(files.items()):
            # Its time is the first that a zip can hold, 1980-01-01.
            entry = ZipInfo(name)
            entry.create_system = 3  # Unix, also where this runs on Windows
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def written(content: bytes, output: Path) -> Path:
    """Write a zip into a folder, named by its content; return its path."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{PACKAGE}-{hashlib.sha256(content).hexdigest()[:12]}.zip"
    # In one step: a name that is there has its whole content.
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
    return path


# --- the script


def build(output: Path = OUTPUT, code: Sequence[Path] = ()) -> Path:
    """Build the fulfillment Lambda's zip with more files at its root; return its path.

    Raises:
        Failed: says what is missing or in the way.
    """
    for folder in code:
        if output.resolve().is_relative_to(folder.resolve()):
            raise Failed(f"{output} is in {folder}, so that each zip would hold the last one")
    wanted = pins((ROOT / "constraints.txt").read_text("utf-8"))
    files = merged([package_files(ROOT / PACKAGE), vendored(wanted), *map(files_in, code)])
    return written(packed(files), output)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="scripts/build",
        description="Build the fulfillment Lambda's zip and print its path. The same sources give"
        " the same bytes.",
    )
    made.add_argument(
        "--output", type=Path, default=OUTPUT, metavar="DIR", help="where to; default: build"
    )
    made.add_argument(
        "--code",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="a file of your own, or a folder whose files go to the zip's root; can be given again",
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; return its exit status."""
    options = parser().parse_args(arguments)
    try:
        path = build(options.output, options.code)
    except (Failed, OSError) as exc:
        complain("scripts/build", str(exc))
        return 1
    here = Path.cwd()
    sys.stdout.write(f"{path.relative_to(here) if path.is_relative_to(here) else path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
