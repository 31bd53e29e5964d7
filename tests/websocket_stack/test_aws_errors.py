"""What people read when AWS refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from websocket_stack.aws_errors import explaining_aws_errors, explanation
from websocket_stack.command_line import CommandFailed


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
        (ResponseParserError("invalid XML:\n<p>no"), "the answer cannot be read"),
        (refusal("410"), "DescribeStacks: 410"),
    ],
)
def test_each_error_is_one_line_of_advice(error: Any, message: str) -> None:
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
