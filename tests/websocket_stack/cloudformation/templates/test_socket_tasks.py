"""``templates/socket-tasks.yaml``, evaluated: what exists, and what is told of it."""

from __future__ import annotations

import pytest

from tests.evaluator import source
from tests.websocket_stack.cloudformation.tasks_stack import JWT, NAME, RELAYED, REQUIRED, evaluated

NO_SWITCHES = ("AllowStreamingResponses", "CreateBot")


def test_the_code_is_all_that_it_needs() -> None:
    parameters = source(NAME)["Parameters"]
    required = {name for name, parameter in parameters.items() if "Default" not in parameter}
    assert required == REQUIRED.keys()
    assert not parameters.keys() & set(NO_SWITCHES)


def test_clients_sign_in_unless_told_otherwise() -> None:
    assert source(NAME)["Parameters"]["SignIn"]["Default"] == "AWS_IAM"


def test_the_outputs_say_where_to_connect_and_how() -> None:
    outputs = evaluated(StageName="live").outputs
    api = "abc123.execute-api.eu-central-1.amazonaws.com/live"
    assert outputs["WebSocketEndpoint"] == f"wss://{api}"
    assert outputs["SignIn"] == "AWS_IAM"
    assert outputs["ConnectArn"].endswith(":abc123/live/$connect")
    assert "RelayQueueUrl" not in outputs
    assert evaluated(RelayFrames="true").outputs["RelayQueueUrl"] == "<RelayQueue>"


@pytest.mark.parametrize(
    ("title", "metric", "function"),
    [
        ("Errors", "Errors", "Worker"),
        ("Throttles", "Throttles", "Worker"),
        ("UntoldFailures", "DestinationDeliveryFailures", "Worker"),
        ("SubmitErrors", "Errors", "Submit"),
        ("FailuresErrors", "Errors", "Failures"),
        ("SignInDeadlineErrors", "Errors", "SignInDeadline"),
        ("RelayThrottles", "Throttles", "Relay"),
    ],
)
def test_every_function_is_watched(title: str, metric: str, function: str) -> None:
    alarm = evaluated(**JWT, **RELAYED).properties(title)
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", metric)
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": f"<{function}>"}]


def test_a_responder_is_not_late() -> None:
    """Its one frame comes last: the model's first chunk is watched instead."""
    stack = evaluated()
    assert stack.properties("LateFirstChunks")["MetricName"] == "FirstChunkSeconds"
    assert "LateFirstFrames" not in stack.resources
