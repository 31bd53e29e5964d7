"""A builder's modules, as they would be loaded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.websocket_stack.deployment.source_trees import failure, write
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.build.code_files import code_files
from websocket_stack.deployment.build.modules import check, unmet_imports, with_handler
from websocket_stack.deployment.build.requirements import Platform

HERE = Platform(f"python{sys.version_info[0]}.{sys.version_info[1]}")
HANDLER = "lambda_handler = print\n"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("\ndef quote((size):\n    pass\n", "line 2: SyntaxError: "),
        ("def quote():\npass\n", "line 2: IndentationError: "),
        ("def quote():\n    pass\nreturn 3\n", "line 3: SyntaxError: 'return' outside function"),
        ("\0", "line "),
    ],
)
def test_a_module_that_python_cannot_read_is_refused(
    tmp_path: Path, source: str, problem: str
) -> None:
    files = code_files(write(tmp_path, {"my_bot.py": "", "shop/orders.py": source}))
    assert failure(check, files, HERE).startswith(f"{tmp_path / 'shop' / 'orders.py'}, {problem}")


def test_all_of_them_are_named_and_the_python_that_read_them(tmp_path: Path) -> None:
    files = code_files(write(tmp_path, {"a.py": "(", "b.py": "[", "c.py": "{}"}))
    with pytest.raises(CommandFailed) as refused:
        check(files, Platform("python3.99"))
    first, second, note = str(refused.value).splitlines()
    assert first.startswith(f"{tmp_path / 'a.py'}, line 1") and "b.py" in second
    assert note.startswith(f"(as Python {HERE.python} reads it; ") and note.endswith("3.99)")


def test_templates_of_something_else_are_not_read(tmp_path: Path) -> None:
    names = ["{{ name }}.py", "my-bot/template.py", "notes.txt"]
    check(code_files(write(tmp_path, dict.fromkeys(names, "{{ }}} "))), HERE)


def test_code_that_warns_can_be_read(tmp_path: Path) -> None:
    check(code_files(write(tmp_path, {"my_bot.py": 'PATTERN = "\\d"\nassert (1, "")\n'})), HERE)


def unmet(folder: Path, modules: dict[str, str]) -> list[str]:
    """Return the imports that would fail, by module and line."""
    files = code_files(write(folder, modules))
    packed = {*files, "fulfillment/__init__.py", "typing_extensions.py", "fast.cpython-313.so"}
    found = unmet_imports(files, packed)
    return [each.removeprefix(f"{folder}/").partition(" is neither")[0] for each in found]


def test_an_import_that_nothing_provides_is_named(tmp_path: Path) -> None:
    source = f"import os, requestz\nfrom orderz.prices import PRICES\n{HANDLER}"
    assert unmet(tmp_path, {"my_bot.py": source}) == [
        "my_bot.py, line 1: requestz",
        "my_bot.py, line 2: orderz",
    ]


def test_imports_are_followed_from_the_handler(tmp_path: Path) -> None:
    found = unmet(
        tmp_path,
        {
            "my_bot.py": f"from shop import prices\nimport my_bot\n{HANDLER}",
            "shop/__init__.py": "from .texts import hello\n",
            "shop/prices.py": "from . import rates\n",
            "shop/rates.py": "import ratez\n",
            "shop/texts.py": "import textz\n",
            "shop/tools.py": "import toolz\n",
            "seed.py": "import seedz\n",
        },
    )
    assert sorted(found) == ["shop/rates.py, line 1: ratez", "shop/texts.py, line 1: textz"]


def test_what_the_zip_or_lambda_has_is_no_problem(tmp_path: Path) -> None:
    source = (
        "import boto3, dateutil.tz, annotationlib, fast, xml.etree\n"
        "from fulfillment import Bot\nfrom typing_extensions import Self\n"
    )
    assert not unmet(tmp_path, {"my_bot.py": source + HANDLER})


def test_what_may_never_be_imported_is_no_problem(tmp_path: Path) -> None:
    source = """\
if TYPE_CHECKING:
    import typez
try:
    import orjson
except ImportError:
    orjson = None


def seed():
    import seedz
"""
    assert not unmet(tmp_path, {"my_bot.py": source + HANDLER})
    assert not unmet(tmp_path, {"my_bot.py": "import otherz\n"})


def test_modules_with_a_handler_are_found(tmp_path: Path) -> None:
    names = ["shop/__init__.py", "my_bot.py", "my-bot.py"]
    files = code_files(write(tmp_path, dict.fromkeys(names, HANDLER) | {"a.py": "b = 1"}))
    assert with_handler(files) == ["my_bot", "shop"]
