"""The locales of a Lex V2 bot as CloudFormation defines them: intents, slots and slot types.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lex-bot-botlocale.html
"""

from __future__ import annotations

from typing import Any

from troposphere import lex

from fulfillment.notices import Notices
from websocket_stack.lex_bot.description import Confirmation, Intent, Locale, Slot, SlotType


def bot_locale(locale_id: Any, locale: Locale, voice: Any = None) -> lex.BotLocale:
    """Return a locale.

    Args:
        locale_id: its id, or what the template works it out by.
        locale: what it understands.
        voice: a voice, or what the template works it out by; by default the locale's own.
    """
    voice = voice or locale.voice
    return lex.BotLocale(
        LocaleId=locale_id,
        NluConfidenceThreshold=locale.confidence,
        Intents=[_intent(name, intent) for name, intent in locale.all_intents.items()],
        **_given(
            Description=locale.description,
            VoiceSettings=voice and lex.VoiceSettings(VoiceId=voice, Engine=locale.engine),
            SlotTypes=[_slot_type(name, each) for name, each in locale.slot_types.items()],
        ),
    )


def _given(**properties: Any) -> dict[str, Any]:
    """Return the properties that have a value; others are better left out than empty."""
    return {name: value for name, value in properties.items() if value}


def _intent(name: str, intent: Intent) -> lex.Intent:
    return lex.Intent(
        Name=name,
        **_given(
            Description=intent.description,
            ParentIntentSignature=intent.parent,
            SampleUtterances=[lex.SampleUtterance(Utterance=each) for each in intent.utterances],
            Slots=[_slot(slot_name, slot) for slot_name, slot in intent.slots.items()],
            SlotPriorities=[
                lex.SlotPriority(SlotName=slot_name, Priority=number)
                for number, slot_name in enumerate(intent.slots, 1)
            ],
            IntentConfirmationSetting=intent.confirmation and _confirmation(intent.confirmation),
            DialogCodeHook=intent.dialog_hook and lex.DialogCodeHookSetting(Enabled=True),
            FulfillmentCodeHook=intent.fulfillment_hook and _fulfillment_hook(),
        ),
    )


def _slot(name: str, slot: Slot) -> lex.Slot:
    return lex.Slot(
        Name=name,
        SlotTypeName=slot.type,
        ValueElicitationSetting=lex.SlotValueElicitationSetting(
            SlotConstraint="Required" if slot.required else "Optional",
            **_given(PromptSpecification=slot.prompt and _prompt(slot.prompt, slot.retries)),
        ),
        **_given(Description=slot.description),
    )


def _confirmation(confirmation: Confirmation) -> lex.IntentConfirmationSetting:
    return lex.IntentConfirmationSetting(
        IsActive=True,
        PromptSpecification=_prompt(confirmation.prompt, confirmation.retries),
        DeclinationResponse=_response(confirmation.declined),
    )


def _prompt(sentence: str, retries: int) -> lex.PromptSpecification:
    return lex.PromptSpecification(MessageGroupsList=[_messages(sentence)], MaxRetries=retries)


def _response(sentence: str) -> lex.ResponseSpecification:
    return lex.ResponseSpecification(MessageGroupsList=[_messages(sentence)])


def _messages(sentence: str) -> lex.MessageGroup:
    return lex.MessageGroup(
        Message=lex.Message(PlainTextMessage=lex.PlainTextMessage(Value=sentence))
    )


def _fulfillment_hook() -> lex.FulfillmentCodeHookSetting:
    # Without these, users see an exception or nothing at all when the Lambda fails.
    sentence = _response(Notices().failed)
    return lex.FulfillmentCodeHookSetting(
        Enabled=True,
        IsActive=True,
        PostFulfillmentStatusSpecification=lex.PostFulfillmentStatusSpecification(
            FailureResponse=sentence, TimeoutResponse=sentence
        ),
    )


def _slot_type(name: str, slot_type: SlotType) -> lex.SlotType:
    strategy = "TOP_RESOLUTION" if slot_type.restricted else "ORIGINAL_VALUE"
    return lex.SlotType(
        Name=name,
        SlotTypeValues=[
            lex.SlotTypeValue(
                SampleValue=lex.SampleValue(Value=value),
                **_given(Synonyms=[lex.SampleValue(Value=each) for each in synonyms]),
            )
            for value, synonyms in slot_type.values.items()
        ],
        ValueSelectionSetting=lex.SlotValueSelectionSetting(ResolutionStrategy=strategy),
        **_given(Description=slot_type.description),
    )
