"""The official browser clients, unchanged from npm."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "npm_clients"
SECONDS = 60


def install_clients(folder: Path) -> Path:
    """Install the clients and what bundles them; return the folder, with their scripts in it."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("Node.js and npm are not installed")
    for path in FOLDER.iterdir():
        shutil.copy(path, folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    try:
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry does not answer")
    if ran.returncode:
        pytest.skip(f"npm could not install the clients: {ran.stderr[-200:]}")
    return folder


@cache
def bundle(folder: Path, script: str) -> str:
    """Return a script and what it imports as one module for a browser, with its own sockets."""
    shutil.copy(folder / "browser_sockets.mjs", folder / "sockets.mjs")
    command = ["npx", "--no-install", "esbuild", script, "--bundle", "--format=esm"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
