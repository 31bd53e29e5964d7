from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import os
import re
import zipfile
from pathlib import Path

import pytest

from websocket_stack.deployment import build
from websocket_stack.deployment.failures import Failed

SOURCES = {
    "handler.py": "def lambda_handler(event, context):\n    return {}\n",
    "words/__init__.py": "",
    "words/größe.txt": "one line\nanother\n",
}
# Of the zip of SOURCES. Every Python on every machine has to come to it.
SHA256 = "622a7bbfa5b2936e328f0d95de82d7934e2e58aa0c7b5ad98a5f455cefbbd91e"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "code", SOURCES)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build.build(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def names(built):
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def failure(call, *arguments) -> str:
    """Return how a call fails, which is one line."""
    with pytest.raises(Failed) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- the same bytes


def test_the_same_sources_give_the_same_bytes_wherever_and_whenever_they_were_written(
    folder, tmp_path
):
    umask = os.umask(0o077)
    try:
        elsewhere = write(tmp_path / "an" / "other", dict(reversed(SOURCES.items())))
    finally:
        os.umask(umask)
    (elsewhere / "handler.py").chmod(0o755)
    for path in elsewhere.rglob("*"):
        os.utime(path, (1, 1))
    assert build.packed(build.files_in(elsewhere)) == build.packed(build.files_in(folder))


def test_the_bytes_are_those_of_every_other_python_and_machine(folder):
    assert hashlib.sha256(build.packed(build.files_in(folder))).hexdigest() == SHA256


def test_each_entry_is_of_1980_and_may_be_read_by_everyone(built):
    # Lambda runs the code as a user of its own:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html
    with zipfile.ZipFile(built) as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.external_attr >> 16 == 0o100644
        assert archive.testzip() is None
        assert archive.namelist() == sorted(archive.namelist())


def test_a_second_build_is_the_same_file(built, tmp_path):
    again = build.build(tmp_path)
    assert again.name == built.name
    assert again.read_bytes() == built.read_bytes()


def test_the_zips_name_is_its_contents_hash(built):
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    assert built.name == f"fulfillment-{digest[:12]}.zip"
    assert [path.name for path in built.parent.iterdir()] == [built.name]


def test_another_source_is_another_name(folder, tmp_path, built):
    assert build.build(tmp_path / "out", [folder]).name != built.name


# --- what is in the zip


def test_the_zip_holds_the_package_and_its_dependencies_and_nothing_else(names):
    tops = {re.sub(r"-[\d.]+\.dist-info", ".dist-info", name.split("/")[0]) for name in names}
    assert tops == {
        "fulfillment",
        "aws_lambda_powertools",
        "aws_lambda_powertools.dist-info",
        "jmespath",
        "jmespath.dist-info",
        "typing_extensions.py",
        "typing_extensions.dist-info",
    }
    assert len(set(names)) == len(names)


def test_every_module_of_the_package_is_in_the_zip(names):
    modules = {
        path.relative_to(build.ROOT).as_posix()
        for path in (build.ROOT / "fulfillment").rglob("*.py")
    }
    assert {name for name in names if name.startswith("fulfillment/")} == modules | {
        "fulfillment/py.typed"
    }


@pytest.mark.parametrize(
    "forbidden", [r"\.pyc$", "__pycache__", r"\.so$", r"(^|/)\.", "RECORD$", "INSTALLER$", r"^test"]
)
def test_no_name_in_the_zip_is_of_this_machine(names, forbidden):
    assert [name for name in names if re.search(forbidden, name)] == []


def test_each_dependencys_license_goes_along(names):
    licensed = {name.split("/")[0] for name in names if name.endswith("/LICENSE")}
    assert licensed == {name.split("/")[0] for name in names if ".dist-info/" in name}


def test_all_that_powertools_needs_is_vendored():
    needed = {"aws-lambda-powertools"}
    for name in build.VENDORED:
        for requirement in importlib.metadata.requires(name) or []:
            if "extra ==" not in requirement:
                needed.add(re.split(r"[^\w.-]", requirement)[0].replace("_", "-"))
    assert set(build.VENDORED) == needed


def test_of_a_package_only_its_modules_are_taken(tmp_path):
    names = ["a.py", "py.typed", "notes.txt", ".env", "__pycache__/a.pyc", "b/c.py", "a.py.orig"]
    package = write(tmp_path / "package", dict.fromkeys(names, ""))
    assert set(build.package_files(package)) == {
        "package/a.py",
        "package/py.typed",
        "package/b/c.py",
    }


# --- a bot builder's own code


def test_a_bot_builders_own_files_are_at_the_root(folder, tmp_path):
    more = write(tmp_path / "more", {"my_bot.py": "import handler\n", "my_data.json": "{}"})
    path = build.build(tmp_path / "out", [folder, more])
    with zipfile.ZipFile(path) as archive:
        assert {*SOURCES, "my_bot.py", "my_data.json"} <= set(archive.namelist())
        assert archive.read("my_bot.py") == b"import handler\n"


def test_a_bot_may_be_a_single_file(folder, tmp_path):
    more = write(tmp_path / "more", {"my_bot.py": "import handler\n", "notes.txt": "not this"})
    path = build.build(tmp_path / "out", [folder, more / "my_bot.py"])
    with zipfile.ZipFile(path) as archive:
        assert archive.read("my_bot.py") == b"import handler\n"
        assert "notes.txt" not in archive.namelist()


def test_hidden_files_compiled_python_and_installers_notes_stay_behind(tmp_path):
    info = "lib-1.0.dist-info"
    kept = ["lib.py", "RECORD", f"{info}/METADATA", f"{info}/entry_points.txt"]
    left = [".env", ".git/config", "__pycache__/lib.pyc", f"{info}/RECORD", f"{info}/INSTALLER"]
    folder = write(tmp_path, dict.fromkeys(kept + left, ""))
    assert sorted(build.files_in(folder)) == sorted(kept)


def test_a_missing_folder_is_named(tmp_path):
    missing = tmp_path / "missing"
    said = failure(build.build, tmp_path / "out", [missing])
    assert said == f"{missing}: there is no such folder"
    assert not (tmp_path / "out").exists()


def test_two_different_files_of_one_name_are_refused(folder, tmp_path):
    other = write(tmp_path / "other", {"handler.py": "something else"})
    said = failure(build.build, tmp_path / "out", [folder, other])
    assert said.startswith("handler.py would be two files: ")


def test_the_same_file_from_two_folders_is_one(folder, tmp_path):
    other = write(tmp_path / "other", {"handler.py": SOURCES["handler.py"]})
    together = build.merged([build.files_in(folder), build.files_in(other)])
    assert build.packed(together) == build.packed(build.files_in(folder))


def test_the_zip_is_not_written_into_the_code_that_it_holds(folder):
    said = failure(build.build, folder / "out", [folder])
    assert said.startswith(f"{folder / 'out'} is in {folder}")


def test_links_to_folders_are_refused_as_they_would_be_left_out(folder, tmp_path):
    (folder / "linked").symlink_to(tmp_path)
    assert "linked is a link to a folder" in failure(build.files_in, folder)


def test_links_to_nothing_are_refused(folder):
    (folder / "broken.py").symlink_to(folder / "nothing")
    assert "broken.py is not a file" in failure(build.files_in, folder)


# --- vendoring


def digest_of(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def distribution(folder: Path, files: dict[str, str], record: str | None = None):
    """Return a distribution ``lib`` 1.0 as pip would have installed it."""
    files = {"lib-1.0.dist-info/METADATA": "Name: lib\nVersion: 1.0\n", **files}
    rows = [f"{name},sha256={digest_of(text)},{len(text)}" for name, text in files.items()]
    rows.append("lib-1.0.dist-info/RECORD,,")
    write(
        folder, files | {"lib-1.0.dist-info/RECORD": "\n".join(rows) if record is None else record}
    )
    return importlib.metadata.Distribution.at(folder / "lib-1.0.dist-info")


def test_a_distributions_files_are_taken_but_not_its_scripts(tmp_path):
    site = tmp_path / "lib" / "site-packages"
    made = distribution(site, {"lib/__init__.py": "1", "../../bin/lib": "#!/bin/sh"})
    assert build.installed(made, "1.0") == {
        "lib/__init__.py": site / "lib/__init__.py",
        "lib-1.0.dist-info/METADATA": site / "lib-1.0.dist-info/METADATA",
    }


def test_another_version_than_the_pinned_one_is_refused(tmp_path):
    said = failure(build.installed, distribution(tmp_path, {"lib.py": ""}), "2.0")
    assert said.startswith("lib 1.0 is installed, constraints.txt has 2.0;")


def test_a_dependency_that_was_changed_is_refused(tmp_path):
    made = distribution(tmp_path, {"lib.py": "as it came"})
    write(tmp_path, {"lib.py": "as I like it"})
    assert failure(build.installed, made, "1.0").startswith("lib.py of lib was changed")


def test_compiled_code_which_fits_one_processor_is_refused(tmp_path):
    made = distribution(tmp_path, {"lib.cpython-313-x86_64-linux-gnu.so": ""})
    assert "is compiled" in failure(build.installed, made, "1.0")


def test_an_installation_without_a_record_is_refused(tmp_path):
    made = distribution(tmp_path, {"lib.py": ""}, record="")
    assert "which files lib has" in failure(build.installed, made, "1.0")


def test_a_file_whose_content_nobody_noted_is_refused(tmp_path):
    made = distribution(tmp_path, {"lib.py": ""}, record="lib.py,,")
    assert "lib.py of lib cannot be checked" in failure(build.installed, made, "1.0")


def test_a_dependency_that_is_not_pinned_is_refused():
    said = failure(build.vendored, {"aws-lambda-powertools": "3.0.0"})
    assert said == "constraints.txt has no version of jmespath"


def test_pins_are_read_by_normalized_names():
    constraints = "# a comment\naws_lambda_powertools==3.37.0\nRuamel.YAML==1.0\nnot>=1\n"
    assert build.pins(constraints) == {"aws-lambda-powertools": "3.37.0", "ruamel-yaml": "1.0"}


# --- the script


def test_the_script_says_the_zips_path_and_nothing_else(tmp_path, capsys, built):
    assert build.main(["--output", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.out == f"{tmp_path / 'out' / built.name}\n"
    assert said.err == ""


def test_in_the_callers_folder_the_path_is_a_relative_one(tmp_path, capsys, monkeypatch, built):
    monkeypatch.chdir(tmp_path)
    assert build.main(["--output", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"out/{built.name}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--code", "missing"], id="a missing folder"),
        pytest.param(["--output", "a-file"], id="a file in the way"),
    ],
)
def test_a_failure_is_one_line_on_standard_error(tmp_path, capsys, monkeypatch, arguments):
    monkeypatch.chdir(write(tmp_path, {"a-file": ""}))
    assert build.main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"scripts/build: .*{arguments[1]}.*\n", said.err)
