"""Asks models for a turn's handlers, with the settings, the tools and the earlier turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from fulfillment.memory.base import Exchange
from fulfillment.memory.conversation import Conversation
from fulfillment.models.base import Message, Model, Prompt
from fulfillment.models.tool_loop import ToolLoop
from fulfillment.settings import Settings

if TYPE_CHECKING:
    from fulfillment.streaming.stream import Chunks
    from fulfillment.tools import Tool

GO_ON = (
    "Your last reply was cut off by a limit. If the user wants you to go on, continue exactly where"
    " it stops, without an introduction and without repeating any of it."
)


class AskOptions(TypedDict, total=False):
    """How to ask; see :meth:`fulfillment.turn.Turn.ask`."""

    system: str | None
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    stop_sequences: Sequence[str]
    tools: Iterable[Tool | Callable[..., Any]]
    model: Model | None
    history: bool


class Assistant:
    """Asks models on behalf of one turn.

    Args:
        model: what is asked, unless a handler names another one.
        settings: the environment.
        calls: runs the turn's model calls.
        conversation: the turns before this one.
        locale: whose system prompt is sent, such as ``en_US``.
        shares_id: whether the model gets the conversation's id.

    Attributes:
        settings: the environment.
    """

    def __init__(
        self,
        model: Model,
        settings: Settings,
        calls: ToolLoop,
        conversation: Conversation,
        *,
        locale: str = "",
        shares_id: bool = False,
    ) -> None:
        self._model = model
        self.settings = settings
        self._calls = calls
        self._conversation = conversation
        self._locale = locale
        self._shares_id = shares_id

    @property
    def seconds_left(self) -> float:
        """How many seconds there are until the turn is cut off."""
        return self._calls.seconds_left

    def ask(  # noqa: PLR0913
        self,
        utterance: str,
        *,
        system: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        stop_sequences: Sequence[str] = (),
        tools: Iterable[Tool | Callable[..., Any]] = (),
        model: Model | None = None,
        history: bool = True,
    ) -> Chunks:
        """Ask a model; see :meth:`fulfillment.turn.Turn.ask`."""
        toolbox = None
        if tools := tuple(tools):
            from fulfillment.tools.toolbox import Toolbox

            toolbox = Toolbox(tools)
        settings = self.settings
        earlier = self._conversation.earlier() if history else ()
        system = settings.system_prompt_of(self._locale) if system is None else system
        shares_id = history and (model is not None or self._shares_id)
        prompt = prompt_of(settings, utterance, earlier, system)._replace(
            max_tokens=settings.max_tokens if max_tokens is None else max_tokens,
            temperature=settings.temperature if temperature is None else temperature,
            top_p=settings.top_p if top_p is None else top_p,
            stop_sequences=tuple(stop_sequences),
            tools=toolbox.specs if toolbox else (),
            conversation_id=self._conversation.share_id() if shares_id else "",
        )
        return self._calls.ask(model or self._model, prompt, toolbox)


def prompt_of(
    settings: Settings, utterance: str, earlier: Sequence[Exchange], system: str
) -> Prompt:
    """Return a prompt with everything that the settings add to it.

    Args:
        settings: the environment.
        utterance: what to ask.
        earlier: the turns before, oldest first.
        system: the system prompt.
    """
    if earlier and earlier[-1].cut:
        system = f"{system}\n\n{GO_ON}".strip()
    return Prompt(
        messages=(*_messages(earlier), Message("user", utterance)),
        system=system,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        top_p=settings.top_p,
    )


def _messages(exchanges: Sequence[Exchange]) -> Iterator[Message]:
    for exchange in exchanges:
        yield Message("user", exchange.utterance)
        yield Message("assistant", exchange.reply)
