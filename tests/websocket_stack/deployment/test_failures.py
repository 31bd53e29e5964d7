"""AWS's errors in one line that says what to do."""

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

from websocket_stack.deployment.failures import Failed, explained, explanation


def refused(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")


@pytest.mark.parametrize(
    ("exc", "said"),
    [
        (NoCredentialsError(), "no AWS credentials found; set AWS_PROFILE"),
        (NoRegionError(), "no region; give --region or set AWS_REGION"),
        (UnauthorizedSSOTokenError(), "run aws sso login"),
        (ProfileNotFound(profile="mine"), "The config profile (mine) could not be found"),
        (refused("ExpiredToken"), "the AWS credentials have expired"),
        (refused("InvalidClientTokenId"), "does not take these credentials in eu-nowhere-1"),
        (refused("AccessDenied", "User may\nnot"), "DescribeStacks: AccessDenied: User may not"),
        (refused("410"), "DescribeStacks: 410"),
    ],
)
def test_each_error_says_what_to_do_in_one_line(exc, said) -> None:
    text = explanation(exc, "eu-nowhere-1")

    assert said in text
    assert "\n" not in text


def test_a_region_that_cannot_be_reached_is_named_and_no_address_is() -> None:
    exc = EndpointConnectionError(endpoint_url="https://cloudformation.eu-nowhere-1.x/?X-Amz=1")

    assert "is the region 'eu-nowhere-1' right?" in explanation(exc, "eu-nowhere-1")
    assert "X-Amz" not in explanation(exc, "eu-nowhere-1")


def test_what_botocore_raises_stops_the_script() -> None:
    with pytest.raises(Failed, match="no AWS credentials"), explained():
        raise NoCredentialsError
