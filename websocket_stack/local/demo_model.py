"""The embedded model: answers questions about this project from its own README and docs.

It looks passages up and writes them out at a model's pace. It understands nothing, and says so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from fulfillment.models.base import Completion, Prompt
from websocket_stack.local.passages import Library, Passage

MODEL_ID = "demo"
TOKENS_PER_SECOND = 80.0
# Until the first token: what a small hosted model takes.
THINKING_SECONDS = 0.3
# About four characters of English a token, a space belonging to the word behind it.
TOKEN = re.compile(r"\s*\S{1,4}|\s+$")

NOTHING_FOUND = (
    "I am the **demo model** of this local stack: I look up passages of the project's README "
    "and docs and write them out. I found nothing there that fits your question.\n\n"
    "Ask me, for example, *What is Lex Streaming?* or *How does a turn work?* To talk to a real "
    "model, start the stack with `scripts/serve --model bedrock` or `--model openai`."
)


class DemoModel:
    """Takes the passages it knows, how fast it writes, and the clock and sleep it does it by."""

    def __init__(
        self,
        library: Library,
        tokens_per_second: float = TOKENS_PER_SECOND,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._library = library
        self._tokens_per_second = tokens_per_second
        self._clock = clock
        self._sleep = sleep

    def ask(self, prompt: Prompt) -> DemoAnswer:
        return DemoAnswer(
            reply_to(prompt.messages[-1].text, self._library),
            prompt,
            self._tokens_per_second,
            self._clock,
            self._sleep,
        )


def reply_to(question: str, library: Library) -> str:
    """Return the whole reply to a question; the same question gets the same reply."""
    passages = library.find(question)
    if not passages:
        return NOTHING_FOUND
    return "\n\n".join(_quote(passage) for passage in passages)


def tokens_of(text: str) -> list[str]:
    """Cut a text into tokens; joined they are the text."""
    return TOKEN.findall(text)


def _quote(passage: Passage) -> str:
    return f"{passage.text}\n\n*From {passage.source}, “{passage.heading}”.*"


class DemoAnswer:
    """One reply being written; see :class:`fulfillment.models.base.Answer`."""

    def __init__(
        self,
        text: str,
        prompt: Prompt,
        tokens_per_second: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._text = text
        self._prompt = prompt
        self._tokens_per_second = tokens_per_second
        self._clock = clock
        self._sleep = sleep
        self._closed = False
        self.completion: Completion | None = None

    def __iter__(self) -> Iterator[str]:
        tokens = tokens_of(self._text)
        written = tokens[: self._prompt.max_tokens]
        started = self._clock()
        for index, token in enumerate(written):
            # By the clock, not by a sleep a token: the pace holds on a busy machine too.
            due = started + THINKING_SECONDS + index / self._tokens_per_second
            self._sleep(max(0.0, due - self._clock()))
            if self._closed:
                return
            yield token
        asked = "".join(message.text for message in self._prompt.messages) + self._prompt.system
        self.completion = Completion(
            MODEL_ID,
            "end_turn" if len(written) == len(tokens) else "max_tokens",
            input_tokens=len(tokens_of(asked)),
            output_tokens=len(written),
            latency_ms=int((self._clock() - started) * 1000),
        )

    def close(self) -> None:
        self._closed = True
