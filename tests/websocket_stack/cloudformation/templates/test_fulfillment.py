"""``templates/fulfillment.yaml``, evaluated: the Lambda, its versions and its environment."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest

from evaluator import TEMPLATES, Refused, Stack, evaluate, source
from fulfillment.settings import DEFAULT_MODEL_ID, LEX_TIMEOUT_SECONDS, Settings

NAME = "fulfillment"
REQUIRED = {"CodeBucket": "artifacts", "CodeKey": "code/0123abcd.zip"}
STREAMING = {"WebSocketId": "abc123", "SessionTableName": "chat-sessions"}
IN_VPC = {"VpcSubnetId": "subnet-0a1b", "VpcSecurityGroupId": "sg-0a1b"}
STREAMING_SIDS = {"FindTheConnection", "PostFrames"}
FORGETFUL = {"RememberConversations": "false"}

ALWAYS = {
    "Fulfillment",
    "FulfillmentRole",
    "FulfillmentLog",
    "FulfillmentVersion",
    "LiveAlias",
    "Errors",
    "Throttles",
    "FailedTurns",
    "CutTurns",
    "GoneConnections",
    "LateFirstFrames",
    "TurnDashboard",
    "ConversationTable",
}
# Not offered in the console: JSON, names that nobody knows before, what current models refuse, and
# limits that hardly anybody needs to change.
NOT_OFFERED = {
    "model_fields",
    "system_prompts",
    "temperature",
    "top_p",
    "max_response_bytes",
    "max_message_characters",
    "memory_turns",
    "memory_tokens",
}


def evaluated(**given: str) -> Stack:
    return evaluate(NAME, REQUIRED | given)


def variables(stack: Stack) -> dict[str, str]:
    found: dict[str, str] = stack.properties("Fulfillment")["Environment"]["Variables"]
    return found


def settings(stack: Stack) -> Settings:
    """Return what the Lambda makes of the environment that it gets."""
    return Settings.from_environ(variables(stack))


def statements(stack: Stack) -> dict[str, dict[str, Any]]:
    (policy,) = stack.properties("FulfillmentRole")["Policies"]
    return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}


# --- what exists


def test_the_code_is_all_that_it_needs() -> None:
    parameters = source(NAME)["Parameters"]
    required = {name for name, parameter in parameters.items() if "Default" not in parameter}
    assert required == REQUIRED.keys()
    assert evaluated().resources.keys() == ALWAYS


@pytest.mark.parametrize("given", [STREAMING, IN_VPC, {"SnapStart": "true"}])
def test_streaming_vpc_and_snapstart_change_properties_and_no_resources(
    given: dict[str, str],
) -> None:
    assert evaluated(**given).resources.keys() == ALWAYS


def test_the_outputs_are_what_a_bot_of_ones_own_needs() -> None:
    assert evaluated().outputs == {
        # The alias: a version that is published, warm or snapshot, is reached by it alone.
        "FunctionArn": "<LiveAlias>",
        "FunctionRoleArn": "<FulfillmentRole.Arn>",
    }


# --- streaming


def test_with_an_api_and_a_table_it_streams() -> None:
    stack = evaluated(**STREAMING)
    assert settings(stack).streaming_endpoint == (
        "https://abc123.execute-api.eu-central-1.amazonaws.com/Prod"
    )
    assert settings(stack).session_table == "chat-sessions"
    assert settings(stack).can_stream
    assert STREAMING_SIDS <= statements(stack).keys()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"WebSocketId": "abc123"},
        {"SessionTableName": "chat-sessions"},
        STREAMING | {"AllowStreamingResponses": "false"},
    ],
)
def test_else_it_neither_streams_nor_may_it(given: dict[str, str]) -> None:
    stack = evaluated(**given)
    assert variables(stack)["STREAMING_ENDPOINT"] == ""
    assert variables(stack)["SESSION_TABLE"] == ""
    assert not settings(stack).can_stream
    assert not STREAMING_SIDS & statements(stack).keys()
    assert "chat-sessions" not in str(statements(stack))
    assert "execute-api" not in str(statements(stack))


# --- the model


def test_a_profile_may_be_asked_by_its_own_arn_and_the_models_behind_it() -> None:
    assert statements(evaluated())["AskTheModel"]["Resource"] == [
        f"arn:aws:bedrock:*::foundation-model/{DEFAULT_MODEL_ID.removeprefix('global.')}",
        f"arn:aws:bedrock:eu-central-1:123456789012:inference-profile/{DEFAULT_MODEL_ID}",
    ]


def test_a_plain_model_is_no_profile() -> None:
    stack = evaluated(ModelId="meta.llama5-8b-v1:0", FoundationModelId="meta.llama5-8b-v1:0")
    assert statements(stack)["AskTheModel"]["Resource"] == [
        "arn:aws:bedrock:*::foundation-model/meta.llama5-8b-v1:0"
    ]


def test_fallback_models_may_be_asked_where_there_are_any() -> None:
    arns = ["arn:aws:bedrock:*::foundation-model/a", "arn:aws:bedrock:*::foundation-model/b"]
    stack = evaluated(FallbackModelIds="a,b", FallbackModelArns=",".join(arns))
    assert statements(stack)["AskTheFallbackModels"]["Resource"] == arns
    assert settings(stack).fallback_model_ids == ("a", "b")
    assert "AskTheFallbackModels" not in statements(evaluated())


def test_a_guardrail_may_be_applied_where_there_is_one() -> None:
    stack = evaluated(GuardrailId="gr1", GuardrailVersion="2")
    assert statements(stack)["ApplyTheGuardrail"]["Resource"] == (
        "arn:aws:bedrock:eu-central-1:123456789012:guardrail/gr1"
    )
    assert (settings(stack).guardrail_id, settings(stack).guardrail_version) == ("gr1", "2")
    assert "ApplyTheGuardrail" not in statements(evaluated())


# --- the environment

EVERYTHING_ELSE = STREAMING | {
    "ModelId": "eu.some.model",
    "FoundationModelId": "some.model",
    "FallbackModelIds": "another.model",
    "FallbackModelArns": "arn:aws:bedrock:*::foundation-model/another.model",
    "GuardrailId": "gr1",
    "GuardrailVersion": "2",
    "GuardrailMode": "async",
    "PromptCacheTtl": "5m",
    "SystemPrompt": "Be brief.",
    "MaxTokens": "77",
    "TurnSeconds": "20",
    "FlushIntervalSeconds": "0.5",
    "WaitingText": "One moment\u2026",
    "AllowHtml": "true",
    "AllowPictures": "true",
    "PlainFrames": "true",
    "MemorySeconds": "3600",
}


def test_by_default_the_lambda_runs_on_its_own_defaults() -> None:
    assert settings(evaluated(**FORGETFUL)) == Settings()
    assert settings(evaluated()) == Settings(conversation_table="<ConversationTable>")


def test_every_parameter_reaches_its_setting() -> None:
    assert settings(evaluated(**EVERYTHING_ELSE)) == Settings(
        model_id="eu.some.model",
        fallback_model_ids=("another.model",),
        guardrail_id="gr1",
        guardrail_version="2",
        guardrail_mode="async",
        prompt_cache_ttl="5m",
        system_prompt="Be brief.",
        max_tokens=77,
        streaming_endpoint="https://abc123.execute-api.eu-central-1.amazonaws.com/Prod",
        session_table="chat-sessions",
        turn_seconds=20.0,
        flush_interval_seconds=0.5,
        waiting_text="One moment\u2026",
        conversation_table="<ConversationTable>",
        memory_seconds=3600,
        allow_html=True,
        allow_pictures=True,
        plain_frames=True,
    )


@pytest.mark.parametrize(
    ("parameter", "setting"),
    [
        ("ModelId", "model_id"),
        ("FallbackModelIds", "fallback_model_ids"),
        ("GuardrailId", "guardrail_id"),
        ("GuardrailVersion", "guardrail_version"),
        ("GuardrailMode", "guardrail_mode"),
        ("PromptCacheTtl", "prompt_cache_ttl"),
        ("SystemPrompt", "system_prompt"),
        ("MaxTokens", "max_tokens"),
        ("TurnSeconds", "turn_seconds"),
        ("FlushIntervalSeconds", "flush_interval_seconds"),
        ("WaitingText", "waiting_text"),
        ("AllowHtml", "allow_html"),
        ("AllowPictures", "allow_pictures"),
        ("PlainFrames", "plain_frames"),
        ("MemorySeconds", "memory_seconds"),
    ],
)
def test_a_parameter_changes_its_own_setting_and_no_other(parameter: str, setting: str) -> None:
    before = settings(evaluated())
    after = settings(evaluated(**{parameter: EVERYTHING_ELSE[parameter]}))
    changed = {name for name in Settings._fields if getattr(after, name) != getattr(before, name)}
    assert changed == {setting}


def test_every_setting_that_people_change_is_a_parameter() -> None:
    changed, default = settings(evaluated(**EVERYTHING_ELSE)), Settings()
    kept = {name for name in Settings._fields if getattr(changed, name) == getattr(default, name)}
    assert kept == NOT_OFFERED


def test_the_docs_say_which_parameter_is_which_setting() -> None:
    text = (TEMPLATES.parent / "docs/deploy.md").read_text("utf-8")
    _, _, section = text.partition("\n## Parameters\n")
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", section.partition("\n## ")[0], re.MULTILINE)
    parameters, settings_ = (
        {name for row in rows for name in re.findall(pattern, row[column])}
        for column, pattern in ((0, "`([^`]+)`"), (1, "`([A-Z_]+)`"))
    )
    assert parameters <= source(NAME)["Parameters"].keys()
    # All but where to stream to, which is not for people to set.
    wired = {"STREAMING_ENDPOINT", "SESSION_TABLE"}
    assert settings_ | wired == {
        name for name in variables(evaluated()) if not name.startswith("POWERTOOLS_")
    }


@pytest.mark.parametrize("name", sorted(variables(evaluated())))
def test_every_variable_is_read(name: str) -> None:
    if name.startswith("POWERTOOLS_"):
        return  # read by Powertools; see test_monitoring
    environment = variables(evaluated(**EVERYTHING_ELSE))
    without = {key: value for key, value in environment.items() if key != name}
    assert Settings.from_environ(without) != Settings.from_environ(environment)


@pytest.mark.parametrize("bound", ["MinValue", "MaxValue"])
@pytest.mark.parametrize(
    "name", ["MaxTokens", "TurnSeconds", "FlushIntervalSeconds", "MemorySeconds"]
)
def test_the_lambda_takes_every_number_that_the_parameter_takes(name: str, bound: str) -> None:
    value = source(NAME)["Parameters"][name][bound]
    assert settings(evaluated(**{name: str(value)}))


@pytest.mark.parametrize(
    ("parameter", "setting"),
    [("GuardrailMode", "guardrail_mode"), ("PromptCacheTtl", "prompt_cache_ttl")],
)
def test_the_lambda_takes_every_choice_that_the_parameter_offers(
    parameter: str, setting: str
) -> None:
    for value in source(NAME)["Parameters"][parameter]["AllowedValues"]:
        assert getattr(settings(evaluated(**{parameter: value})), setting) == value


# --- the function


def test_it_outlives_the_patience_of_lex_by_little() -> None:
    assert LEX_TIMEOUT_SECONDS < evaluated().properties("Fulfillment")["Timeout"] <= 35


def test_the_handler_is_there() -> None:
    module, _, function = evaluated().properties("Fulfillment")["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_it_runs_on_arm_and_a_current_python_unless_told_otherwise() -> None:
    function = evaluated().properties("Fulfillment")
    assert function["Architectures"] == ["arm64"]
    assert function["Runtime"] == "python3.13"
    assert evaluated(Architecture="x86_64").properties("Fulfillment")["Architectures"] == ["x86_64"]


def test_the_code_is_the_zip_that_was_given() -> None:
    assert evaluated().properties("Fulfillment")["Code"] == {
        "S3Bucket": "artifacts",
        "S3Key": "code/0123abcd.zip",
    }


def test_in_a_vpc_the_function_has_its_network_and_the_role_its_policy() -> None:
    stack = evaluated(**IN_VPC)
    assert stack.properties("Fulfillment")["VpcConfig"] == {
        "SubnetIds": ["subnet-0a1b"],
        "SecurityGroupIds": ["sg-0a1b"],
    }
    assert "ManagedPolicyArns" in stack.properties("FulfillmentRole")


def test_without_a_vpc_there_is_neither() -> None:
    stack = evaluated()
    assert "VpcConfig" not in stack.properties("Fulfillment")
    assert "ManagedPolicyArns" not in stack.properties("FulfillmentRole")


# --- what a bot of one's own may do beside

POLICIES = [f"arn:aws:iam::123456789012:policy/{name}" for name in ("orders", "documents")]
OF_VPC = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


@pytest.mark.parametrize(
    ("given", "attached"),
    [
        ({"PolicyArns": POLICIES[0]}, POLICIES[:1]),
        ({"PolicyArns": ",".join(POLICIES)}, POLICIES),
        (IN_VPC, [OF_VPC]),
        (IN_VPC | {"PolicyArns": POLICIES[0]}, [OF_VPC, POLICIES[0]]),
        (IN_VPC | {"PolicyArns": ",".join(POLICIES)}, [OF_VPC, *POLICIES]),
    ],
)
def test_policies_that_are_given_are_attached_beside_the_vpcs(
    given: dict[str, str], attached: list[str]
) -> None:
    stack = evaluated(**given)
    assert stack.properties("FulfillmentRole")["ManagedPolicyArns"] == attached
    assert stack.resources.keys() == ALWAYS


def test_policies_that_are_given_change_nothing_else() -> None:
    given, not_given = evaluated(PolicyArns=",".join(POLICIES)), evaluated()
    assert statements(given) == statements(not_given)
    del given.resources["FulfillmentRole"], not_given.resources["FulfillmentRole"]
    assert given == not_given


# --- versions


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
def test_code_a_revision_and_the_switches_publish_a_version(given: dict[str, str]) -> None:
    assert version(**STREAMING | given) != version(**STREAMING)


def test_whatever_publishes_a_version_changes_the_function_too() -> None:
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


def test_the_alias_is_at_the_version_that_was_published_last() -> None:
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


def test_lambda_offers_one_or_the_other_so_snapstart_wins() -> None:
    stack = evaluated(SnapStart="true", ProvisionedConcurrency="3")
    assert "SnapStart" in stack.properties("Fulfillment")
    assert "ProvisionedConcurrencyConfig" not in stack.properties("LiveAlias")


# --- what is refused before anything is made


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GuardrailId", "arn:aws:bedrock:eu-central-1:123456789012:guardrail/gr1"),
        ("BotAliasArn", "TSTALIASID"),
        ("AlarmTopicArn", "mail@example.com"),
        ("VpcSubnetId", "vpc-1"),
        ("VpcSecurityGroupId", "default"),
        ("Revision", ""),
        ("TurnSeconds", "30"),
        ("Architecture", "sparc"),
        ("SystemPrompt", "x" * 2001),
        ("GuardrailMode", "later"),
        ("PromptCacheTtl", "5"),
        ("MemorySeconds", "59"),
        ("PolicyArns", "AmazonDynamoDBReadOnlyAccess"),
        ("PolicyArns", "arn:aws:iam::123456789012:role/orders"),
    ],
)
def test_a_value_of_another_form_is_refused(name: str, value: str) -> None:
    with pytest.raises(Refused, match=name):
        evaluated(**{name: value})
