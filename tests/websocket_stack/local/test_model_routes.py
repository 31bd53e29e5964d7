"""The model behind the stack, for each choice."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from websocket_stack.command_line import CommandFailed
from websocket_stack.local.model_routes import model_routes, named_after

pytestmark = pytest.mark.slow

OPENAI = {"OPENAI_MODEL": "llama", "OPENAI_API_KEY": "key"}


def paths_of(name: str, environ: Mapping[str, str] = OPENAI) -> list[str]:
    return [route.path for route in model_routes(name, environ)]  # type: ignore[attr-defined]


def test_demo_and_openai_have_the_same_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")

    assert paths_of("demo") == paths_of("openai")
    assert "/model/{model_id:path}/converse-stream" in paths_of("demo")
    assert "/retrieveAndGenerateStream" in paths_of("demo")


def test_bedrock_is_forwarded_to() -> None:
    assert paths_of("bedrock") == [
        "/model/{rest:path}",
        "/retrieveAndGenerateStream",
        "/agents/{rest:path}",
    ]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "set OPENAI_MODEL to the model's name at your server"),
        (
            {"OPENAI_MODEL": "llama"},
            "set OPENAI_API_KEY (any text, if your server asks for none)",
        ),
    ],
)
def test_a_missing_setting_of_openai_is_named(environ: dict[str, str], message: str) -> None:
    with pytest.raises(CommandFailed) as failed:
        model_routes("openai", environ)
    assert str(failed.value) == message


@pytest.mark.parametrize(
    ("name", "environ", "model_id"),
    [
        ("demo", {}, "demo"),
        ("demo", {"MODEL_ID": "mine"}, "mine"),
        ("openai", {"OPENAI_MODEL": "llama"}, "llama"),
        ("bedrock", {}, None),
    ],
)
def test_the_log_names_the_model_that_answers(
    name: str, environ: dict[str, str], model_id: str | None
) -> None:
    assert named_after(name, environ).get("MODEL_ID") == model_id


def test_bedrock_needs_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    with pytest.raises(CommandFailed, match="no AWS credentials found"):
        model_routes("bedrock", {})
