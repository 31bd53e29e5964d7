"""Packages of npm for tests, installed once for each set of them and kept in the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lex-streaming" / "npm"
INSTALL_SECONDS = 180


def link_packages(folder: Path) -> None:
    """Put the packages that a folder's ``package.json`` names into its ``node_modules``.

    Skips the test where npm cannot install them.

    Args:
        folder: where the scripts are that import the packages.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed")
    manifest = folder / "package.json"
    # Some packages are programs of a platform.
    key = f"{sys.platform} {platform.machine()}\n".encode() + manifest.read_bytes()
    (folder / "node_modules").symlink_to(
        _installed(manifest, CACHE / hashlib.sha256(key).hexdigest()[:16]) / "node_modules"
    )


def _installed(manifest: Path, kept: Path) -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            with TemporaryDirectory(dir=CACHE) as temporary:
                folder = Path(temporary, "packages")
                folder.mkdir()
                shutil.copy(manifest, folder)
                _install(folder)
                folder.rename(kept)  # complete, or not there
    return kept


def _install(folder: Path) -> None:
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    command = ["npm", "install", *options, "--loglevel=error"]
    try:
        ran = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry does not answer")
    if ran.returncode:
        pytest.skip(f"npm could not install the packages: {ran.stderr[-200:]}")
