"""The bot of ``templates/fulfillment.yaml``, and which bot aliases may call the Lambda."""

from __future__ import annotations

import re
from typing import Any

import pytest
from troposphere import Template
from troposphere.awslambda import Alias

from fulfillment.notices import Notices
from tests.evaluator import Refused, Stack
from tests.websocket_stack.cloudformation.fulfillment_stack import evaluated
from websocket_stack.cloudformation import lex_bot

CREATED = {"CreateBot": "true"}
MY_ALIAS = "arn:aws:lex:eu-central-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST"
OF_A_BOT = {
    "Bot",
    "BotRole",
    "BotVersion",
    "LiveBotAlias",
    "AllowLiveBotAlias",
    "AllowTestBotAlias",
}
OUTPUTS = {"BotId", "BotAliasId", "BotLocaleId"}


def of_a_bot(stack: Stack) -> set[str]:
    names = {re.sub("(?<=BotVersion)[0-9a-f]{12}$", "", title) for title in stack.resources}
    return {name for name in names if "Bot" in name}


def locale() -> dict[str, Any]:
    (only,) = evaluated(**CREATED).properties("Bot")["BotLocales"]
    bot_locale: dict[str, Any] = only
    return bot_locale


def permissions(stack: Stack) -> dict[str, str]:
    """Return who may call the Lambda."""
    return {
        title: permission["SourceArn"]
        for title, permission in stack.of_type("AWS::Lambda::Permission").items()
    }


def test_without_a_bot_nobody_may_call_the_lambda() -> None:
    stack = evaluated()
    assert of_a_bot(stack) == set()
    assert permissions(stack) == {}
    assert not OUTPUTS & stack.outputs.keys()


def test_a_bot_comes_with_all_that_it_needs() -> None:
    stack = evaluated(**CREATED)
    assert of_a_bot(stack) == OF_A_BOT
    assert {name: stack.outputs[name] for name in OUTPUTS} == {
        "BotId": "<Bot>",
        "BotAliasId": "<LiveBotAlias.BotAliasId>",
        "BotLocaleId": "en_US",
    }


def test_both_aliases_may_call_the_lambda() -> None:
    assert permissions(evaluated(**CREATED)) == {
        "AllowLiveBotAlias": "<LiveBotAlias.Arn>",
        "AllowTestBotAlias": ("arn:aws:lex:eu-central-1:123456789012:bot-alias/<Bot>/TSTALIASID"),
    }


def test_an_existing_bot_alias_may_call_the_lambda() -> None:
    stack = evaluated(BotAliasArn=MY_ALIAS)
    assert permissions(stack) == {"AllowExistingBotAlias": MY_ALIAS}
    assert of_a_bot(stack) == {"AllowExistingBotAlias"}


def test_a_new_bot_replaces_an_existing_alias() -> None:
    stack = evaluated(BotAliasArn=MY_ALIAS, **CREATED)
    assert permissions(stack).keys() == {"AllowLiveBotAlias", "AllowTestBotAlias"}


@pytest.mark.parametrize("given", [CREATED, {"BotAliasArn": MY_ALIAS}])
def test_lex_alone_may_call_the_live_alias(given: dict[str, str]) -> None:
    for permission in evaluated(**given).of_type("AWS::Lambda::Permission").values():
        assert permission["Principal"] == "lexv2.amazonaws.com"
        assert permission["SourceAccount"] == "123456789012"
        assert permission["Action"] == "lambda:InvokeFunction"
        assert permission["FunctionName"] == "<LiveAlias>"


def test_both_aliases_call_the_lambdas_live_alias() -> None:
    stack = evaluated(**CREATED)
    for settings in (
        stack.properties("LiveBotAlias")["BotAliasLocaleSettings"],
        stack.properties("Bot")["TestBotAliasSettings"]["BotAliasLocaleSettings"],
    ):
        (only,) = settings
        assert only["LocaleId"] == "en_US"
        assert only["BotAliasLocaleSetting"]["Enabled"] is True
        hook = only["BotAliasLocaleSetting"]["CodeHookSpecification"]["LambdaCodeHook"]
        assert hook == {"LambdaArn": "<LiveAlias>", "CodeHookInterfaceVersion": "1.0"}


def test_the_bot_is_built_versioned_and_aliased() -> None:
    stack = evaluated(**CREATED)
    assert stack.properties("Bot")["AutoBuildBotLocales"] is True
    (title,) = stack.of_type("AWS::Lex::BotVersion")
    assert stack.properties("LiveBotAlias")["BotVersion"] == f"<{title}.BotVersion>"
    (of_locale,) = stack.properties(title)["BotVersionLocaleSpecification"]
    assert of_locale["BotVersionLocaleDetails"] == {"SourceBotVersion": "DRAFT"}


def test_the_fallback_goes_to_the_lambda() -> None:
    intents = {intent["Name"]: intent for intent in locale()["Intents"]}
    assert intents["FallbackIntent"]["ParentIntentSignature"] == "AMAZON.FallbackIntent"
    for intent in intents.values():
        assert intent["FulfillmentCodeHook"]["Enabled"] is True
        assert intent["FulfillmentCodeHook"]["IsActive"] is True


def test_an_intent_has_an_utterance() -> None:
    assert any(intent.get("SampleUtterances") for intent in locale()["Intents"])


def test_a_failing_lambda_has_a_sentence() -> None:
    for intent in locale()["Intents"]:
        statuses = intent["FulfillmentCodeHook"]["PostFulfillmentStatusSpecification"]
        for status in ("FailureResponse", "TimeoutResponse"):
            (group,) = statuses[status]["MessageGroupsList"]
            assert group["Message"]["PlainTextMessage"]["Value"] == Notices().failed


@pytest.mark.parametrize("locale_id", lex_bot.LOCALES)
def test_everything_of_a_bot_is_in_its_locale(locale_id: str) -> None:
    stack = evaluated(BotLocaleId=locale_id, **CREATED)
    text = str([stack.resources[title] for title in stack.resources if "Bot" in title])
    assert {hit[1] for hit in re.finditer(r"'LocaleId': '(\w+)'", text)} == {locale_id}
    assert stack.outputs["BotLocaleId"] == locale_id


def test_a_locale_unknown_to_lex_is_refused() -> None:
    with pytest.raises(Refused, match="BotLocaleId"):
        evaluated(BotLocaleId="de_CH")


def test_lex_alone_may_take_the_bots_role() -> None:
    role = evaluated(**CREATED).properties("BotRole")
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "lexv2.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_another_definition_is_another_version() -> None:
    def versions(function: str) -> list[str]:
        template = Template()
        lex_bot.add(template, Alias(function, FunctionName="f", FunctionVersion="1", Name="live"))
        return [title for title in template.resources if title.startswith("BotVersion")]

    assert versions("LiveAlias") == versions("LiveAlias")
    assert versions("LiveAlias") != versions("AnotherAlias")


@pytest.mark.parametrize("locale_id", lex_bot.LOCALES)
def test_a_bot_has_a_voice_of_its_locale(locale_id: str) -> None:
    (only,) = evaluated(BotLocaleId=locale_id, **CREATED).properties("Bot")["BotLocales"]
    assert only["VoiceSettings"] == {"VoiceId": lex_bot.VOICES[locale_id], "Engine": "standard"}
