"""What commands say and ask, and how they fail."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    UnauthorizedSSOTokenError,
)

from websocket_stack.command_line import (
    CommandFailed,
    Console,
    explaining_aws_errors,
    explanation,
    print_error,
    table,
)


@pytest.mark.parametrize(
    ("answer", "goes_on"), [("y", True), ("YES ", True), ("", False), ("n", False), ("yep", False)]
)
def test_only_yes_is_yes(answer, goes_on) -> None:
    assert Console(ask=lambda question: answer).confirms("Go on?") is goes_on


def test_yes_in_advance_asks_nothing() -> None:
    def ask(question: str) -> str:
        raise AssertionError(question)

    assert Console(yes=True, ask=ask).confirms("Go on?")


def test_no_terminal_means_no() -> None:
    def ask(question: str) -> str:
        raise EOFError

    lines: list[str] = []
    assert not Console(say=lines.append, ask=ask).confirms("Go on?")
    assert lines == ["nobody to ask; --yes goes on without asking"]


def test_lines_and_errors_go_to_their_own_streams(capsys) -> None:
    Console().say("a line")
    print_error("deploy", "it went wrong")

    assert capsys.readouterr() == ("a line\n", "deploy: it went wrong\n")


def test_columns_are_aligned() -> None:
    """And lines end with their text."""
    assert table([("a", "long", "x"), ("bcd", "s", "")]) == ["a    long  x", "bcd  s"]
    assert table([]) == []


# --- AWS


def refusal(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NoCredentialsError(), "no AWS credentials found; set AWS_PROFILE"),
        (NoRegionError(), "no region; give --region or set AWS_REGION"),
        (UnauthorizedSSOTokenError(), "run aws sso login"),
        (ProfileNotFound(profile="mine"), "The config profile (mine) could not be found"),
        (refusal("ExpiredToken"), "the AWS credentials have expired"),
        (refusal("InvalidClientTokenId"), "does not take these credentials in eu-nowhere-1"),
        (refusal("AccessDenied", "User may\nnot"), "DescribeStacks: AccessDenied: User may not"),
        (refusal("410"), "DescribeStacks: 410"),
    ],
)
def test_each_error_is_one_line_of_advice(error, message) -> None:
    line = explanation(error, "eu-nowhere-1")

    assert message in line
    assert "\n" not in line


def test_no_address_of_a_region_is_printed() -> None:
    error = EndpointConnectionError(endpoint_url="https://cloudformation.eu-nowhere-1.x/?X-Amz=1")

    assert "is the region 'eu-nowhere-1' right?" in explanation(error, "eu-nowhere-1")
    assert "X-Amz" not in explanation(error, "eu-nowhere-1")


def test_botocores_errors_fail_the_command() -> None:
    with pytest.raises(CommandFailed, match="no AWS credentials"), explaining_aws_errors(None):
        raise NoCredentialsError
