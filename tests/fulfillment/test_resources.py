from fulfillment.models.base import Message, Prompt
from fulfillment.models.retrying import RetryingModel
from fulfillment.resources import Resources

ENDPOINT = "https://abc123.execute-api.us-east-1.amazonaws.com/Prod"
STREAMING = {"STREAMING_ENDPOINT": ENDPOINT, "SESSION_TABLE": "sessions"}


def test_without_an_endpoint_or_a_table_there_is_nothing_to_stream_with():
    for environ in ({}, {"SESSION_TABLE": "t"}, {"STREAMING_ENDPOINT": ENDPOINT}):
        resources = Resources.from_environ(environ)
        assert resources.sessions is None
        assert resources.channel is None


def test_the_channel_posts_to_the_configured_endpoint():
    channel = Resources.from_environ(STREAMING).channel
    assert channel._client.meta.endpoint_url == ENDPOINT


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
    assert isinstance(model, RetryingModel)
    assert [each._model_id for each in model._models] == ["first", "second", "third"]


def test_a_guardrail_is_asked_for_by_id_and_version():
    environ = {"GUARDRAIL_ID": "gr1", "GUARDRAIL_VERSION": "2"}
    (model,) = Resources.from_environ(environ).model._models
    assert model._request(Prompt((Message("user", "Hi"),)))["guardrailConfig"] == {
        "guardrailIdentifier": "gr1",
        "guardrailVersion": "2",
    }
