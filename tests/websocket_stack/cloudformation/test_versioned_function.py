"""A function from a zip: its versions and its alias, as the fulfillment Lambda has them."""

from __future__ import annotations

import pytest

from tests.evaluator import Refused
from tests.websocket_stack.cloudformation.fulfillment_stack import FORGETFUL, STREAMING, evaluated


def test_it_runs_on_arm_by_default() -> None:
    function = evaluated().properties("Fulfillment")
    assert function["Architectures"] == ["arm64"]
    assert function["Runtime"] == "python3.13"
    assert evaluated(Architecture="x86_64").properties("Fulfillment")["Architectures"] == ["x86_64"]


def test_the_code_is_the_zip_that_was_given() -> None:
    assert evaluated().properties("Fulfillment")["Code"] == {
        "S3Bucket": "artifacts",
        "S3Key": "code/0123abcd.zip",
    }


def version(**given: str) -> str:
    name: str = evaluated(**given).properties("FulfillmentVersion")["Description"]
    return name


@pytest.mark.parametrize(
    "given",
    [
        {"Revision": "2"},
        {"CodeKey": "code/4567ef.zip"},
        STREAMING | {"AllowStreamingResponses": "false"},
        STREAMING | {"WebSocketId": "def456"},
        FORGETFUL,
    ],
)
def test_changes_publish_a_version(given: dict[str, str]) -> None:
    assert version(**STREAMING | given) != version(**STREAMING)


def test_a_new_version_changes_the_function_too() -> None:
    # Lambda refuses to publish a version of a function that is as it was.
    for given in ({}, STREAMING, FORGETFUL, {"Revision": "2"}, {"CodeKey": "code/4567ef.zip"}):
        function = evaluated(**given).properties("Fulfillment")
        assert function["Description"].endswith(version(**given))


def test_the_longest_names_fit_a_description() -> None:
    longest = {"Revision": "r" * 64, "CodeKey": "k" * 128} | STREAMING
    # https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
    assert len(evaluated(**longest).properties("Fulfillment")["Description"]) <= 256
    with pytest.raises(Refused, match="CodeKey"):
        evaluated(CodeKey="k" * 129)


def test_the_alias_is_at_the_last_version() -> None:
    alias = evaluated().properties("LiveAlias")
    assert alias["FunctionVersion"] == "<FulfillmentVersion.Version>"
    assert alias["FunctionName"] == "<Fulfillment>"


def test_unless_asked_for_nothing_is_kept_warm() -> None:
    stack = evaluated()
    assert "SnapStart" not in stack.properties("Fulfillment")
    assert "ProvisionedConcurrencyConfig" not in stack.properties("LiveAlias")


def test_snapstart_is_for_published_versions() -> None:
    assert evaluated(SnapStart="true").properties("Fulfillment")["SnapStart"] == {
        "ApplyOn": "PublishedVersions"
    }


def test_provisioned_concurrency_is_the_aliass() -> None:
    assert evaluated(ProvisionedConcurrency="3").properties("LiveAlias")[
        "ProvisionedConcurrencyConfig"
    ] == {"ProvisionedConcurrentExecutions": "3"}


def test_snapstart_wins_over_warm_instances() -> None:
    stack = evaluated(SnapStart="true", ProvisionedConcurrency="3")
    assert "SnapStart" in stack.properties("Fulfillment")
    assert "ProvisionedConcurrencyConfig" not in stack.properties("LiveAlias")


def test_concurrency_may_be_reserved() -> None:
    reserved = evaluated(ReservedConcurrency="5").properties("Fulfillment")
    assert reserved["ReservedConcurrentExecutions"] == "5"
    assert "ReservedConcurrentExecutions" not in evaluated().properties("Fulfillment")
