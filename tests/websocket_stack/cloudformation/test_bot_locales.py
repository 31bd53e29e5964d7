"""Locales, intents, slots and slot types as CloudFormation takes them."""

from __future__ import annotations

from typing import Any

from fulfillment.notices import Notices
from tests.lamp_bot import LAMPS
from websocket_stack.cloudformation.bot_locales import bot_locale

ENGLISH: dict[str, Any] = bot_locale("en_US", LAMPS.locales["en_US"]).to_dict()
INTENTS = {intent["Name"]: intent for intent in ENGLISH["Intents"]}


def sentence_of(response: dict[str, Any]) -> str:
    (group,) = response["MessageGroupsList"]
    text: str = group["Message"]["PlainTextMessage"]["Value"]
    return text


def test_a_locale() -> None:
    assert {name: ENGLISH[name] for name in ENGLISH if name not in ("Intents", "SlotTypes")} == {
        "LocaleId": "en_US",
        "NluConfidenceThreshold": 0.6,
        "VoiceSettings": {"VoiceId": "Joanna", "Engine": "neural"},
    }
    # Without a voice it is for text alone.
    assert "VoiceSettings" not in bot_locale("de_DE", LAMPS.locales["de_DE"]).to_dict()


def test_an_intent_with_a_dialog() -> None:
    intent = INTENTS["OrderLamp"]
    assert intent["SampleUtterances"] == [
        {"Utterance": "I want a lamp"},
        {"Utterance": "order a {Size} lamp"},
    ]
    assert intent["SlotPriorities"] == [
        {"SlotName": "Size", "Priority": 1},
        {"SlotName": "Delivery", "Priority": 2},
    ]
    confirmation = intent["IntentConfirmationSetting"]
    assert confirmation["IsActive"]
    assert sentence_of(confirmation["PromptSpecification"]) == "A {Size} lamp, right?"
    assert sentence_of(confirmation["DeclinationResponse"]) == "Then not."
    assert intent["DialogCodeHook"] == {"Enabled": True}


def test_required_and_optional_slots() -> None:
    required, optional = INTENTS["OrderLamp"]["Slots"]
    assert (required["Name"], required["SlotTypeName"]) == ("Size", "Sizes")
    elicitation = required["ValueElicitationSetting"]
    assert elicitation["SlotConstraint"] == "Required"
    assert sentence_of(elicitation["PromptSpecification"]) == "Small or large?"
    assert elicitation["PromptSpecification"]["MaxRetries"] == 1
    assert optional == {
        "Name": "Delivery",
        "SlotTypeName": "AMAZON.Date",
        "ValueElicitationSetting": {"SlotConstraint": "Optional"},
    }


def test_hooks_that_are_off_are_left_out() -> None:
    assert "DialogCodeHook" not in INTENTS["Hours"]
    assert INTENTS["Help"] == {
        "Name": "Help",
        "ParentIntentSignature": "AMAZON.HelpIntent",
    }


def test_users_hear_of_a_failed_lambda() -> None:
    for name in ("OrderLamp", "FallbackIntent"):
        hook = INTENTS[name]["FulfillmentCodeHook"]
        assert hook["Enabled"] and hook["IsActive"]
        status = hook["PostFulfillmentStatusSpecification"]
        assert {sentence_of(each) for each in status.values()} == {Notices().failed}


def test_the_fallback_is_lexs_own() -> None:
    assert INTENTS["FallbackIntent"]["ParentIntentSignature"] == "AMAZON.FallbackIntent"
    assert "DialogCodeHook" not in INTENTS["FallbackIntent"]


def test_slot_types() -> None:
    sizes, colours = ENGLISH["SlotTypes"]
    assert sizes == {
        "Name": "Sizes",
        "SlotTypeValues": [
            {
                "SampleValue": {"Value": "small"},
                "Synonyms": [{"Value": "little"}, {"Value": "tiny"}],
            },
            {"SampleValue": {"Value": "large"}},
        ],
        "ValueSelectionSetting": {"ResolutionStrategy": "TOP_RESOLUTION"},
    }
    assert colours["Description"] == "Examples."
    assert colours["ValueSelectionSetting"] == {"ResolutionStrategy": "ORIGINAL_VALUE"}
