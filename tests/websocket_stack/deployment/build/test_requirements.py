"""Packages for Lambda's platform, from wheels in a folder instead of an index."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.wheels import wheel
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.build.lambda_zip import build
from websocket_stack.deployment.build.requirements import PINNED, NoWheel, Platform, install

# pip is a process of its own.
pytestmark = pytest.mark.slow
LOCAL = "--no-index\n--find-links wheels\n"
ARM = "cp313-cp313-manylinux_2_28_aarch64"


@pytest.fixture
def bot(tmp_path: Path) -> Any:
    """A builder's folder with wheels: one for any machine, one for Lambda's, one for another."""
    folder = tmp_path / "bot"
    wheel(folder / "wheels", "pure", requires="compiled")
    wheel(folder / "wheels", "compiled", ARM)
    wheel(folder / "wheels", "windows", "cp313-cp313-win_amd64")
    wheel(folder / "wheels", "sdk", requires="boto3")
    wheel(folder / "wheels", "boto3", requires="botocore")
    wheel(folder / "wheels", "botocore")
    (folder / "my_bot.py").write_text("import pure\n")
    (folder / ".lambdaignore").write_text("wheels/\n")
    return folder


def modules(bot: Path, tmp_path: Path, platform: Platform = Platform()) -> list[str]:  # noqa: B008
    files = install(bot, platform, [], tmp_path / "installed")
    return sorted(name for name in files if name.endswith(".py"))


def require(bot: Path, *lines: str) -> None:
    (bot / "requirements.txt").write_text(LOCAL + "\n".join(lines))


def test_markers_are_lambdas_and_not_this_machines(bot: Any, tmp_path: Path) -> None:
    """Whatever Python this is, and with what those packages require in turn."""
    is_lambdas = "python_version == '3.13' and platform_machine == 'aarch64'"
    wheel(bot / "wheels", "picky", requires=f"sdk ; {is_lambdas}")
    require(bot, "picky", f"pure ; {is_lambdas}", "windows ; sys_platform == 'win32'")
    assert modules(bot, tmp_path) == ["compiled.py", "picky.py", "pure.py", "sdk.py"]


def test_a_folder_that_requires_nothing_installs_nothing(bot: Any, tmp_path: Path) -> None:
    assert install(bot, Platform(), [], tmp_path / "installed") == {}
    (bot / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    assert install(bot, Platform(), [], tmp_path / "installed") == {}


@pytest.mark.parametrize(
    ("package", "platform"),
    [("windows", Platform()), ("pure", Platform("python3.14", "x86_64"))],
)
def test_a_package_without_a_wheel_is_named(
    bot: Any, tmp_path: Path, package: Any, platform: Any
) -> None:
    require(bot, package)
    with pytest.raises(NoWheel) as refused:
        install(bot, platform, [], tmp_path / "installed")
    missing = "compiled" if package == "pure" else package
    assert str(refused.value).startswith(f"{bot}: {missing} ")
    assert f" has no wheel for {platform.runtime} on {platform.architecture}" in str(refused.value)


def test_what_the_runtime_has_is_not_packed(bot: Any, tmp_path: Path) -> None:
    require(bot, "sdk", "boto3", "# boto3==1.0")
    assert modules(bot, tmp_path) == ["sdk.py"]


@pytest.mark.parametrize(
    ("line", "is_version"),
    [
        ("boto3==1.40.1", True),
        ("  botocore[crt] >= 1.40", True),
        ("boto3 @ https://example.com/boto3.whl", True),
        ("boto3", False),
        ("boto3[crt]", False),
        ("boto3-stubs==1.0", False),
        ("# boto3==1.0", False),
    ],
)
def test_unless_a_version_is_required(line: Any, is_version: Any) -> None:
    assert bool(PINNED.match(line)) == is_version


def test_an_index_that_cannot_be_reached_is_no_missing_wheel(bot: Any, tmp_path: Path) -> None:
    (bot / "requirements.txt").write_text("--index-url http://127.0.0.1:9/simple\npure\n")
    with pytest.raises(CommandFailed, match="cannot be reached") as refused:
        install(bot, Platform(), [], tmp_path / "installed")
    assert not isinstance(refused.value, NoWheel)


def test_a_projects_dependencies_are_installed_too(
    bot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "wheels")
    (bot / "pyproject.toml").write_text('[project]\nname = "bot"\ndependencies = ["compiled"]\n')
    assert modules(bot, tmp_path) == ["compiled.py"]
    (bot / "pyproject.toml").write_text('[project]\nname = "bot"\ndynamic = ["dependencies"]\n')
    with pytest.raises(CommandFailed, match="requirements.txt"):
        install(bot, Platform(), [], tmp_path / "again")


def test_the_librarys_own_packages_keep_their_version(bot: Any, tmp_path: Path) -> None:
    require(bot, "pure")
    with pytest.raises(CommandFailed, match="cannot be installed|no wheel"):
        install(bot, Platform(), ["pure==2.0"], tmp_path / "installed")


def test_the_same_requirements_make_the_same_zip(bot: Any, tmp_path: Path) -> None:
    require(bot, "pure")
    first, second = (build([bot], tmp_path / f"out{number}") for number in range(2))
    assert first.name == second.name
    with zipfile.ZipFile(first) as archive:
        names = archive.namelist()
    assert {"pure.py", "compiled.py", "my_bot.py", "pure-1.0.dist-info/METADATA"} <= set(names)
    assert not [name for name in names if "wheels" in name or name.endswith("RECORD")]


def test_a_zip_that_lambda_does_not_take_is_refused(bot: Any, tmp_path: Path) -> None:
    with (bot / "weights.bin").open("wb") as large:
        large.truncate(250 * 1024**2)
    with pytest.raises(CommandFailed, match="250 MB"):
        build([bot], tmp_path / "out")
