"""The fulfillment Lambda's zip."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.websocket_stack.deployment.source_trees import SOURCES, failure, write
from websocket_stack.deployment.build.lambda_zip import ROOT, build, module_in, pack
from websocket_stack.deployment.build.source_files import files_in

# Of the zip of SOURCES. Every Python on every machine has to come to it.
SHA256 = "622a7bbfa5b2936e328f0d95de82d7934e2e58aa0c7b5ad98a5f455cefbbd91e"


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    return write(tmp_path / "code", SOURCES)


@pytest.fixture(scope="module")
def zip_path(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return build(output=tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def names(zip_path: Any) -> Any:
    with zipfile.ZipFile(zip_path) as archive:
        return archive.namelist()


# --- the same bytes


def test_only_names_and_contents_count(folder: Any, tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        elsewhere = write(tmp_path / "an" / "other", dict(reversed(SOURCES.items())))
    finally:
        os.umask(umask)
    (elsewhere / "handler.py").chmod(0o755)
    for path in elsewhere.rglob("*"):
        os.utime(path, (1, 1))
    assert pack(files_in(elsewhere)) == pack(files_in(folder))


def test_every_python_and_machine_makes_the_same(folder: Any) -> None:
    assert hashlib.sha256(pack(files_in(folder))).hexdigest() == SHA256


def test_each_entry_is_of_1980_and_readable_by_all(zip_path: Any) -> None:
    # Lambda runs the code as a user of its own:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html
    with zipfile.ZipFile(zip_path) as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.external_attr >> 16 == 0o100644
        assert archive.testzip() is None
        assert archive.namelist() == sorted(archive.namelist())


def test_a_second_build_is_the_same_file(zip_path: Any, tmp_path: Path) -> None:
    again = build(output=tmp_path)
    assert again.name == zip_path.name
    assert again.read_bytes() == zip_path.read_bytes()


def test_the_zips_name_is_its_contents_hash(zip_path: Any) -> None:
    digest = hashlib.sha256(zip_path.read_bytes()).hexdigest()
    assert zip_path.name == f"fulfillment-{digest[:12]}.zip"
    assert [path.name for path in zip_path.parent.iterdir()] == [zip_path.name]


def test_another_source_is_another_name(folder: Any, tmp_path: Path, zip_path: Any) -> None:
    assert build([folder], tmp_path / "out").name != zip_path.name


# --- what is in the zip


def test_the_zip_has_package_and_dependencies_only(names: Any) -> None:
    tops = {re.sub(r"-[\d.]+\.dist-info", ".dist-info", name.split("/")[0]) for name in names}
    assert tops == {
        "fulfillment",
        "websocket_stack",
        "aws_lambda_powertools",
        "aws_lambda_powertools.dist-info",
        "jmespath",
        "jmespath.dist-info",
        "typing_extensions.py",
        "typing_extensions.dist-info",
    }
    assert len(set(names)) == len(names)


def test_every_module_of_the_package_is_in_the_zip(names: Any) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "fulfillment").rglob("*.py")}
    assert {name for name in names if name.startswith("fulfillment/")} == modules | {
        "fulfillment/py.typed"
    }


def test_of_the_stack_only_its_doors_are_in_the_zip(names: Any) -> None:
    modules = {
        path.relative_to(ROOT).as_posix()
        for door in ("tasks", "graphql")
        for path in (ROOT / "websocket_stack" / door).glob("*.*")
    }
    in_zip = {name for name in names if name.startswith("websocket_stack/")}
    assert in_zip == modules | {"websocket_stack/__init__.py"}


def test_doors_import_nothing_that_is_not_there(zip_path: Any) -> None:
    """Without this repository beside it, and without what only deployments need."""
    code = """
import sys
sys.path[:] = [sys.argv[1], *(each for each in sys.path if "websocket" not in each)]
import websocket_stack
assert websocket_stack.__file__.startswith(sys.argv[1])
from websocket_stack.tasks import default_worker, failures, relay, sign_in_deadline, submit
from websocket_stack.graphql import default_chat
"""
    subprocess.run(
        [sys.executable, "-I", "-c", code, str(zip_path)], check=True, cwd=zip_path.parent
    )


@pytest.mark.parametrize(
    "forbidden", [r"\.pyc$", "__pycache__", r"\.so$", r"(^|/)\.", "RECORD$", "INSTALLER$", r"^test"]
)
def test_no_name_in_the_zip_is_of_this_machine(names: Any, forbidden: Any) -> None:
    assert [name for name in names if re.search(forbidden, name)] == []


def test_each_dependencys_license_goes_along(names: Any) -> None:
    licensed = {name.split("/")[0] for name in names if name.endswith("/LICENSE")}
    assert licensed == {name.split("/")[0] for name in names if ".dist-info/" in name}


# --- a bot builder's own code


def test_a_bot_builders_files_are_at_the_root(folder: Any, tmp_path: Path) -> None:
    more = write(tmp_path / "more", {"my_bot.py": "import handler\n", "my_data.json": "{}"})
    path = build([folder, more], tmp_path / "out")
    with zipfile.ZipFile(path) as archive:
        assert {*SOURCES, "my_bot.py", "my_data.json"} <= set(archive.namelist())
        assert archive.read("my_bot.py") == b"import handler\n"


def test_a_bot_may_be_a_single_file(folder: Any, tmp_path: Path) -> None:
    more = write(tmp_path / "more", {"my_bot.py": "import handler\n", "notes.txt": "not this"})
    path = build([folder, more / "my_bot.py"], tmp_path / "out")
    with zipfile.ZipFile(path) as archive:
        assert archive.read("my_bot.py") == b"import handler\n"
        assert "notes.txt" not in archive.namelist()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert failure(build, [missing], tmp_path / "out") == f"{missing}: there is no such folder"
    assert not (tmp_path / "out").exists()


def test_two_files_of_one_name_are_refused(folder: Any, tmp_path: Path) -> None:
    other = write(tmp_path / "other", {"handler.py": "something else"})
    message = failure(build, [folder, other], tmp_path / "out")
    assert message.startswith("handler.py would be two files: ")


@pytest.mark.parametrize("output", ["out", "", ".."])
def test_no_zip_holds_an_earlier_one(folder: Any, output: str, tmp_path: Path) -> None:
    first = build([folder], folder / output)

    assert build([folder], folder / output).name == first.name
    assert build([folder], tmp_path / "elsewhere").name == first.name


def test_a_file_in_the_way_of_the_output_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"a-file": ""})
    assert "a-file" in failure(build, [], tmp_path / "a-file")


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ("my_bot", True),
        ("bots.orders", True),
        ("bots", False),
        ("package", True),
        ("other", False),
    ],
)
def test_a_zip_has_modules_and_packages(tmp_path: Path, module: Any, found: Any) -> None:
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for name in ("my_bot.py", "bots/orders.py", "package/__init__.py"):
            opened.writestr(name, "")
    assert (module_in(path, module) is not None) is found
