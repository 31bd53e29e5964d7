from __future__ import annotations

import pytest

from fulfillment.errors import SettingsError
from fulfillment.settings import DEFAULT_MODEL_ID, Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environ({}) == Settings()


def test_an_empty_variable_is_unset() -> None:
    names = (
        "MODEL_ID FALLBACK_MODEL_IDS MODEL_FIELDS SYSTEM_PROMPT MAX_TOKENS STREAMING_ENDPOINT"
        " SESSION_TABLE TURN_SECONDS FLUSH_INTERVAL_SECONDS ALLOW_HTML ALLOW_PICTURES WAITING_TEXT"
        " MAX_RESPONSE_BYTES MAX_MESSAGE_CHARACTERS GUARDRAIL_ID GUARDRAIL_VERSION"
        " GUARDRAIL_MODE TEMPERATURE TOP_P PROMPT_CACHE_TTL PLAIN_FRAMES"
    )
    assert Settings.from_environ(dict.fromkeys(names.split(), " ")) == Settings()


def test_every_variable_is_read() -> None:
    settings = Settings.from_environ(
        {
            "MODEL_ID": "us.anthropic.claude-sonnet-5-5",
            "FALLBACK_MODEL_IDS": "one, two,",
            "MODEL_FIELDS": '{"top_k": 5}',
            "SYSTEM_PROMPT": "Be brief.",
            "GUARDRAIL_ID": "gr1",
            "GUARDRAIL_VERSION": "2",
            "GUARDRAIL_MODE": "async",
            "MAX_TOKENS": "300",
            "TEMPERATURE": "0",
            "TOP_P": "0.9",
            "PROMPT_CACHE_TTL": "1h",
            "STREAMING_ENDPOINT": "https://abc.execute-api.eu-west-1.amazonaws.com/Prod/",
            "SESSION_TABLE": "sessions",
            "TURN_SECONDS": "20.5",
            "FLUSH_INTERVAL_SECONDS": "0",
            "ALLOW_HTML": "TRUE",
            "ALLOW_PICTURES": "true",
            "PLAIN_FRAMES": "true",
            "WAITING_TEXT": "Thinking…",
            "MAX_RESPONSE_BYTES": "20000",
            "MAX_MESSAGE_CHARACTERS": "1000",
        }
    )
    assert settings == Settings(
        model_id="us.anthropic.claude-sonnet-5-5",
        fallback_model_ids=("one", "two"),
        model_fields={"top_k": 5},
        system_prompt="Be brief.",
        guardrail_id="gr1",
        guardrail_version="2",
        guardrail_mode="async",
        max_tokens=300,
        temperature=0.0,
        top_p=0.9,
        prompt_cache_ttl="1h",
        streaming_endpoint="https://abc.execute-api.eu-west-1.amazonaws.com/Prod",
        session_table="sessions",
        turn_seconds=20.5,
        flush_interval_seconds=0,
        allow_html=True,
        allow_pictures=True,
        plain_frames=True,
        waiting_text="Thinking…",
        max_response_bytes=20_000,
        max_message_characters=1_000,
    )


@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("TURN_SECONDS", "abc", "a number from 1 to 30"),
        ("TURN_SECONDS", "31", "a number from 1 to 30"),
        ("TURN_SECONDS", "nan", "a number from 1 to 30"),
        ("MAX_TOKENS", "1.5", "a whole number from 1"),
        ("MAX_TOKENS", "0", "a whole number from 1"),
        ("FLUSH_INTERVAL_SECONDS", "-1", "a number from 0 to 10"),
        ("TEMPERATURE", "1.1", "a number from 0 to 1"),
        ("TOP_P", "nan", "a number from 0 to 1"),
        ("PROMPT_CACHE_TTL", "10m", "5m or 1h"),
        ("GUARDRAIL_MODE", "both", "sync or async"),
        ("ALLOW_HTML", "perhaps", "true or false"),
        ("MODEL_FIELDS", "[1]", "a JSON object"),
        ("MODEL_FIELDS", "{", "a JSON object"),
        ("MODEL_FIELDS", '{"a":' * 200 + "1" + "}" * 200, "50 deep"),
        ("MODEL_FIELDS", "[" * 20_000, "a JSON object"),
        ("MODEL_FIELDS", '{"a": 1e999}', "a JSON object"),
        ("STREAMING_ENDPOINT", "wss://abc.execute-api.x.amazonaws.com/Prod", "https://"),
        ("STREAMING_ENDPOINT", "https:///Prod", "https://"),
        ("STREAMING_ENDPOINT", "https://a b/Prod", "https://"),
        ("STREAMING_ENDPOINT", "https://[::1", "https://"),
        ("STREAMING_ENDPOINT", "https://[1:2]/Prod", "https://"),
        ("STREAMING_ENDPOINT", "https://a1.execute-api.eu-west-1.amazonaws.com/", "no stage"),
        ("STREAMING_ENDPOINT", "https://a1.execute-api.us-east-1.amazonaws.com/@connections", ""),
        ("STREAMING_ENDPOINT", "https://api.example:70000/Prod", "https://"),
        ("STREAMING_ENDPOINT", "https://api.example:0/Prod", "https://"),
        ("STREAMING_ENDPOINT", "https://exa mple.com", "https://"),
    ],
)
def test_a_wrong_value_names_the_variable_and_what_it_takes(
    name: str, value: str, takes: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({name: value})
    assert name in str(caught.value)
    assert takes in str(caught.value)


@pytest.mark.parametrize(
    ("endpoint", "table", "can_stream"),
    [
        ("https://x/Prod", "sessions", True),
        ("https://x/Prod", "", False),
        ("", "sessions", False),
    ],
)
def test_streaming_needs_an_endpoint_and_a_table(
    endpoint: str, table: str, can_stream: bool
) -> None:
    environ = {"STREAMING_ENDPOINT": endpoint, "SESSION_TABLE": table}
    assert Settings.from_environ(environ).can_stream is can_stream


def test_the_default_model_is_a_global_inference_profile() -> None:
    assert Settings().model_id == DEFAULT_MODEL_ID == "global.anthropic.claude-haiku-5-5"


@pytest.mark.parametrize("end", ["", "/", "/@connections", "/@connections/"])
def test_an_endpoint_may_be_written_as_the_console_shows_it(end: str) -> None:
    stage = "https://a1.execute-api.eu-west-1.amazonaws.com/Prod"
    assert Settings.from_environ({"STREAMING_ENDPOINT": stage + end}).streaming_endpoint == stage
