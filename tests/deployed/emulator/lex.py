"""``AWS::Lex::*``: kept as they were defined, with the rules that their definitions break first.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Lex.html
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners

# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_CreateBot.html
BOT_NAME = re.compile(r"([0-9a-zA-Z][_-]?){1,100}")

_bots: dict[str, dict[str, Any]] = {}
_aliases: dict[str, dict[str, Any]] = {}


def install() -> None:
    provisioners._RESOURCE_HANDLERS |= {
        "AWS::Lex::Bot": {"create": _create_bot, "update": _update_bot, "delete": _delete_bot},
        "AWS::Lex::BotVersion": {
            "create": _create_version,
            "update": _refuse_update,
            "delete": _delete_version,
        },
        "AWS::Lex::BotAlias": {
            "create": _create_alias,
            "update": _update_alias,
            "delete": _delete_alias,
        },
    }


def _id() -> str:
    return uuid.uuid4().hex[:10].upper()


def _check_bot(props: dict[str, Any]) -> None:
    if not BOT_NAME.fullmatch(props["Name"]):
        raise ValueError(f"the bot's name {props['Name']} does not match {BOT_NAME.pattern}")
    if any(other["Name"] == props["Name"] for other in _bots.values() if other is not props):
        raise ValueError(f"a bot called {props['Name']} exists")
    for locale in props["BotLocales"]:
        _check_locale(locale)


def _check_locale(locale: dict[str, Any]) -> None:
    """Refuse what Lex does not build.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lex-bot-botlocale.html
    """
    name, intents = locale["LocaleId"], locale["Intents"]
    signatures = [each.get("ParentIntentSignature") for each in intents]
    if signatures.count("AMAZON.FallbackIntent") != 1:
        raise ValueError(f"{name} has no AMAZON.FallbackIntent, or two")
    if not any(each.get("SampleUtterances") for each in intents):
        raise ValueError(f"{name} has no utterance")
    types = {each["Name"] for each in locale.get("SlotTypes", [])}
    for intent in intents:
        _check_intent(intent, types)


def _check_intent(intent: dict[str, Any], types: set[str]) -> None:
    name, slots = intent["Name"], {each["Name"]: each for each in intent.get("Slots", [])}
    for slot in slots.values():
        slot_type, elicitation = slot["SlotTypeName"], slot["ValueElicitationSetting"]
        if slot_type not in types and not slot_type.startswith("AMAZON."):
            raise ValueError(f"{name}: there is no slot type {slot_type}")
        if elicitation["SlotConstraint"] == "Required" and "PromptSpecification" not in elicitation:
            raise ValueError(f"{name}: a required slot has no prompt")
    mentioned = {each["SlotName"] for each in intent.get("SlotPriorities", [])}
    for sample in intent.get("SampleUtterances", []):
        mentioned |= set(re.findall(r"\{(.+?)\}", sample["Utterance"]))
    if unknown := mentioned - slots.keys():
        raise ValueError(f"{name}: there are no slots {unknown}")


def _create_bot(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    _check_bot(props)
    bot_id = _id()
    _bots[bot_id] = {**props, "versions": {}}
    return bot_id, _bot_attributes(bot_id)


def _bot_attributes(bot_id: str) -> dict[str, str]:
    return {"Id": bot_id, "Arn": f"arn:aws:lex:{get_region()}:{get_account_id()}:bot/{bot_id}"}


def _update_bot(physical_id: str, old: Any, new: dict[str, Any], stack_name: str) -> Any:
    for locale in new["BotLocales"]:
        _check_locale(locale)
    _bots[physical_id] |= new
    return physical_id, _bot_attributes(physical_id)


def _delete_bot(physical_id: str, props: Any) -> None:
    if any(alias["BotId"] == physical_id for alias in _aliases.values()):
        raise ValueError("the bot has aliases")
    _bots.pop(physical_id, None)


def _locales(bot_id: str) -> set[str]:
    return {locale["LocaleId"] for locale in _bots[bot_id]["BotLocales"]}


def _create_version(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    bot = _bots[props["BotId"]]
    locales = {each["LocaleId"] for each in props["BotVersionLocaleSpecification"]}
    if not locales <= _locales(props["BotId"]):
        raise ValueError(f"the bot has no locale {locales - _locales(props['BotId'])}")
    version = str(len(bot["versions"]) + 1)
    bot["versions"][version] = locales
    return f"{props['BotId']}|{version}", {"BotVersion": version, "BotId": props["BotId"]}


def _refuse_update(*_: Any) -> Any:
    # Its schema has no update handler.
    raise ValueError("Resource type AWS::Lex::BotVersion does not support updates")


def _delete_version(physical_id: str, props: Any) -> None:
    bot_id, _, version = physical_id.partition("|")
    if any((each["BotId"], each["BotVersion"]) == (bot_id, version) for each in _aliases.values()):
        raise ValueError("the version is used by an alias")


def _create_alias(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    alias_id = _id()
    return _put_alias(alias_id, props)


def _update_alias(physical_id: str, old: Any, new: dict[str, Any], stack_name: str) -> Any:
    return _put_alias(physical_id.partition("|")[0], new)


def _put_alias(alias_id: str, props: dict[str, Any]) -> Any:
    locales = {each["LocaleId"] for each in props["BotAliasLocaleSettings"]}
    if not locales <= _bots[props["BotId"]]["versions"][props["BotVersion"]]:
        raise ValueError(f"version {props['BotVersion']} has not all of {locales}")
    _aliases[alias_id] = props
    arn = f"arn:aws:lex:{get_region()}:{get_account_id()}:bot-alias/{props['BotId']}/{alias_id}"
    return f"{alias_id}|{props['BotId']}", {"BotAliasId": alias_id, "Arn": arn}


def _delete_alias(physical_id: str, props: Any) -> None:
    _aliases.pop(physical_id.partition("|")[0], None)
