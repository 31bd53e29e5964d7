"""The fulfillment Lambda's zip, named by its content."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from zipfile import ZipFile, ZipInfo

from websocket_stack.command_line import CommandFailed, print_error
from websocket_stack.deployment.build import modules
from websocket_stack.deployment.build.code_files import code_files
from websocket_stack.deployment.build.dependencies import PACKAGES, dependencies, installed, pins
from websocket_stack.deployment.build.options import OUTPUT
from websocket_stack.deployment.build.requirements import Platform, install
from websocket_stack.deployment.build.source_files import Files, files_in, merge, package_files
from websocket_stack.project import IS_CLONE

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = "fulfillment"
# What the functions of socket tasks, and of a GraphQL chat, import in addition.
DOORS = ("websocket_stack/tasks", "websocket_stack/graphql")
# Unzipped. (A zip may have 50 MB if it is uploaded to Lambda itself; scripts/deploy uses S3.)
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_UNZIPPED_BYTES = 250 * 1024**2


def build(
    code: Sequence[Path] = (), output: Path = OUTPUT, *, platform: Platform | None = None
) -> Path:
    """Build the zip.

    Args:
        code: a bot builder's own files, and folders whose files go to the zip's root with the
            packages that they require.
        output: the folder to write it into.
        platform: what the function runs on; by default what the templates choose.

    Returns:
        The zip's path.

    Raises:
        CommandFailed: something is missing, in the way, or too large, or Python cannot read it.
    """
    platform = platform or Platform()
    versions = _versions()
    pinned = [f"{name}=={versions[name]}" for name in PACKAGES if name in versions]
    try:
        own = merge(map(code_files, code))
        modules.check(own, platform)
        with TemporaryDirectory() as installed_in:
            parts = [
                package_files(ROOT / PACKAGE),
                *map(_door_files, DOORS),
                dependencies(versions),
                own,
                *(
                    install(folder, platform, pinned, Path(installed_in, str(number)))
                    for number, folder in enumerate(code)
                ),
            ]
            files = _fitting(merge(parts))
            for problem in modules.unmet_imports(own, files):
                print_error("Warning", problem)
            return write(pack(files), output)
    except OSError as exc:
        raise CommandFailed(str(exc)) from exc


def _fitting(files: Files) -> Files:
    """Return the files if Lambda takes them all.

    Raises:
        CommandFailed: they are too large together.
    """
    size = sum(path.stat().st_size for path in files.values())
    if size > MAX_UNZIPPED_BYTES:
        raise CommandFailed(
            f"the zip would hold {size / 1024**2:,.0f} MB, and Lambda takes"
            f" {MAX_UNZIPPED_BYTES // 1024**2} MB; leave files out with a .lambdaignore"
        )
    return files


def _versions() -> dict[str, str]:
    """Return which version each package must have: in a clone, the one that the tests ran with."""
    return pins((ROOT / "constraints.txt").read_text("utf-8")) if IS_CLONE else installed()


def _door_files(door: str) -> Files:
    folder = ROOT / door
    modules = {f"{door}/{name}": path for name, path in files_in(folder).items()}
    return modules | {f"{folder.parent.name}/__init__.py": folder.parent / "__init__.py"}


def module_in(archive: Path | IO[bytes], module: str) -> bytes | None:
    """Return the source of a module in a zip, ``package.module``; ``None`` if it has none."""
    name = module.replace(".", "/")
    with ZipFile(archive) as opened:
        found = {f"{name}.py", f"{name}/__init__.py"}.intersection(opened.namelist())
        # Of the two, Python imports the package.
        return opened.read(max(found, key=len)) if found else None


def pack(files: Files) -> bytes:
    """Return the zip of some files.

    Nothing counts but names and contents: order, times and permissions are always the same, and
    nothing is compressed, since each build of zlib does that in its own way. The upload is slower
    for it; Lambda is not, since it unpacks the zip before it runs it.
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


def write(content: bytes, output: Path) -> Path:
    """Write a zip into a folder and return its path, which has a hash of the content."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{PACKAGE}-{hashlib.sha256(content).hexdigest()[:12]}.zip"
    # In one step, from a file of this process: a name that exists has its whole content.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)
    return path
