"""How the demo model uses tools: which it calls, with which arguments, and how it tells results.

It understands nothing: a tool is chosen by the words that it shares with the question, and an
argument is an id, a quotation, a number or a choice that the question holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fulfillment.models.base import Message, ToolCall, ToolResult, ToolSpec
from websocket_stack.local.demo_model.words import words_of

LOOKING = "Let me look that up."
QUESTION = "For that I need to know one thing more ({missing}). What is it?"
QUESTION_END = QUESTION.rpartition("). ")[2]
# A longer answer to a question for an argument is rather a question of its own.
MAX_ANSWER_WORDS = 2
# A word of a tool's name says more about it than one of its description.
NAME_WEIGHT = 3
# Words that requests and descriptions are made of, whatever a tool is for.
COMMON_WORDS = frozenset(
    words_of("get find look up return give show tell use call any all one its this")
)
QUOTATION = re.compile(r"“([^”]+)”|\"([^\"]+)\"")
# A word with a digit in it, such as A-1042.
ID = re.compile(r"(?<![\w.:/-])(?=[\w.:/-]*\d)\w(?:[\w.:/-]*\w)?")
NUMBER = re.compile(r"(?<![\w.,-])-?\d{1,15}(?:\.\d{1,15})?(?![\w-]|[.,]\d)")


def use_tool(
    question: str, tools: Sequence[ToolSpec], answers: Sequence[str] = ()
) -> Message | None:
    """Return a message that calls the best tool for a question.

    Args:
        question: the question.
        tools: the tools.
        answers: what was answered when an argument was asked for, one after the other.

    Returns:
        The message, or one that asks for an argument that the tool needs, or ``None`` if no tool
        has to do with the question.
    """
    tool = best_tool(question, tools)
    if tool is None:
        return None
    arguments: dict[str, object] = {}
    remaining = iter(answers)
    for name, schema in _parameters(tool).items():
        arguments[name] = _argument(schema, question)
        if arguments[name] is None:
            fitting = (_answered(schema, answer) for answer in remaining)
            arguments[name] = next((each for each in fitting if each is not None), None)
        if arguments[name] is None:
            missing = f"{_spaced(name)}: {_description(schema)}"
            return Message("assistant", QUESTION.format(missing=missing))
    call = ToolCall("tooluse_demo", tool.name, arguments)
    return Message("assistant", LOOKING, tool_calls=(call,))


def best_tool(question: str, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """Return the tool that shares the most words with a question; none if it shares none."""
    words = frozenset(words_of(question)) - COMMON_WORDS
    best = max(tools, key=lambda tool: _shared_words(words, tool), default=None)
    return best if best and _shared_words(words, best) else None


def _shared_words(words: frozenset[str], tool: ToolSpec) -> int:
    in_name = words.intersection(words_of(_spaced(tool.name)))
    texts = [tool.name, tool.description]
    for name, schema in _parameters(tool).items():
        texts += [name, schema.get("description") or ""]
    in_texts = words.intersection(words_of(_spaced(" ".join(texts))))
    return NAME_WEIGHT * len(in_name) + len(in_texts)


def _parameters(tool: ToolSpec) -> Mapping[str, Mapping[str, Any]]:
    """Return the schemas of a tool's required parameters; the others are left out."""
    schema: Mapping[str, Any] = tool.schema
    properties = schema.get("properties") or {}
    return {name: properties.get(name) or {} for name in schema.get("required") or ()}


def _argument(schema: Mapping[str, Any], question: str) -> object:
    """Return an argument that fits a parameter's schema, or its default, or ``None``."""
    if "enum" in schema:
        words = set(words_of(question))
        mentioned = (each for each in schema["enum"] if words & set(words_of(_spaced(str(each)))))
        return next(mentioned, schema.get("default"))
    if schema.get("type") in ("integer", "number"):
        number = NUMBER.search(question)
        if number is None:
            return schema.get("default")
        return int(float(number[0])) if schema["type"] == "integer" else float(number[0])
    if quotation := QUOTATION.search(question):
        return quotation[1] or quotation[2]
    id = ID.search(question)
    return id[0] if id else schema.get("default")


def _answered(schema: Mapping[str, Any], answer: str) -> object:
    """Return the argument in an answer: what is in it, or the whole if it is short enough."""
    argument = _argument(schema, answer)
    is_text = schema.get("type") == "string" and "enum" not in schema
    if argument is None and is_text and 0 < len(answer.split()) <= MAX_ANSWER_WORDS:
        return answer.strip().rstrip(".!?")
    return argument


def _description(schema: Mapping[str, Any]) -> str:
    """Return what a parameter takes, for the user."""
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    return str(schema.get("description") or "an id, a number or “quoted words”").rstrip(".")


def _spaced(name: str) -> str:
    """Return a name as words: ``orderId`` and ``order_id`` are "order id"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]+", " ", name).lower()


def tell(results: Sequence[ToolResult], calls: Sequence[ToolCall]) -> str:
    """Return the reply that tells the results of calls."""
    names = {call.id: call.name for call in calls}
    return "\n\n".join(_telling(result, names.get(result.call_id)) for result in results)


def _telling(result: ToolResult, name: str | None) -> str:
    tool = f"The tool `{name}`" if name else "The tool"
    if result.failed:
        return f"{tool} could not do that. It says: {result.text.strip()}"
    text = markdown(result.text)
    return f"{tool} says:\n\n{text}" if text.startswith("- ") else f"{tool} says: {text}"


def markdown(text: str) -> str:
    """Return a tool's result for people: a list for a JSON object or array, else the text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()
    if isinstance(value, dict) and value:
        return "\n".join(f"- **{_inline(name)}**: {_inline(each)}" for name, each in value.items())
    if isinstance(value, list) and value:
        return "\n".join(f"- {_inline(each)}" for each in value)
    return _inline(value)


def _inline(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split())
