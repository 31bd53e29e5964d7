"""Prompts as services take them, whatever a history, a tool, a model or a user brought. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fulfillment.errors import ModelRejected
from fulfillment.models.base import Message, Prompt, ToolCall, ToolResult, ToolSpec
from fulfillment.text import repair_surrogates, repair_surrogates_in

# Names and ids as all services take them.
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html
# https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use
MAX_NAME_CHARACTERS = 64
_NOT_IN_NAMES = re.compile("[^a-zA-Z0-9_-]")

NO_ANSWER = "There is no result of this call."


def repaired(prompt: Prompt) -> Prompt:
    """Return a prompt that JSON can hold: without half characters."""
    return prompt._replace(
        messages=tuple(map(_repaired_message, prompt.messages)),
        system=repair_surrogates(prompt.system),
        stop_sequences=tuple(map(repair_surrogates, prompt.stop_sequences)),
        tools=tuple(
            ToolSpec(spec.name, *repair_surrogates_in((spec.description, dict(spec.schema))))
            for spec in prompt.tools
        ),
    )


def normalized(prompt: Prompt) -> Prompt:
    """Return a prompt whose conversation every service takes.

    Its roles alternate, from the user's first message to the user's last. No message is blank.
    Each call has an id of its own, a name that could be a tool's, and a result in the message
    after it. Nothing in it is a half character.

    Raises:
        ModelRejected: nothing is left to ask.
    """
    conversation = _Conversation()
    for message in repaired(prompt).messages:
        conversation.add(message)
    return repaired(prompt)._replace(messages=conversation.asked())


def question_of(prompt: Prompt) -> str:
    """Return the text of the last message, for services that take no more than a text.

    Raises:
        ModelRejected: it is blank.
    """
    text = repair_surrogates(prompt.messages[-1].text)
    if not text.strip():
        raise ModelRejected("there is nothing to ask")
    return text


class _Conversation:
    """Messages as they are taken over one by one."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._ids: set[str] = set()
        # Those of the last message's calls, as they came.
        self._open_ids: list[str] = []

    def add(self, message: Message) -> None:
        if message.role == "assistant":
            if not self._messages:
                return
            self._open_ids += [call.id for call in message.tool_calls]
            message = message._replace(tool_calls=tuple(self._calls(message)), tool_results=())
        else:
            message = message._replace(tool_results=tuple(self._results(message)), tool_calls=())
        if not (message.text.strip() or message.tool_calls or message.tool_results):
            return
        if self._messages and self._messages[-1].role == message.role:
            message = _merged(self._messages.pop(), message)
        self._messages.append(message)

    def asked(self) -> tuple[Message, ...]:
        messages = self._messages
        if messages and messages[-1].role == "assistant":
            messages = messages[:-1]
        if not messages:
            raise ModelRejected("there is nothing to ask")
        return tuple(messages)

    def _calls(self, message: Message) -> Iterator[ToolCall]:
        for call in message.tool_calls:
            name = _name(call.id, "call")
            id, number = name, 1
            while id in self._ids:
                number += 1
                id = f"{name[: MAX_NAME_CHARACTERS - 8]}-{number}"
            self._ids.add(id)
            yield call._replace(id=id, name=_name(call.name, "unnamed"))

    def _results(self, message: Message) -> Iterator[ToolResult]:
        """Yield the results of the calls that wait for one, in their order."""
        results = list(message.tool_results)
        waiting, self._open_ids = self._open_ids, []
        calls = self._messages[-1].tool_calls if waiting else ()
        for call, open_id in zip(calls, waiting, strict=True):
            result = next((each for each in results if each.call_id == open_id), None)
            if result is None:
                yield ToolResult(call.id, NO_ANSWER, failed=True)
            else:
                results.remove(result)
                yield result._replace(call_id=call.id)


def _repaired_message(message: Message) -> Message:
    calls = (
        call._replace(arguments=repair_surrogates_in(call.arguments)) for call in message.tool_calls
    )
    results = (
        result._replace(text=repair_surrogates(result.text)) for result in message.tool_results
    )
    return message._replace(
        text=repair_surrogates(message.text), tool_calls=tuple(calls), tool_results=tuple(results)
    )


def _name(text: str, default: str) -> str:
    return _NOT_IN_NAMES.sub("_", text)[:MAX_NAME_CHARACTERS] or default


def _merged(first: Message, second: Message) -> Message:
    texts: Sequence[str] = [text for text in (first.text, second.text) if text.strip()]
    return Message(
        first.role,
        "\n\n".join(texts),
        tool_calls=first.tool_calls + second.tool_calls,
        tool_results=first.tool_results + second.tool_results,
    )
