"""Runs whole turns on fakes, and reads what Lex would get."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import botocore.session

from fulfillment import Bot, Memory
from fulfillment.clients import Browser, Resources
from fulfillment.settings import Settings
from fulfillment.testing.scripted_model import Script, ScriptedModel, Step
from tests.fakes import FakeAddresses, FakeChannel
from websocket_stack.local.lex.code_hooks import read_response


def bot_of(
    *script: Step,
    then: Sequence[Script] = (),
    addresses: FakeAddresses | None = None,
    channel: FakeChannel | None = None,
    memory: Memory | None = None,
    **settings: Any,
) -> Bot:
    """Return a bot whose model follows a script, at each call or, with ``then``, at the first."""
    browser = Browser(addresses or FakeAddresses(), channel or FakeChannel())
    model = ScriptedModel(script, *then, repeats=True)
    return Bot(resources=Resources(Settings(**settings), model, lambda: browser, memory))


def model_of(bot: Bot) -> ScriptedModel:
    """Return the model of such a bot."""
    assert isinstance(bot.resources.model, ScriptedModel)
    return bot.resources.model


def intent_event(event: Any, intent: str, **changes: Any) -> dict[str, Any]:
    """Return an event of another intent; changes are of the intent, such as its slots."""
    named: dict[str, Any] = json.loads(json.dumps(event))
    named["sessionState"]["intent"] |= {"name": intent, **changes}
    return named


def dialog_event(event: Any, intent: str = "Order", **changes: Any) -> dict[str, Any]:
    """Return an event by which Lex asks what to do next in an intent's dialog."""
    asking = intent_event(event, intent, **{"state": "InProgress", **changes})
    return asking | {"invocationSource": "DialogCodeHook"}


def next_event(event: Any, response: Any, utterance: str = "and then?") -> dict[str, Any]:
    """Return an event of the next turn, with the session attributes that the last one left."""
    attributes = response["sessionState"]["sessionAttributes"]
    state = event["sessionState"] | {"sessionAttributes": attributes}
    return {**event, "inputTranscript": utterance, "sessionState": state}


def reply_of(response: Any) -> tuple[str, str]:
    """Check that Lex takes a Close; return its whole text and the intent's state."""
    taken(response)
    assert response["sessionState"]["dialogAction"] == {"type": "Close"}
    assert response["messages"]
    kinds = {message["contentType"] for message in response["messages"]}
    assert kinds in ({"CustomPayload"}, {"PlainText"})
    text = "\n\n".join(message["content"] for message in response["messages"])
    return text, response["sessionState"]["intent"]["state"]


def taken(response: Any, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Check that Lex takes a response to an event; return its state, as JSON makes it."""
    source = (event or {}).get("invocationSource", "FulfillmentCodeHook")
    encoded = json.dumps(response, ensure_ascii=False).encode()
    read_response(encoded, source)
    decoded = json.loads(encoded)
    # What PutSession takes is what a Lambda may answer.
    shape = _put_session()
    for name, value in decoded.items():
        _conforms(shape.members[name], value, name)
    state: dict[str, Any] = decoded["sessionState"]
    return state


@lru_cache
def _put_session() -> Any:
    model = botocore.session.get_session().get_service_model("lexv2-runtime")
    return model.operation_model("PutSession").input_shape


def _conforms(shape: Any, value: Any, path: str) -> None:
    """Check a value against a shape of botocore's, of which boto3 checks only a part."""
    limits = shape.metadata
    if shape.type_name == "structure":
        assert set(shape.required_members) <= set(value) <= set(shape.members), path
        for name in value:
            _conforms(shape.members[name], value[name], f"{path}.{name}")
    elif shape.type_name == "map":
        for name in value:
            assert isinstance(name, str) and len(name) >= shape.key.metadata.get("min", 0), path
            # An empty slot is null.
            if value[name] is not None or not path.endswith("lots"):
                _conforms(shape.value, value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        assert len(value) <= limits.get("max", len(value)), path
        for each in value:
            _conforms(shape.member, each, f"{path}[]")
    elif shape.type_name == "integer":
        assert isinstance(value, int) and not isinstance(value, bool), path
        assert limits["min"] <= value <= limits["max"], path
    else:
        assert shape.type_name == "string" and isinstance(value, str), path
        assert len(value) >= limits.get("min", 0), path
        # Of a message's content Lex takes more than its model says.
        if not path.endswith("content"):
            assert len(value) <= limits.get("max", len(value)), path
        assert not shape.enum or value in shape.enum, path
        assert re.search(limits.get("pattern", ""), value), path
