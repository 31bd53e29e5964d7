import pytest

from fulfillment.clients import Resources
from fulfillment.memory.dynamodb import ConversationTable
from fulfillment.models.base import Message, Prompt
from fulfillment.models.fallback import FallbackModel

ENDPOINT = "https://abc123.execute-api.us-east-1.amazonaws.com/Prod"
STREAMING = {"STREAMING_ENDPOINT": ENDPOINT, "SESSION_TABLE": "sessions"}
PROMPT = Prompt((Message("user", "Hi"),))


def test_without_an_endpoint_or_a_table_there_is_nothing_to_stream_with():
    for environ in ({}, {"SESSION_TABLE": "t"}, {"STREAMING_ENDPOINT": ENDPOINT}):
        resources = Resources.from_environ(environ)
        assert resources.sessions is None
        assert resources.channel is None


def test_the_channel_posts_to_the_configured_endpoint():
    channel = Resources.from_environ(STREAMING).channel
    assert channel._client.meta.endpoint_url == ENDPOINT


def test_without_a_table_nothing_is_remembered():
    assert Resources.from_environ(STREAMING).memory is None
    assert Resources.from_environ({}).memory is None


@pytest.mark.parametrize("environ", [{}, STREAMING])
def test_conversations_are_kept_in_the_table_that_the_environment_names(environ):
    environ = environ | {"CONVERSATION_TABLE": "talks", "MEMORY_SECONDS": "600"}
    resources = Resources.from_environ(environ)
    table = resources.memory
    assert isinstance(table, ConversationTable)
    assert (table._name, table._keep_seconds) == ("talks", 600)
    assert (resources.channel is None) == (environ.get("SESSION_TABLE") is None)
    if resources.sessions is not None:
        # A client costs a cold start some milliseconds.
        assert table._client is resources.sessions._client


def test_no_client_waits_or_retries_longer_than_a_turn_can_bear():
    resources = Resources.from_environ(STREAMING)
    configs = [
        resources.model._models[0]._client.meta.config,
        resources.sessions._client.meta.config,
        resources.channel._client.meta.config,
    ]
    for config, attempts in zip(configs, (1, 2, 1), strict=True):
        assert config.retries["total_max_attempts"] == attempts
        assert config.connect_timeout + config.read_timeout < 25
        assert config.tcp_keepalive


def test_fallback_models_are_asked_in_order():
    environ = {"MODEL_ID": "first", "FALLBACK_MODEL_IDS": "second,third"}
    model = Resources.from_environ(environ).model
    assert isinstance(model, FallbackModel)
    assert [each._model_id for each in model._models] == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("environ", "mode"), [({}, "sync"), ({"GUARDRAIL_MODE": "async"}, "async")]
)
def test_a_guardrail_is_asked_for_by_id_version_and_mode(environ, mode):
    assert requested(environ | {"GUARDRAIL_ID": "gr1", "GUARDRAIL_VERSION": "2"}) == [
        {
            "guardrailIdentifier": "gr1",
            "guardrailVersion": "2",
            "streamProcessingMode": mode,
        }
    ]


def test_a_mode_alone_asks_for_no_guardrail():
    assert requested({"GUARDRAIL_MODE": "async"}) == [None]


def test_what_was_read_is_kept_as_long_as_the_setting_says():
    model = Resources.from_environ({"PROMPT_CACHE_TTL": "1h"}).model._models[0]
    (message,) = model._request(PROMPT)["messages"]
    assert message["content"][-1] == {"cachePoint": {"type": "default", "ttl": "1h"}}


def requested(environ):
    """Return the guardrail that each model's request has."""
    models = Resources.from_environ(environ).model._models
    return [model._request(PROMPT).get("guardrailConfig") for model in models]
