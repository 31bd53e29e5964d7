import pytest

from fulfillment.errors import ModelRejected
from fulfillment.models.base import Message, Prompt
from fulfillment.models.bedrock.converse import ConverseModel
from fulfillment.models.bedrock.refusals import reason_of
from tests import aws_stub
from tests.fulfillment.models.stream_server import read

SECRET = "xylophone"


# As Bedrock has answered, by public reports.
@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            "Invocation of model ID anthropic.claude-haiku-5-5 with on-demand throughput isn't"
            " supported. Retry your request with the ID or ARN of an inference profile that"
            " contains this model.",
            "on-demand throughput isn't supported for this model: call it through an inference"
            " profile, with us., eu. or global. before its id",
        ),
        (
            "The provided model identifier is invalid.",
            "there is no model with this id in this Region",
        ),
        (
            "The maximum tokens you requested exceeds the model limit of 4096. Try again with a"
            " maximum tokens value that is lower than 4096.",
            "MAX_TOKENS is above the limit of this model",
        ),
        (
            "You don't have access to the model with the specified model ID.",
            "the account has no access to this model",
        ),
        (
            "The model returned the following errors: `temperature` and `top_p` cannot both be"
            " specified for this model. Please use only one.",
            "this model does not take this temperature or top_p",
        ),
        ("Input is too long for requested model.", "the conversation is too long for this model"),
    ],
)
def test_a_known_cause_is_named(message: str, cause: str) -> None:
    assert reason_of("ValidationException", message) == f"ValidationException: {cause}"


@pytest.mark.parametrize("message", ["", f"malformed: {SECRET}", SECRET])
def test_of_an_unknown_cause_there_is_the_code(message: str) -> None:
    assert reason_of("ValidationException", message) == "ValidationException"


@pytest.mark.parametrize("message", ["", SECRET, f"{SECRET}: temperature"])
def test_nothing_of_bedrocks_message_is_in_the_reason(message: str) -> None:
    client, _ = aws_stub.client(
        "bedrock-runtime", aws_stub.refused(400, "ValidationException", message)
    )
    stream = ConverseModel(client, "m").ask(Prompt((Message("user", "Hi"),)))
    written, error = read(stream)
    assert (written, type(error)) == ("", ModelRejected)
    assert str(error).startswith("ValidationException") and SECRET not in str(error)
