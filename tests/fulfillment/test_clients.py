from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from fulfillment.clients import Resources, api_gateway_channel, session
from fulfillment.errors import ModelError
from fulfillment.memory.dynamodb import ConversationTable
from fulfillment.models.base import Message, Prompt
from fulfillment.models.fallback import FallbackModel
from fulfillment.testing import ScriptedModel
from tests.aws_stub import RawBody, response
from tests.fakes import FakeMemory

ENDPOINT = "https://abc123.execute-api.us-east-1.amazonaws.com/Prod"
STREAMING = {"STREAMING_ENDPOINT": ENDPOINT, "SESSION_TABLE": "sessions"}
PROMPT = Prompt((Message("user", "Hi"),))


@pytest.fixture
def clients() -> Iterator[list[Any]]:
    """The services that clients are made of, in order, as they are made."""
    services = []
    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION.events.register(
        "creating-client-class", lambda event_name, **_: services.append(event_name.split(".")[1])
    )
    yield services
    boto3.setup_default_session()


def models_of(resources: Resources) -> Sequence[Any]:
    """Return the models that are asked in turn, with their clients."""
    model: Any = resources.model
    return list(model._models)


def browser_of(resources: Resources) -> tuple[Any, Any]:
    """Return the addresses and the channel, with their clients."""
    assert resources.browser
    return resources.browser()


def test_what_the_model_needs_is_made_first(clients: list[Any]) -> None:
    """Each client costs a cold start some milliseconds; the browser's are made meanwhile."""
    resources = Resources.from_environ(STREAMING)
    assert clients == ["bedrock-runtime"]
    assert resources.browser
    addresses, channel = resources.browser()
    assert clients == ["bedrock-runtime", "dynamodb", "apigatewaymanagementapi"]
    assert resources.browser() == (addresses, channel)
    assert len(clients) == 3


def test_a_model_that_is_told_of_earlier_turns_needs_the_table(clients: list[Any]) -> None:
    resources = Resources.from_environ(STREAMING | {"CONVERSATION_TABLE": "talks"})
    assert sorted(clients) == ["bedrock-runtime", "dynamodb"]
    addresses, _ = browser_of(resources)
    memory: Any = resources.memory
    assert addresses._client is memory._client
    assert sorted(clients) == ["apigatewaymanagementapi", "bedrock-runtime", "dynamodb"]


def test_no_client_is_made_for_what_a_bot_has_itself(clients: list[Any]) -> None:
    own, memory = ScriptedModel("Hello."), FakeMemory()
    environ = STREAMING | {"CONVERSATION_TABLE": "talks"}
    resources = Resources.from_environ(environ, model=own, memory=memory)
    assert (resources.model, resources.memory) == (own, memory)
    assert clients == []
    # Nothing would ever say that its request has left.
    assert resources.model_asked is None


def test_several_models_share_a_client(clients: list[Any]) -> None:
    Resources.from_environ({"FALLBACK_MODEL_IDS": "second,third"})
    assert clients == ["bedrock-runtime"]


@pytest.mark.parametrize("environ", [{}, {"SESSION_TABLE": "t"}, {"STREAMING_ENDPOINT": ENDPOINT}])
def test_without_endpoint_and_table_nothing_streams(environ: dict[str, str]) -> None:
    assert Resources.from_environ(environ).browser is None


def test_the_browser_is_reached_by_the_settings() -> None:
    addresses, channel = browser_of(Resources.from_environ(STREAMING))
    assert channel._client.meta.endpoint_url == ENDPOINT
    assert addresses._name == "sessions"


def test_a_request_on_its_way_is_noticed() -> None:
    resources = Resources.from_environ({})
    noticed = []
    asked = resources.model_asked
    assert asked

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        noticed.append(asked.is_set())
        headers = {"x-amzn-ErrorType": "AccessDeniedException"}
        return response(request.url, 403, headers, RawBody([]))

    models_of(resources)[0]._client.meta.events.register_last("before-send", send)
    assert not asked.is_set()
    with pytest.raises(ModelError):
        list(resources.model.ask(PROMPT))
    assert noticed == [True]


def test_without_a_table_nothing_is_remembered() -> None:
    assert Resources.from_environ(STREAMING).memory is None
    assert Resources.from_environ({}).memory is None


@pytest.mark.parametrize("environ", [{}, STREAMING])
def test_the_environment_names_the_memorys_table(environ: dict[str, str]) -> None:
    environ = environ | {"CONVERSATION_TABLE": "talks", "MEMORY_SECONDS": "600"}
    resources = Resources.from_environ(environ)
    table = resources.memory
    assert isinstance(table, ConversationTable)
    assert (table._name, table._keep_seconds) == ("talks", 600)
    assert (resources.browser is None) == (environ.get("SESSION_TABLE") is None)


def test_no_client_waits_longer_than_a_turn_can_bear() -> None:
    resources = Resources.from_environ(STREAMING)
    addresses, channel = browser_of(resources)
    configs = [
        models_of(resources)[0]._client.meta.config,
        addresses._client.meta.config,
        channel._client.meta.config,
    ]
    for config, attempts, seconds in zip(configs, (1, 2, 1), (25, 1, 2), strict=True):
        assert config.retries["total_max_attempts"] == attempts
        assert config.connect_timeout <= 2
        assert config.read_timeout == seconds
        assert config.tcp_keepalive


def test_fallback_models_are_asked_in_order() -> None:
    environ = {"MODEL_ID": "first", "FALLBACK_MODEL_IDS": "second,third"}
    resources = Resources.from_environ(environ)
    assert isinstance(resources.model, FallbackModel)
    assert [each._model_id for each in models_of(resources)] == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("environ", "mode"), [({}, "sync"), ({"GUARDRAIL_MODE": "async"}, "async")]
)
def test_a_guardrail_has_an_id_version_and_mode(environ: dict[str, str], mode: str) -> None:
    assert requested(environ | {"GUARDRAIL_ID": "gr1", "GUARDRAIL_VERSION": "2"}) == [
        {
            "guardrailIdentifier": "gr1",
            "guardrailVersion": "2",
            "streamProcessingMode": mode,
        }
    ]


def test_a_mode_alone_asks_for_no_guardrail() -> None:
    assert requested({"GUARDRAIL_MODE": "async"}) == [None]


def test_a_prompt_is_cached_as_the_setting_says() -> None:
    model = models_of(Resources.from_environ({"PROMPT_CACHE_TTL": "1h"}))[0]
    (message,) = model._request(PROMPT)["messages"]
    assert message["content"][-1] == {"cachePoint": {"type": "default", "ttl": "1h"}}


def requested(environ: Mapping[str, str]) -> list[dict[str, str] | None]:
    """Return the guardrail that each model's request has."""
    models = models_of(Resources.from_environ(environ))
    return [model._request(PROMPT).get("guardrailConfig") for model in models]


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("https://abc123.execute-api.eu-west-1.amazonaws.com/Prod", "eu-west-1"),
        ("https://abc123.execute-api.cn-north-1.amazonaws.com.cn/Prod", "cn-north-1"),
        ("https://chat.example.com/Prod", "us-east-1"),
        ("https://execute-api.eu-west-1.amazonaws.com.evil.example/Prod", "us-east-1"),
    ],
)
def test_an_api_is_signed_for_where_it_is(endpoint: str, region: str) -> None:
    make_client, _ = session()
    channel: Any = api_gateway_channel(make_client, "us-east-1", endpoint)
    assert channel._client.meta.region_name == region
