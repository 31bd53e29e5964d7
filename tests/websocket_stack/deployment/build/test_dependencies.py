"""The packages that go into the zip."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import re
from pathlib import Path
from typing import Any

from tests.websocket_stack.deployment.source_trees import failure, write
from websocket_stack.deployment.build.dependencies import PACKAGES, dependencies, files_of, pins


def digest_of(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def package(folder: Path, files: dict[str, str], record: str | None = None) -> Any:
    """Return a package ``lib`` 1.0 as pip would have installed it."""
    files = {"lib-1.0.dist-info/METADATA": "Name: lib\nVersion: 1.0\n", **files}
    rows = [f"{name},sha256={digest_of(text)},{len(text)}" for name, text in files.items()]
    rows.append("lib-1.0.dist-info/RECORD,,")
    write(
        folder, files | {"lib-1.0.dist-info/RECORD": "\n".join(rows) if record is None else record}
    )
    return importlib.metadata.Distribution.at(folder / "lib-1.0.dist-info")


def test_all_that_powertools_needs_is_there() -> None:
    needed = {"aws-lambda-powertools"}
    for name in PACKAGES:
        for requirement in importlib.metadata.requires(name) or []:
            if "extra ==" not in requirement:
                needed.add(re.split(r"[^\w.-]", requirement)[0].replace("_", "-"))
    assert set(PACKAGES) == needed


def test_a_packages_scripts_are_left_out(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "site-packages"
    lib = package(site, {"lib/__init__.py": "1", "../../bin/lib": "#!/bin/sh"})
    assert files_of(lib, "1.0") == {
        "lib/__init__.py": site / "lib/__init__.py",
        "lib-1.0.dist-info/METADATA": site / "lib-1.0.dist-info/METADATA",
    }


def test_a_version_that_is_not_the_pin_is_refused(tmp_path: Path) -> None:
    message = failure(files_of, package(tmp_path, {"lib.py": ""}), "2.0")
    assert message.startswith("lib 1.0 is installed, constraints.txt has 2.0;")


def test_a_package_that_was_changed_is_refused(tmp_path: Path) -> None:
    lib = package(tmp_path, {"lib.py": "as it came"})
    write(tmp_path, {"lib.py": "as I like it"})
    assert failure(files_of, lib, "1.0").startswith("lib.py of lib was changed")


def test_compiled_code_is_refused(tmp_path: Path) -> None:
    lib = package(tmp_path, {"lib.cpython-313-x86_64-linux-gnu.so": ""})
    assert "is compiled" in failure(files_of, lib, "1.0")


def test_a_package_without_a_record_is_refused(tmp_path: Path) -> None:
    lib = package(tmp_path, {"lib.py": ""}, record="")
    assert "the files of lib are not recorded" in failure(files_of, lib, "1.0")


def test_a_file_without_a_hash_is_refused(tmp_path: Path) -> None:
    lib = package(tmp_path, {"lib.py": ""}, record="lib.py,,")
    assert "lib.py of lib cannot be checked" in failure(files_of, lib, "1.0")


def test_a_package_without_a_pin_is_refused() -> None:
    message = failure(dependencies, {"aws-lambda-powertools": "3.0.0"})
    assert message == "constraints.txt has no version of jmespath"


def test_pins_are_read_by_normalized_names() -> None:
    constraints = "# a comment\naws_lambda_powertools==3.37.0\nRuamel.YAML==1.0\nnot>=1\n"
    assert pins(constraints) == {"aws-lambda-powertools": "3.37.0", "ruamel-yaml": "1.0"}
