"""What Lex takes of a description, compared with the model of its API."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest
from pydantic import ValidationError

from websocket_stack.lex_bot.description import BotDescription, Intent, Locale, Slot, SlotType


def api_shape(name: str) -> Any:
    model = botocore.session.get_session().get_service_model("lexv2-models")
    return model.shape_for(name).metadata


def in_schema(model: Any, field: str) -> dict[str, Any]:
    schema = model.model_json_schema()
    found = schema["properties"][field]
    return next(iter(each for each in found.get("anyOf", []) if "type" in each), found)


@pytest.mark.parametrize(
    ("model", "field", "shape"),
    [
        (Slot, "prompt", "PlainTextMessageValue"),
        (Slot, "description", "Description"),
        (Slot, "retries", "PromptMaxRetries"),
        (Locale, "confidence", "ConfidenceThreshold"),
        (BotDescription, "idle_session_seconds", "SessionTTL"),
        (BotDescription, "name", "Name"),
    ],
)
def test_limits_are_those_of_the_api(model: type[Any], field: str, shape: str) -> None:
    ours, theirs = in_schema(model, field), api_shape(shape)
    for key, names in {"min": ("minLength", "minimum"), "max": ("maxLength", "maximum")}.items():
        found = next((ours[name] for name in names if name in ours), None)
        if "pattern" in ours:
            assert ours["pattern"] == theirs["pattern"]
        else:
            assert (found or 0) == (theirs.get(key) or 0)


def locale(**members: object) -> Locale:
    return Locale.model_validate({"intents": {"Greeting": {"utterances": ["hi"]}}, **members})


@pytest.mark.parametrize(
    ("intents", "reason"),
    [
        ({"Order Lamp": {}}, "pattern"),
        ({"Order": {"utterances": ["order {Size}"]}}, "there is no slot 'Size'"),
        ({"Order": {"utterances": ["order {Size"]}}, "a slot is written {LikeThis}"),
        ({"Order": {"utterances": ["x" * 501]}}, "at most 500"),
        ({"Order": {"utterances": ["x"] * 1501}}, "at most 1500"),
        ({"Order": {"slots": {"Size": {"type": "Sizes"}}}}, "no slot type 'Sizes'"),
        ({"Order": {"slots": {"Size": {}}}}, "type"),
        (
            {"Order": {"slots": {"Size": {"type": "AMAZON.Date", "required": "true"}}}},
            "needs a prompt",
        ),
        ({"Help": {"parent": "AMAZON.HelpIntent", "utterances": ["help"]}}, "of your own"),
        ({"Help": {"parent": "HelpIntent"}}, "pattern"),
        ({"FallbackIntent": {"utterances": ["what"]}}, "no utterance matches"),
        ({"Order": {"confirmation": {"prompt": "Sure?"}}}, "declined"),
        ({"Order": {"utterance": ["order"]}}, "Extra inputs"),
    ],
)
def test_what_lex_refuses_is_refused(intents: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(reason)):
        locale(intents=intents)


def test_the_same_slot_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="the same slot twice"):
        Intent.model_validate(
            {"utterances": ["{A} and {A}"], "slots": {"A": {"type": "AMAZON.City"}}}
        )


@pytest.mark.parametrize("locales", [{}, {"en-US": {}}, {"en_US": {"intents": {"Order": {}}}}])
def test_a_bot_that_lex_does_not_build_is_refused(locales: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BotDescription.model_validate({"locales": locales})


def test_a_slot_with_a_prompt_is_required() -> None:
    assert Slot(type="AMAZON.City", prompt="Where?").required
    assert not Slot(type="AMAZON.City").required
    assert not Slot(type="AMAZON.City", prompt="Where?", required=False).required


def test_every_locale_has_a_fallback() -> None:
    """Without a dialog, unless that is asked for."""
    fallback = locale().all_intents["FallbackIntent"]
    assert (fallback.parent, fallback.dialog_hook, fallback.fulfillment_hook) == (
        "AMAZON.FallbackIntent",
        False,
        True,
    )
    own = locale(intents={"FallbackIntent": {"dialog_hook": "true"}, "A": {}})
    assert own.all_intents["FallbackIntent"].dialog_hook
    assert list(own.all_intents) == ["A", "FallbackIntent"]


def test_values_may_be_a_list() -> None:
    assert SlotType.model_validate({"values": ["a", "b"]}).values == {"a": [], "b": []}


def typed(count: int, values: int = 1) -> dict[str, object]:
    """Return some slot types of a locale."""
    each = {"values": [f"value {number}" for number in range(values)]}
    return {"slot_types": {f"Type{number}": each for number in range(count)}}


@pytest.mark.parametrize(
    ("locale_id", "members", "problem"),
    [
        ("en_US", typed(250), None),
        ("en_US", typed(251), "251 slot types, and Lex takes 250"),
        ("de_DE", typed(101), "101 slot types, and Lex takes 100"),
        ("de_DE", typed(6, 9000), "54,000 values and synonyms"),
        (
            "de_DE",
            {"intents": {"Long": {"utterances": ["x" * 500] * 401}}},
            "200,500 characters in utterances, and Lex takes 200,000",
        ),
        ("en_GB", {"intents": {"Long": {"utterances": ["x" * 500] * 401}}}, None),
    ],
)
def test_a_locale_keeps_to_lexs_quotas(locale_id: Any, members: Any, problem: Any) -> None:
    described = {"locales": {locale_id: {"intents": {"A": {"utterances": ["a"]}}} | members}}
    if problem is None:
        assert BotDescription.model_validate(described)
    else:
        with pytest.raises(ValidationError, match=problem):
            BotDescription.model_validate(described)
