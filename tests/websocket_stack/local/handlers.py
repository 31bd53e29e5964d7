"""Lambda handlers that behave and misbehave, loaded by name as the stack loads handlers."""

from __future__ import annotations

import os
import threading
from typing import Any

ENVIRONMENT_AT_IMPORT = dict(os.environ)

released = threading.Event()
finished: list[Any] = []


def close(
    content: str = "done", attributes: dict[str, str] | None = None, **members: Any
) -> dict[str, Any]:
    """Return a response that ends the turn."""
    return {
        "sessionState": {
            "dialogAction": {"type": "Close"},
            "intent": {"name": "FallbackIntent", "state": "Fulfilled"},
            "sessionAttributes": attributes or {},
        },
        "messages": [{"contentType": "PlainText", "content": content}],
        **members,
    }


def echo(event: Any, context: Any) -> Any:
    return event


def environment(event: Any, context: Any) -> Any:
    return {"at_import": ENVIRONMENT_AT_IMPORT, "at_call": dict(os.environ)}


def context_of_call(event: Any, context: Any) -> Any:
    return {
        "remaining": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
        "name": context.function_name,
    }


def change_event(event: Any, context: Any) -> Any:
    event["changed"] = True


def raise_error(event: Any, context: Any) -> Any:
    raise LookupError("a secret of the handler")


def not_json(event: Any, context: Any) -> Any:
    return {"of": object()}


def lone_surrogate(event: Any, context: Any) -> Any:
    return {"text": "\ud800"}


def wait(event: Any, context: Any) -> Any:
    """Return no sooner than the test says."""
    released.wait(20)
    finished.append(event)
    return close("late")


def by_utterance(event: Any, context: Any) -> Any:
    """Do what the user says."""
    attributes = event["sessionState"]["sessionAttributes"]
    utterance = event["inputTranscript"]
    if utterance == "raise":
        raise LookupError("a secret of the handler")
    if utterance == "too much":
        return close("x" * 60_000)
    if utterance == "nonsense":
        return {"answer": 42}
    if utterance == "count":
        return close("counted", attributes | {"count": str(int(attributes.get("count", "0")) + 1)})
    return close(utterance, attributes, requestAttributes=event.get("requestAttributes"))
