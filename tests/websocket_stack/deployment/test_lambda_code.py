"""A deployment never takes a builder's code away."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.websocket_stack.deployment.cloudformation_fakes import refusal
from tests.websocket_stack.deployment.source_trees import failure, write
from websocket_stack.deployment import lambda_code
from websocket_stack.deployment.build.requirements import Platform

DEFAULT = "fulfillment.handler.lambda_handler"
OWN = "my_bot.lambda_handler"
DEPLOYED = {"CodeBucket": "bucket", "CodeKey": "key"}


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as opened:
        for name in names:
            opened.writestr(name, "lambda_handler = bot.lambda_handler")
    return buffer.getvalue()


STORED = {("bucket", "key"): archive("my_bot.py", "fulfillment/handler.py")}


@pytest.fixture
def choose(tmp_path: Path) -> Any:
    """Chooses code; the zip that is built holds the library and the files of one's own."""

    def build(code: Sequence[Path]) -> Path:
        path = tmp_path / "built.zip"
        path.write_bytes(archive("fulfillment/handler.py", *(each.name for each in code)))
        return path

    def call(handler: str, *code: str, previous: Any = DEPLOYED, stored: Any = STORED) -> Any:
        def download(bucket: str, key: str) -> bytes:
            body: bytes = stored[bucket, key]
            return body

        needed = lambda_code.needs_of({"Handler": handler})
        return lambda_code.choose(needed, [Path(each) for each in code], build, previous, download)

    return call


def test_the_library_is_always_built(choose: Any) -> None:
    assert choose(DEFAULT, previous={})
    assert choose(DEFAULT)


def test_own_code_is_built_when_it_is_given(choose: Any) -> None:
    assert choose(OWN, "my_bot.py")


def test_own_code_stays_when_none_is_given(choose: Any) -> None:
    assert choose(OWN) == STORED["bucket", "key"]


def test_a_handler_without_code_is_refused(choose: Any) -> None:
    message = failure(lambda: choose(OWN, previous={}))
    assert message == "Handler=my_bot.lambda_handler needs the folder of my_bot: add --code PATH"


def test_code_without_the_handler_is_refused(choose: Any) -> None:
    assert "is not in the zip" in failure(lambda: choose(OWN, "other.py"))


def test_another_handler_needs_its_code(choose: Any) -> None:
    assert "is not in the stack's code" in failure(lambda: choose("other.handler"))


@pytest.mark.parametrize("code", [["my_bot.py"], []])
def test_a_misspelt_function_is_refused(choose: Any, code: list[str]) -> None:
    message = failure(lambda: choose("my_bot.lambda_handlr", *code))
    assert message == (
        "Handler=my_bot.lambda_handlr: my_bot has no lambda_handlr; is lambda_handler meant?"
    )


def test_code_that_would_not_be_called_is_refused(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "my_shop.py": "lambda_handler = bot.lambda_handler",
            "shops/__init__.py": "from my_shop import lambda_handler",
            "lamps.py": "LAMPS = 3",
        },
    )

    def check(handler: str = DEFAULT, folder: Path = tmp_path, **wanted: str) -> None:
        lambda_code.check_called({"Handler": handler}, wanted, [folder])

    assert failure(check) == (
        f"Handler={DEFAULT} would not call your code; add --set Handler=my_shop.lambda_handler"
        " or --set Handler=shops.lambda_handler"
    )
    check(Handler=DEFAULT)
    check("my_shop.lambda_handler")
    check(folder=tmp_path / "lamps.py")
    lambda_code.check_called({}, {}, [tmp_path])


def test_code_that_cannot_be_read_is_refused(choose: Any) -> None:
    class Gone:
        def __getitem__(self, key: object) -> bytes:
            raise refusal("", "NoSuchKey")

    assert "(NoSuchKey); give --code PATH again" in failure(lambda: choose(OWN, stored=Gone()))


def test_tokens_need_what_verifies_them() -> None:
    assert lambda_code.needs_of({"SignIn": "JWT"}) == {"jwt": "SignIn=JWT"}
    assert lambda_code.needs_of({"SignIn": "AWS_IAM", "Handler": OWN}) == {
        "my_bot": f"Handler={OWN}"
    }
    assert lambda_code.needs_of({}) == {}


@pytest.mark.parametrize("handler", ["my_bot", "my_bot.", ".lambda_handler"])
def test_a_handler_is_a_module_and_its_function(handler: str) -> None:
    message = failure(lambda_code.needs_of, {"Handler": handler})
    assert message == f"Handler={handler} is not MODULE.FUNCTION"


COMPILED = archive("my_bot.py", "lib/fast.cpython-313-aarch64-linux-gnu.so")


@pytest.mark.parametrize("platform", [Platform("python3.14"), Platform(architecture="x86_64")])
def test_compiled_packages_stay_on_their_platform(platform: Any) -> None:
    lambda_code.check_platform(COMPILED, Platform(), Platform())
    lambda_code.check_platform(STORED["bucket", "key"], Platform(), platform)
    message = failure(lambda_code.check_platform, COMPILED, Platform(), platform)
    assert message == (
        "the stack's code has packages for python3.13 on arm64; give --code PATH again"
    )
