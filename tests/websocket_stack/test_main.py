"""The command's verbs: what they run, and what they say if that is not possible."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from websocket_stack.__main__ import VERBS, main

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
# Python without anything installed, but for the modules that are named here.
RUN = """
import sys

sys.path.insert(0, {root!r})
{before}
from websocket_stack.__main__ import main

sys.exit(main({arguments!r}))
"""


def run_bare(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    code = RUN.format(root=str(ROOT), arguments=arguments, before=before)
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, cwd="/"
    )


@pytest.mark.parametrize("verb", VERBS)
def test_help_needs_nothing_but_python(verb: str) -> None:
    helped = run_bare(verb, "--help")

    assert helped.returncode == 0
    assert helped.stderr == ""
    assert helped.stdout.startswith("usage: ")


def test_the_command_lists_its_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([])
    assert exit_.value.code == 0
    listed = capsys.readouterr().out
    for name, verb in VERBS.items():
        assert f"{name} " in listed and verb.summary in listed


def test_an_unknown_verb_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["sevre"])
    assert exit_.value.code == 2
    assert "'sevre'" in capsys.readouterr().err


def test_a_verb_gets_its_own_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "missing"

    assert main(["build", "--code", str(missing)]) == 1
    assert f"{missing}: there is no such folder" in capsys.readouterr().err


@pytest.mark.parametrize(("verb", "extra"), [("serve", "local"), ("deploy", "deploy")])
def test_what_is_not_installed_is_named(verb: str, extra: str) -> None:
    ran = run_bare(verb)

    assert ran.returncode == 1
    assert ran.stderr.startswith(f"{verb} needs ")
    assert ran.stderr.endswith(f": pip install 'lex-streaming[{extra}]'\n")
    assert ran.stdout == ""


def test_a_new_bot_needs_nothing_that_is_not_in_python(tmp_path: Path) -> None:
    ran = run_bare("new", str(tmp_path / "shop"))

    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "shop/shop.py").exists()


def test_ctrl_c_ends_it_quietly_while_it_still_loads() -> None:
    """Loading takes seconds, and most of them go into packages of others."""
    before = """
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "boto3":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupts())
"""
    ran = run_bare("serve", before=before)

    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


def test_both_variables_of_the_region_mean_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    main(["build", "--code", "/missing"])

    assert capsys.readouterr().err
    assert os.environ["AWS_DEFAULT_REGION"] == "eu-west-1"
