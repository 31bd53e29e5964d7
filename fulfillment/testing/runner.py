"""Tests a bot with no AWS: one turn as Lambda would run it, and what came of it.

    from fulfillment.testing import run

    def test_an_order_is_found():
        result = run(bot, "Where is my order?", intent="TrackOrder", slots={"OrderId": "A-17"})
        assert result.reply == "Order **A-17** is on its way."

A turn takes some milliseconds. It needs no network, no region and no credentials.
Nothing here is for production; the handler does not load it.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict, Unpack, get_args

from fulfillment.bot import Bot
from fulfillment.clients import Browser, Resources
from fulfillment.errors import ModelError
from fulfillment.handlers import NextHandler
from fulfillment.lex import events as lex
from fulfillment.markdown.plain_text import PlainReader
from fulfillment.memory import Exchange, Memory
from fulfillment.models.base import (
    Completion,
    Model,
    ModelStream,
    Prompt,
    StopReason,
    ToolCall,
    ToolResult,
)
from fulfillment.settings import Settings
from fulfillment.streaming.stream import Chunks
from fulfillment.turn import Turn

__all__ = [
    "Completion",
    "Context",
    "Result",
    "ScriptedModel",
    "StopReason",
    "ToolCall",
    "event",
    "memory",
    "run",
]

SESSION_ID = "test-session"
CONNECTION_ID = "test-connection="
ENDPOINT = "https://test.execute-api.us-east-1.amazonaws.com/Prod"
# By these Lex Web UI says that it shows frames.
CLIENT_ATTRIBUTES = {"streamingEndpoint": ENDPOINT, "streamingDynamoDbTable": ""}
# A frame is posted in less than a millisecond. Only a defect of ours takes longer.
PATIENCE_SECONDS = 5.0

Hook: TypeAlias = Literal["DialogCodeHook", "FulfillmentCodeHook"]
Confirmation: TypeAlias = Literal["None", "Confirmed", "Denied"]
InputMode: TypeAlias = Literal["Text", "Speech", "DTMF"]

Step: TypeAlias = str | ToolCall | ModelError | Completion
"""What a scripted model does next: write, call a tool, fail, or say how it ended."""
Script: TypeAlias = str | Sequence[Step]


class Context:
    """The Lambda context of a turn; takes how many milliseconds the Lambda has left."""

    aws_request_id = "test-request"

    def __init__(self, remaining_ms: int = 30_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms


class ScriptedModel:
    """A model that does what a test says, call by call; ``prompts`` keeps what it was asked.

    A script is a text or a list of steps. What it writes after it has called tools is another
    call, as with real models, which are told the results in between::

        ScriptedModel([ToolCall("call-1", "order_status", {"order_id": "A-17"}), "It is shipped."])

    Further scripts are for further calls.

    Raises (when asked more often than that):
        AssertionError: so that a test fails which has not thought of that call.
    """

    def __init__(self, *scripts: Script) -> None:
        self._calls = [call for script in scripts for call in _calls_of(script)]
        self.prompts: list[Prompt] = []

    def ask(self, prompt: Prompt) -> ScriptedStream:
        self.prompts.append(prompt)
        if len(self.prompts) > len(self._calls):
            raise AssertionError(
                f"the model was asked {len(self.prompts)} times, and its script has"
                f" {len(self._calls)} answers: say what it writes, as in run(…, model='Hello.')"
            )
        return ScriptedStream(self._calls[len(self.prompts) - 1])


def _calls_of(script: Script) -> list[list[Step]]:
    calls: list[list[Step]] = [[]]
    for step in [script] if isinstance(script, str) else script:
        if isinstance(step, str) and calls[-1] and not isinstance(calls[-1][-1], str):
            calls.append([])
        calls[-1].append(step)
    return calls


class ScriptedStream:
    """One call of a scripted model; see :class:`fulfillment.models.base.ModelStream`."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._closed = False
        self.completion: Completion | None = None

    def __iter__(self) -> Iterator[str]:
        called: list[ToolCall] = []
        ended: Completion | None = None
        for step in self._steps:
            if self._closed:
                return
            if isinstance(step, ModelError):
                raise step
            if isinstance(step, ToolCall):
                called.append(step)
            elif isinstance(step, Completion):
                ended = step
            else:
                yield step
        reason = StopReason.TOOL_USE if called else StopReason.END_TURN
        self.completion = ended or Completion("scripted", reason, tool_calls=tuple(called))

    def close(self) -> None:
        self._closed = True


class Result(NamedTuple):
    """What came of a turn.

    ``chunks`` are what the bot wrote, piece by piece, as its functions yielded it.

    ``frames`` are what a browser was sent meanwhile. Each chunk leaves by itself here, before the
    next one is asked for, so that they are the same at every run: all but its last character, and
    that one. On AWS chunks that come fast leave together, and what is written last comes with the
    reply alone.

    ``prompts`` are what the model was asked, one for each call.
    """

    response: Mapping[str, Any]
    chunks: tuple[str, ...]
    frames: tuple[str, ...]
    prompts: tuple[Prompt, ...]

    @property
    def messages(self) -> list[str]:
        """The texts that Lex gets, one for each message; cards are left out."""
        return [each["content"] for each in self._messages if "content" in each]

    @property
    def reply(self) -> str:
        """All of them as one text, a blank line between two."""
        return "\n\n".join(self.messages)

    @property
    def cards(self) -> list[Mapping[str, Any]]:
        """The response cards, as Lex gets them."""
        return [each["imageResponseCard"] for each in self._messages if "content" not in each]

    @property
    def action(self) -> str:
        """What Lex does next: ``Close``, ``ElicitSlot`` …"""
        return str(self.response["sessionState"]["dialogAction"]["type"])

    @property
    def slot_to_elicit(self) -> str | None:
        """The slot that the user is asked for, if the action is to ask for one."""
        found: str | None = self.response["sessionState"]["dialogAction"].get("slotToElicit")
        return found

    @property
    def intent_state(self) -> str | None:
        """``Fulfilled``, ``Failed``, ``InProgress``, or ``None`` if the intent was left."""
        found: str | None = self.response["sessionState"].get("intent", {}).get("state")
        return found

    @property
    def session_attributes(self) -> dict[str, str]:
        """What Lex keeps for the session, for the next ``run`` of the same conversation; without
        those by which a client says that it shows frames.
        """
        kept: Mapping[str, str] = self.response["sessionState"]["sessionAttributes"]
        return {name: value for name, value in kept.items() if name not in CLIENT_ATTRIBUTES}

    @property
    def tool_results(self) -> list[ToolResult]:
        """What the model was told of the tools that it called, in order."""
        return [told for prompt in self.prompts for told in prompt.messages[-1].tool_results]

    @property
    def _messages(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.response.get("messages", ())
        return found


class EventOptions(TypedDict, total=False):
    """What :func:`event` takes beside the utterance."""

    intent: str
    slots: Mapping[str, str | Sequence[str] | None]
    hook: Hook
    confirmation: Confirmation
    locale: str
    input_mode: InputMode
    session_id: str
    session_attributes: Mapping[str, str]
    request_attributes: Mapping[str, str]
    streaming: bool


def run(
    bot: Bot,
    utterance: str,
    *,
    model: Model | Script | None = None,
    memory: Memory | None = None,
    settings: Settings | None = None,
    remaining_ms: int = 30_000,
    raise_errors: bool = True,
    **of_event: Unpack[EventOptions],
) -> Result:
    """Run one turn of a bot as Lambda would, with a browser watching.

    Takes the model or the script that it follows, where the conversation is remembered, the
    settings, how many milliseconds the Lambda has left, and what :func:`event` takes. A bot with
    a memory of its own keeps it.

    What the bot's own code raises is raised here, with its traceback, but for what a tool raises:
    that is told to the model (see ``tool_results``). With ``raise_errors=False``
    the turn ends as a user would see it. A :class:`ModelError` always does: where there is one, a
    script has asked for it.

    Raises:
        AssertionError: the model was asked, and there is no script for that.
    """
    settings = settings or Settings()
    made = event(utterance, **of_event)
    asked = _AskedModel(model)
    browser = _Browser(settings, shows_frames=lex.LexEvent.from_dict(made).wants_frames)
    tested = copy.copy(bot)
    tested._middleware = [browser.watch, *bot._middleware]
    tested.resources = Resources(
        settings._replace(
            streaming_endpoint=ENDPOINT, session_table="test", flush_interval_seconds=0.0
        ),
        asked,
        browser=lambda: Browser(_OneSession(), browser),
        memory=memory,
    )
    response = tested.lambda_handler(made, Context(remaining_ms))
    browser.close()
    if raise_errors and browser.error and not isinstance(browser.error, ModelError):
        raise _explained(browser.error, bot, of_event.get("intent", lex.FALLBACK_INTENT))
    # As Lambda hands it to Lex.
    returned = json.loads(json.dumps(response))
    return Result(returned, tuple(browser.chunks), tuple(browser.frames), tuple(asked.prompts))


def event(
    utterance: str,
    *,
    intent: str = lex.FALLBACK_INTENT,
    slots: Mapping[str, str | Sequence[str] | None] | None = None,
    hook: Hook = "FulfillmentCodeHook",
    confirmation: Confirmation = "None",
    locale: str = "en_US",
    input_mode: InputMode = "Text",
    session_id: str = SESSION_ID,
    session_attributes: Mapping[str, str] | None = None,
    request_attributes: Mapping[str, str] | None = None,
    streaming: bool = True,
) -> dict[str, Any]:
    """Return a Lex V2 event.

    Takes the slots as texts, lists of texts, or ``None`` for those that are not filled yet (Lex
    names all slots of an intent); the hook that is called; and whether the client says that it
    shows frames, as Lex Web UI does.

    Raises:
        ValueError: Lex has no such hook, confirmation or input mode.
    """
    _check("hook", hook, Hook)
    _check("confirmation", confirmation, Confirmation)
    _check("input_mode", input_mode, InputMode)
    chosen = {
        "name": intent,
        "slots": {name: lex.slot_of(value) for name, value in (slots or {}).items()},
        "state": "InProgress" if hook == "DialogCodeHook" else "ReadyForFulfillment",
        "confirmationState": confirmation,
    }
    made: dict[str, Any] = {
        "messageVersion": "1.0",
        "invocationSource": hook,
        "inputMode": input_mode,
        "responseContentType": "text/plain; charset=utf-8",
        "sessionId": session_id,
        "inputTranscript": utterance,
        "bot": {
            "id": "TESTBOT001",
            "name": "TestBot",
            "localeId": locale,
            "version": "1",
            "aliasId": "TESTALIAS1",
            "aliasName": "Test",
        },
        "interpretations": [{"intent": chosen, "interpretationSource": "Lex"}],
        "sessionState": {
            "sessionAttributes": {
                **(CLIENT_ATTRIBUTES if streaming else {}),
                **(session_attributes or {}),
            },
            "activeContexts": [],
            "intent": chosen,
            "originatingRequestId": "00000000-0000-4000-8000-000000000000",
        },
    }
    if request_attributes:
        made["requestAttributes"] = dict(request_attributes)
    return made


def memory() -> Memory:
    """Return a memory that lives as long as the test."""
    return _Conversations()


def _check(name: str, value: str, known: Any) -> None:
    if value not in get_args(known):
        raise ValueError(f"{name}={value!r}: there are {', '.join(get_args(known))}")


def _explained(error: BaseException, bot: Bot, intent: str) -> BaseException:
    """Add to an error what a misspelt intent would look like."""
    known = {*bot._intent_handlers, *bot._dialog_handlers}
    if intent != lex.FALLBACK_INTENT and intent not in known:
        error.add_note(
            f"The bot has no function for the intent {intent!r}, so its fallback answered."
            f" It has functions for: {', '.join(sorted(known)) or 'none'}."
        )
    return error


class _AskedModel:
    """A model, and the prompts of one turn."""

    def __init__(self, model: Model | Script | None) -> None:
        if model is None:
            model = ScriptedModel()
        self._model = ScriptedModel(model) if isinstance(model, Sequence) else model
        self.prompts: list[Prompt] = []

    def ask(self, prompt: Prompt) -> ModelStream:
        self.prompts.append(prompt)
        return self._model.ask(prompt)


class _Browser:
    """Watches a turn. What is written next waits until it has seen all that was written."""

    def __init__(self, settings: Settings, *, shows_frames: bool) -> None:
        self._shows_frames = shows_frames
        # As the delivery does it, which knows no end of the text either.
        self._visible = PlainReader().feed if settings.plain_frames else str
        self._due = len(settings.waiting_text) + 1 if settings.waiting_text else 0
        self._closed = False
        self._posted = threading.Condition()
        self.frames: list[str] = []
        self.chunks: list[str] = []
        self.error: BaseException | None = None

    def post(self, address: str, payload: str) -> None:
        with self._posted:
            self.frames.append(payload)
            self._due -= len(payload)
            self._posted.notify_all()

    def close(self) -> None:
        """Wait for nothing any more."""
        with self._posted:
            self._closed = True
            self._posted.notify_all()

    def watch(self, turn: Turn, handler: NextHandler) -> Chunks:
        """Note what a turn writes, and what it raises; the middleware around all others."""
        try:
            with closing(handler(turn)) as chunks:
                self._keep_up("")
                for chunk in chunks:
                    yield chunk
                    if chunk:
                        self.chunks.append(chunk)
                        self._keep_up(self._visible(chunk))
        except GeneratorExit:
            raise
        # What ends a test, such as pytest.fail, is no Exception.
        except BaseException as exc:
            self.error = exc
            raise

    def _keep_up(self, text: str) -> None:
        if not self._shows_frames:
            return
        with self._posted:
            self._due += len(text)
            self._posted.wait_for(lambda: self._due <= 0 or self._closed, PATIENCE_SECONDS)


class _Conversations:
    """A memory in a dict."""

    def __init__(self) -> None:
        self._exchanges: dict[str, Sequence[Exchange]] = {}

    def load(self, conversation_id: str) -> Sequence[Exchange]:
        return self._exchanges.get(conversation_id, ())

    def save(self, conversation_id: str, exchanges: Sequence[Exchange]) -> None:
        self._exchanges[conversation_id] = exchanges


class _OneSession:
    """A session table in which every session has a browser."""

    def find(self, session_id: str) -> str:
        return CONNECTION_ID
