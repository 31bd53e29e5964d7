"""The package as a builder installs it, away from any clone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import urlopen
from zipfile import ZipFile

import pytest

from tests.documents import READER, Document
from tests.requirements import link
from tests.stack_fixture import client

pytestmark = pytest.mark.ci

ROOT = Path(__file__).resolve().parents[1]
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


class Installed:
    """An environment that has the package, and a new bot in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._programs = folder / "environment" / "bin"
        self.bot = folder / "lamp-shop"

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in the bot's folder, as a builder does."""
        return subprocess.Popen(
            [self._programs / command[0], *command[1:]],
            cwd=self.bot,
            env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str) -> str:
        """Return the standard output of a command that succeeds."""
        process = self.start(*command)
        output, errors = process.communicate()
        assert process.returncode == 0, errors + output
        return output

    @contextmanager
    def serving(self) -> Iterator[tuple[str, subprocess.Popen[str]]]:
        """Serve the bot; yields the origin and the process."""
        command = ("serve", "--port", "0", "--bot", "lamp_shop:bot", "--intents", "lamp_shop.yaml")
        with self.start("lex-streaming", *command) as process:
            try:
                assert process.stdout
                found = re.search(r"http://[\d.:]+", process.stdout.readline())
                assert found, process.stderr and process.stderr.read()
                yield found[0], process
            finally:
                process.kill()


def build(folder: Path) -> Path:
    """Return a wheel that was built from the source distribution, and that from the clone."""
    hatchling = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    subprocess.run([*hatchling, "-t", "sdist"], cwd=ROOT, check=True, capture_output=True)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    sources = folder / sdist.name.removesuffix(".tar.gz")
    subprocess.run([*hatchling, "-t", "wheel"], cwd=sources, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, environment: Path) -> None:
    """Install the wheel into a new environment, with what it requires."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    (packages,) = environment.glob("lib/python*/site-packages")
    link(packages, "lex-streaming[local,deploy]")
    uv = shutil.which("uv", path=PATH)
    pip: list[str | Path] = (
        [uv, "pip", "install", "--python", python]
        if uv
        else [*(sys.executable, "-m", "pip", "--python", python, "install")]
    )
    subprocess.run([*pip, "--quiet", "--no-deps", wheel], check=True, capture_output=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("package")
    install(build(folder), folder / "environment")
    (folder / "lamp-shop").mkdir()
    installed = Installed(folder)
    installed.run("lex-streaming", "new", ".")
    return installed


def test_an_installed_package_makes_a_bot_that_passes_its_tests(installed: Installed) -> None:
    assert "3 passed" in installed.run("python", "-m", "pytest", "-q")
    required = (installed.bot / "requirements-dev.txt").read_text("utf-8")
    assert re.search(r"^lex-streaming\[local,deploy\] @ file:///.+\.whl$", required, re.MULTILINE)


def test_it_serves_a_bot_with_the_documentation(installed: Installed) -> None:
    with installed.serving() as (origin, process):

        def ask(text: str) -> str:
            with closing(client("lexv2-runtime", origin)) as lex:
                response = lex.recognize_text(
                    botId="LOCALBOT01",
                    botAliasId="TSTALIASID",
                    localeId="en_US",
                    sessionId="installed",
                    text=text,
                )
            return str(response["messages"][0]["content"])

        assert ask("hello").startswith("Hello! Ask me where your order is")
        assert "fulfillment Lambda" in ask("What is Lex Streaming?")
        for document in READER:
            for link in Document(document).links:
                if "://" not in link:
                    assert urlopen(urljoin(f"{origin}/{document}", link)).status == 200, link
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert process.stderr and process.stderr.read() == ""


def test_it_builds_a_zip_and_can_deploy_each_template(installed: Installed) -> None:
    installed.run("lex-streaming", "build", "--code", ".")
    # What was built before is left out.
    path = installed.run("lex-streaming", "build", "--code", ".").strip()
    with ZipFile(installed.bot / path) as archive:
        names = set(archive.namelist())
    assert {"lamp_shop.py", "fulfillment/handler.py", "jmespath/__init__.py"} <= names
    assert not [name for name in names if name.endswith(".zip")]
    helped = installed.run("lex-streaming", "deploy", "--help")
    assert all(path.stem in helped for path in (ROOT / "templates").glob("*.yaml"))
