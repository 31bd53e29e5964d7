"""The fulfillment Lambda's settings: each parameter reaches the code that reads it."""

from __future__ import annotations

import re

import pytest

from fulfillment.settings import Settings
from tests.evaluator import TEMPLATES, Refused, source
from tests.websocket_stack.cloudformation.fulfillment_stack import (
    FORGETFUL,
    NAME,
    STREAMING,
    evaluated,
    settings,
    variables,
)

EVERYTHING_ELSE = STREAMING | {
    "ModelId": "eu.some.model",
    "FoundationModelId": "some.model",
    "FallbackModelIds": "another.model",
    "FallbackModelArns": "arn:aws:bedrock:*::foundation-model/another.model",
    "GuardrailId": "gr1",
    "GuardrailVersion": "2",
    "GuardrailMode": "async",
    "PromptCacheTtl": "5m",
    "SystemPrompt": "Be brief.",
    "MaxTokens": "77",
    "TurnSeconds": "20",
    "FlushIntervalSeconds": "0.5",
    "WaitingText": "One moment\u2026",
    "AllowHtml": "true",
    "AllowPictures": "true",
    "PlainFrames": "true",
    "MemorySeconds": "3600",
}


# Not offered in the console: JSON, names that are not known beforehand, what current models refuse,
# and limits that hardly need a change.
NOT_OFFERED = {
    "model_fields",
    "system_prompts",
    "temperature",
    "top_p",
    "max_response_bytes",
    "max_message_characters",
    "memory_turns",
    "memory_tokens",
}


def test_defaults_are_the_lambdas_own() -> None:
    assert settings(evaluated(**FORGETFUL)) == Settings()
    assert settings(evaluated()) == Settings(conversation_table="<ConversationTable>")


def test_every_parameter_reaches_its_setting() -> None:
    assert settings(evaluated(**EVERYTHING_ELSE)) == Settings(
        model_id="eu.some.model",
        fallback_model_ids=("another.model",),
        guardrail_id="gr1",
        guardrail_version="2",
        guardrail_mode="async",
        prompt_cache_ttl="5m",
        system_prompt="Be brief.",
        max_tokens=77,
        streaming_endpoint="https://abc123.execute-api.eu-central-1.amazonaws.com/Prod",
        session_table="chat-sessions",
        turn_seconds=20.0,
        flush_interval_seconds=0.5,
        waiting_text="One moment\u2026",
        conversation_table="<ConversationTable>",
        memory_seconds=3600,
        allow_html=True,
        allow_pictures=True,
        plain_frames=True,
    )


@pytest.mark.parametrize(
    ("parameter", "setting"),
    [
        ("ModelId", "model_id"),
        ("FallbackModelIds", "fallback_model_ids"),
        ("GuardrailId", "guardrail_id"),
        ("GuardrailVersion", "guardrail_version"),
        ("GuardrailMode", "guardrail_mode"),
        ("PromptCacheTtl", "prompt_cache_ttl"),
        ("SystemPrompt", "system_prompt"),
        ("MaxTokens", "max_tokens"),
        ("TurnSeconds", "turn_seconds"),
        ("FlushIntervalSeconds", "flush_interval_seconds"),
        ("WaitingText", "waiting_text"),
        ("AllowHtml", "allow_html"),
        ("AllowPictures", "allow_pictures"),
        ("PlainFrames", "plain_frames"),
        ("MemorySeconds", "memory_seconds"),
    ],
)
def test_a_parameter_changes_its_own_setting_alone(parameter: str, setting: str) -> None:
    before = settings(evaluated())
    after = settings(evaluated(**{parameter: EVERYTHING_ELSE[parameter]}))
    changed = {name for name in Settings._fields if getattr(after, name) != getattr(before, name)}
    assert changed == {setting}


@pytest.mark.parametrize("prompt", ["a" * 2000, "\u3042" * 900, "\u00e9" * 400 + "a\n" * 800])
def test_the_longest_texts_fit_into_the_environment(prompt: str) -> None:
    texts = {"SystemPrompt": prompt, "WaitingText": "\u2026" * 80, "FallbackModelIds": "m" * 300}
    environment = variables(evaluated(**STREAMING, **texts))
    assert environment["SYSTEM_PROMPT"] == prompt
    assert sum(len((name + value).encode()) for name, value in environment.items()) <= 4096


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("SystemPrompt", "a" * 2001),
        ("SystemPrompt", "\u3042" * 901),
        ("SystemPrompt", "\u00e9" * 401 + "a" * 1599),
        ("SystemPrompt", "\U0001f600" * 901),
        ("WaitingText", "a" * 81),
        ("FallbackModelIds", "m" * 301),
    ],
)
def test_a_text_that_may_not_fit_is_refused_before_anything_is_made(
    parameter: str, value: str
) -> None:
    with pytest.raises(Refused, match=parameter):
        evaluated(**{parameter: value})


def test_settings_are_parameters_with_few_exceptions() -> None:
    changed, default = settings(evaluated(**EVERYTHING_ELSE)), Settings()
    kept = {name for name in Settings._fields if getattr(changed, name) == getattr(default, name)}
    assert kept == NOT_OFFERED


def test_the_docs_map_parameters_to_settings() -> None:
    text = (TEMPLATES.parent / "docs/reference/parameters.md").read_text("utf-8")
    _, _, section = text.partition("\n## Settings of the Lambda\n")
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", section.partition("\n## ")[0], re.MULTILINE)
    parameters, settings_ = (
        {name for row in rows for name in re.findall(pattern, row[column])}
        for column, pattern in ((0, "`([^`]+)`"), (1, "`([A-Z_]+)`"))
    )
    assert parameters <= source(NAME)["Parameters"].keys()
    # All but where to stream to, which is not for people to set.
    wired = {"STREAMING_ENDPOINT", "SESSION_TABLE"}
    assert settings_ | wired == {
        name for name in variables(evaluated()) if not name.startswith("POWERTOOLS_")
    }


@pytest.mark.parametrize("name", sorted(variables(evaluated())))
def test_every_variable_is_read(name: str) -> None:
    if name.startswith("POWERTOOLS_"):
        return  # read by Powertools; see test_monitoring
    environment = variables(evaluated(**EVERYTHING_ELSE))
    without = {key: value for key, value in environment.items() if key != name}
    assert Settings.from_environ(without) != Settings.from_environ(environment)


@pytest.mark.parametrize("bound", ["MinValue", "MaxValue"])
@pytest.mark.parametrize(
    "name", ["MaxTokens", "TurnSeconds", "FlushIntervalSeconds", "MemorySeconds"]
)
def test_the_lambda_takes_every_number(name: str, bound: str) -> None:
    value = source(NAME)["Parameters"][name][bound]
    assert settings(evaluated(**{name: str(value)}))


@pytest.mark.parametrize(
    ("parameter", "setting"),
    [("GuardrailMode", "guardrail_mode"), ("PromptCacheTtl", "prompt_cache_ttl")],
)
def test_the_lambda_takes_every_choice(parameter: str, setting: str) -> None:
    for value in source(NAME)["Parameters"][parameter]["AllowedValues"]:
        assert getattr(settings(evaluated(**{parameter: value})), setting) == value
