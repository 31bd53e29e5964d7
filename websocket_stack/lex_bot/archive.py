"""A bot as an archive that Lex imports: the layout and the keys of its own exports.

The values are those of CloudFormation's definition, with keys that begin with a small letter; each
slot and each slot type has a file of its own. What is not described is null, as in an export. The
page below has the layout; its examples have keys that exports do not have any more.
https://docs.aws.amazon.com/lexv2/latest/dg/import-export-format.html
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile, ZipInfo

from websocket_stack.cloudformation.bot_locales import bot_locale
from websocket_stack.lex_bot.description import BotDescription, Locale

MANIFEST = {"metaData": {"schemaVersion": "1", "fileFormat": "LexJson", "resourceType": "BOT"}}
NULLS = {
    "Bot": ("identifier", "version", "description"),
    "BotLocale": ("version", "description", "voiceSettings"),
    "Intent": (
        "identifier",
        "description",
        "parentIntentSignature",
        "sampleUtterances",
        "intentConfirmationSetting",
        "intentClosingSetting",
        "initialResponseSetting",
        "inputContexts",
        "outputContexts",
        "kendraConfiguration",
        "dialogCodeHook",
        "fulfillmentCodeHook",
        "slotPriorities",
    ),
    "Slot": ("identifier", "description", "multipleValuesSetting", "obfuscationSetting"),
    "SlotType": ("identifier", "description", "parentSlotTypeSignature"),
}


def archive(bot: BotDescription, name: str) -> bytes:
    """Return the zip that Lex imports; the same description gives the same bytes.

    Args:
        bot: the bot.
        name: its name, unless it has one.
    """
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as opened:
        for path, content in files_of(bot, bot.name or name):
            # Without a time, it is of the first that a zip can hold.
            text = json.dumps(content, ensure_ascii=False, indent=2)
            opened.writestr(ZipInfo(path), text.encode())
    return buffer.getvalue()


def files_of(bot: BotDescription, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the files of an archive: their paths and their JSON.

    Args:
        bot: the bot.
        name: the bot's name.
    """
    yield "Manifest.json", MANIFEST
    yield (
        f"{name}/Bot.json",
        _with_nulls(
            "Bot",
            {
                "name": name,
                "dataPrivacy": {"childDirected": bot.child_directed},
                "idleSessionTTLInSeconds": bot.idle_session_seconds,
            }
            | ({"description": bot.description} if bot.description else {}),
        ),
    )
    for locale_id, locale in bot.locales.items():
        yield from _files_of_locale(f"{name}/BotLocales/{locale_id}", locale_id, locale)


def _files_of_locale(
    folder: str, locale_id: str, locale: Locale
) -> Iterator[tuple[str, dict[str, Any]]]:
    defined = _exported(bot_locale(locale_id, locale).to_dict())
    intents, slot_types = defined.pop("intents"), defined.pop("slotTypes", [])
    identity = {"name": locale_id, "identifier": defined.pop("localeId")}
    yield f"{folder}/BotLocale.json", _with_nulls("BotLocale", identity | defined)
    for slot_type in slot_types:
        path = f"{folder}/SlotTypes/{slot_type['name']}/SlotType.json"
        yield path, _with_nulls("SlotType", slot_type)
    for intent in intents:
        place = f"{folder}/Intents/{intent['name']}"
        for slot in intent.pop("slots", []):
            yield f"{place}/Slots/{slot['name']}/Slot.json", _with_nulls("Slot", slot)
        yield f"{place}/Intent.json", _with_nulls("Intent", intent)


def _with_nulls(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(NULLS[kind]) | content


def _exported(part: Any) -> Any:
    """Return a part of a template's definition as exports write it."""
    match part:
        case dict():
            return {f"{key[0].lower()}{key[1:]}": _exported(each) for key, each in part.items()}
        case list():
            return [_exported(each) for each in part]
    return part
