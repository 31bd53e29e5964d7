"""The archive has the layout and keys of Lex's exports, and shapes that its API has too."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, StructureShape

from tests.lamp_bot import LAMPS
from websocket_stack.lex_bot.archive import archive

MODEL = botocore.session.get_session().get_service_model("lexv2-models")


@pytest.fixture(scope="module")
def files() -> dict[str, dict[str, Any]]:
    with zipfile.ZipFile(io.BytesIO(archive(LAMPS, "unused"))) as opened:
        assert opened.testzip() is None
        return {name: json.loads(opened.read(name)) for name in opened.namelist()}


def test_the_layout_is_that_of_an_export(files: dict[str, dict[str, Any]]) -> None:
    english, german = "Lamps/BotLocales/en_US", "Lamps/BotLocales/de_DE"
    assert sorted(files) == sorted(
        [
            "Manifest.json",
            "Lamps/Bot.json",
            f"{english}/BotLocale.json",
            f"{english}/Intents/OrderLamp/Intent.json",
            f"{english}/Intents/OrderLamp/Slots/Size/Slot.json",
            f"{english}/Intents/OrderLamp/Slots/Delivery/Slot.json",
            f"{english}/Intents/Hours/Intent.json",
            f"{english}/Intents/Help/Intent.json",
            f"{english}/Intents/FallbackIntent/Intent.json",
            f"{english}/SlotTypes/Sizes/SlotType.json",
            f"{english}/SlotTypes/Colours/SlotType.json",
            f"{german}/BotLocale.json",
            f"{german}/Intents/OrderLamp/Intent.json",
            f"{german}/Intents/FallbackIntent/Intent.json",
        ]
    )
    assert files["Manifest.json"]["metaData"] == {
        "schemaVersion": "1",
        "fileFormat": "LexJson",
        "resourceType": "BOT",
    }


def test_the_bot_and_its_locales(files: dict[str, dict[str, Any]]) -> None:
    assert files["Lamps/Bot.json"] == {
        "name": "Lamps",
        "identifier": None,
        "version": None,
        "description": "Sells lamps.",
        "dataPrivacy": {"childDirected": False},
        "idleSessionTTLInSeconds": 600,
    }
    locale = files["Lamps/BotLocales/en_US/BotLocale.json"]
    assert (locale["identifier"], locale["nluConfidenceThreshold"]) == ("en_US", 0.6)
    assert locale["voiceSettings"] == {"voiceId": "Joanna", "engine": "neural"}


def test_an_intent_names_its_slots_in_order(files: dict[str, dict[str, Any]]) -> None:
    intent = files["Lamps/BotLocales/en_US/Intents/OrderLamp/Intent.json"]
    assert intent["slotPriorities"] == [
        {"slotName": "Size", "priority": 1},
        {"slotName": "Delivery", "priority": 2},
    ]
    assert "slots" not in intent
    assert intent["dialogCodeHook"] == {"enabled": True}
    assert intent["intentClosingSetting"] is None


def test_slots_and_their_types(files: dict[str, dict[str, Any]]) -> None:
    slot = files["Lamps/BotLocales/en_US/Intents/OrderLamp/Slots/Size/Slot.json"]
    assert slot["slotTypeName"] == "Sizes"
    prompt = slot["valueElicitationSetting"]["promptSpecification"]
    assert prompt["messageGroupsList"] == [
        {"message": {"plainTextMessage": {"value": "Small or large?"}}}
    ]
    sizes = files["Lamps/BotLocales/en_US/SlotTypes/Sizes/SlotType.json"]
    assert sizes["slotTypeValues"][0] == {
        "sampleValue": {"value": "small"},
        "synonyms": [{"value": "little"}, {"value": "tiny"}],
    }
    assert sizes["valueSelectionSetting"] == {"resolutionStrategy": "TOP_RESOLUTION"}


# What exports call otherwise than the API does.
RENAMED = {
    "name",
    "nluConfidenceThreshold",
    "identifier",
    "slotName",
    "slotTypeName",
    "messageGroupsList",
    "isActive",
    "version",
}


@pytest.mark.parametrize(
    ("file", "operation"),
    [
        ("Bot.json", "CreateBot"),
        ("BotLocale.json", "CreateBotLocale"),
        ("Intent.json", "UpdateIntent"),
        ("Slot.json", "CreateSlot"),
        ("SlotType.json", "CreateSlotType"),
    ],
)
def test_every_other_key_is_one_of_the_api(
    files: dict[str, dict[str, Any]], file: str, operation: str
) -> None:
    shape = MODEL.operation_model(operation).input_shape
    checked = [content for path, content in files.items() if path.endswith(f"/{file}")]
    assert checked
    for content in checked:
        assert list(unknown_keys(content, shape)) == []


def unknown_keys(content: Any, shape: Any) -> Any:
    if isinstance(shape, ListShape):
        for each in content:
            yield from unknown_keys(each, shape.member)
    elif isinstance(shape, StructureShape):
        assert isinstance(content, Mapping)
        for key, value in content.items():
            known = {**shape.members, "messageGroupsList": shape.members.get("messageGroups")}
            if key not in known and key not in RENAMED:
                yield key
            elif value is not None and known.get(key) is not None:
                yield from unknown_keys(value, known[key])


def test_the_same_description_gives_the_same_bytes() -> None:
    assert archive(LAMPS, "a") == archive(LAMPS, "b")
    nameless = LAMPS.model_copy(update={"name": None})
    with zipfile.ZipFile(io.BytesIO(archive(nameless, "Shop"))) as opened:
        assert "Shop/Bot.json" in opened.namelist()
