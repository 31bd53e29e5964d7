"""The official browser clients, unchanged from npm."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.npm import link_packages

FOLDER = Path(__file__).parent / "npm_clients"
SECONDS = 60


def install_clients(folder: Path) -> Path:
    """Install the clients and what bundles them; return the folder, with their scripts in it."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    link_packages(folder)
    return folder


@cache
def bundle(folder: Path, script: str) -> str:
    """Return a script and what it imports as one module for a browser, with its own sockets."""
    shutil.copy(folder / "browser_sockets.mjs", folder / "sockets.mjs")
    command = ["node_modules/.bin/esbuild", script, "--bundle", "--format=esm"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
