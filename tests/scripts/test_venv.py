"""``scripts/venv``: what it installs, when, and what it says if it cannot."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
# Keeps what pip is told to install, which fails, and is Python otherwise.
PYTHON = """#!/bin/sh
case "$*" in
    *"-m pip"*install*) echo "pip $*" >> "$CALLS"; exit 1 ;;
    *"-m pip"*) exit 0 ;;
esac
exec {python} "$@"
"""
UV = """#!/bin/sh
echo "uv $*" >> "$CALLS"
echo "Installed 2 packages"
echo " + one==1.0"
exit {status}
"""


class Clone:
    """A checkout of which only the environment's recipe matters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        (self.folder / "scripts").mkdir(parents=True)
        for name in ("scripts/venv", "setup.cfg", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, self.folder / name)
        self.calls = folder / "calls"
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.program("python3", PYTHON.format(python=sys.executable))

    def program(self, name: str, script: str) -> None:
        (self.programs / name).write_text(script)
        (self.programs / name).chmod(0o755)

    def environ(self, **variables: str) -> dict[str, str]:
        path = f"{self.programs}:/usr/bin:/bin"
        return {"PATH": path, "CALLS": str(self.calls), "HOME": os.environ["HOME"], **variables}

    def venv(self, *extras: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "scripts/venv", *extras],
            env=self.environ(**variables),
            capture_output=True,
            text=True,
        )

    def called(self) -> list[str]:
        calls = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return calls


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path)
    clone.program("uv", UV.format(status=0))
    return clone


def test_a_command_installs_its_own_extras_once(clone: Clone) -> None:
    result = clone.venv("local", "openai")

    assert result.returncode == 0
    assert "60 MB" in result.stderr and "Installed 2 packages" in result.stderr
    assert "one==1.0" not in result.stderr
    (call,) = clone.called()
    assert call.endswith("--editable .[local,openai]")
    again = clone.venv("local", "openai")
    assert (again.returncode, again.stderr, clone.called()) == (0, "", [])


def test_everything_includes_what_commands_need(clone: Clone) -> None:
    clone.venv()
    (call,) = clone.called()
    assert "test" in call

    assert clone.venv("local").returncode == 0
    assert clone.called() == []


def test_a_checkout_has_one_environment_whatever_its_path(clone: Clone) -> None:
    clone.venv("local")
    clone.called()
    link = clone.folder.with_name("link")
    link.symlink_to(clone.folder)
    clone.folder = link

    assert clone.venv("local").returncode == 0
    assert clone.called() == []


def test_a_change_of_what_is_needed_is_installed(clone: Clone) -> None:
    clone.venv("local")
    (clone.folder / "constraints.txt").write_text("boto3==1.44.5\n")
    clone.called()
    clone.venv("local")

    assert len(clone.called()) == 1


def test_packages_that_get_on_with_no_others_have_an_environment_of_their_own(
    clone: Clone,
) -> None:
    clone.venv("--at", ".venv/apart", "checkov>=3", "boto3==1.43.1")

    (call,) = clone.called()
    assert call == "uv pip install --python .venv/apart/bin/python checkov>=3 boto3==1.43.1"
    clone.venv("--at", ".venv/apart", "checkov>=3", "boto3==1.43.1")
    assert clone.called() == []
    clone.venv("--at", ".venv/apart", "checkov>=4", "boto3==1.43.1")
    assert len(clone.called()) == 1


def test_a_moved_checkout_is_set_up_from_nothing(clone: Clone) -> None:
    clone.venv("local")
    (clone.folder / ".venv/old").touch()
    clone.folder = clone.folder.rename(clone.folder.with_name("moved"))
    clone.venv("local")

    assert not (clone.folder / ".venv/old").exists()


def test_pip_is_tried_where_uv_fails(clone: Clone) -> None:
    clone.program("uv", UV.format(status=1))
    result = clone.venv("local", PIP_INDEX_URL="http://127.0.0.1:9/simple")

    assert [call.split()[0] for call in clone.called()] == ["uv", "pip"]
    assert result.returncode == 1
    assert result.stderr.endswith("Can http://127.0.0.1:9/simple be reached?\n")
    assert clone.venv("local").returncode == 1  # nothing is taken for done


@pytest.mark.parametrize(
    ("script", "what"), [("echo 3.9.18; exit 1", "is 3.9.18"), (None, "is missing")]
)
def test_a_python_that_was_asked_for_is_not_replaced(
    clone: Clone, script: str | None, what: str
) -> None:
    python = clone.programs / "other"
    if script:
        clone.program("other", f"#!/bin/sh\n{script}\n")
    result = clone.venv("local", PYTHON=str(python))

    assert result.returncode == 1
    assert result.stderr == (
        f"scripts/venv: Python 3.11 or newer is needed, and {python} {what}. Set PYTHON to one.\n"
    )
    assert not (clone.folder / ".venv").exists()


def test_a_folder_that_cannot_be_written_to_is_named(clone: Clone) -> None:
    (clone.folder / ".venv").touch()
    result = clone.venv("local")

    assert result.returncode == 1
    assert f"cannot write to {clone.folder}/.venv" in result.stderr


@pytest.mark.parametrize("script", ["check", "checkov", "templates", "test", "venv"])
def test_help_does_nothing_but_help(clone: Clone, script: str) -> None:
    shutil.copy(ROOT / "scripts" / script, clone.folder / "scripts")
    result = subprocess.run(
        [clone.folder / "scripts" / script, "--help"], capture_output=True, text=True
    )

    assert result.returncode == 0
    assert result.stdout.strip()
    assert not (clone.folder / ".venv").exists()


def test_ctrl_c_ends_it_quietly(clone: Clone) -> None:
    clone.program("uv", "#!/bin/sh\nexec sleep 60\n")
    with subprocess.Popen(
        [clone.folder / "scripts/venv", "local"],
        env=clone.environ(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Where the tests run in the background of a shell, it is ignored, and no shell can trap it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("Setting up .venv")
        os.killpg(process.pid, signal.SIGINT)

        assert process.wait(60) == 130
        assert process.stderr.read().strip() == ""
    assert not list(clone.folder.glob(".venv/made-from*"))
