"""Mutated Lex events through a bot with every feature: whatever comes in, Lex takes what goes out.

Events of real shapes lose members, get others of a wrong type, too deep, huge or with half a
character. ``--fuzz 20000`` tries more of them than the default; each number is one event, the same
in every run.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import EventStreamError

from fulfillment import Bot, Exchange
from fulfillment.clients import Browser, Resources
from fulfillment.errors import ModelInterrupted, ModelUnavailable
from fulfillment.lex.limits import MAX_RESPONSE_BYTES
from fulfillment.models import chat_format
from fulfillment.models.base import Completion, Prompt, StopReason, ToolCall
from fulfillment.models.bedrock import converse_format
from fulfillment.models.bedrock.agents import AgentModel
from fulfillment.models.bedrock.citations import SOURCE_URI
from fulfillment.models.bedrock.knowledge_bases import KnowledgeBaseModel
from fulfillment.settings import Settings
from fulfillment.testing import Context, event
from fulfillment.testing.scripted_model import ScriptedStream, Step
from tests.fakes import FakeAddresses, FakeChannel, FakeMemory
from tests.turns import taken

# In every text that a conversation consists of, and in nothing else.
SECRET = "xylophone"
CONVERSATION = "c" * 32
# What may end a turn early: what the model, its services and the bot are told to fail with.
FAILURES = {"ModelUnavailable", "ModelInterrupted", "ModelRejected", "ValueError"}
FAILURES |= {"InvalidLexEvent", "HandlerError"}
HALVES = ("\ud83d", "\udc00", "a\ud83d b", "\ude00\ud83d")
EARLIER: Sequence[Exchange] = [Exchange(SECRET, f"{SECRET}."), Exchange("Hi", "\ud83d")]
CONTEXT = {
    "name": "ordering",
    "timeToLive": {"timeToLiveInSeconds": 90, "turnsToLive": 3},
    "contextAttributes": {"instrument": SECRET},
}


def deep(levels: int) -> Any:
    value: Any = SECRET
    for level in range(levels):
        value = {"values": [value]} if level % 2 else [value]
    return value


# What a member is replaced by.
ODD: list[Callable[[random.Random], Any]] = [
    lambda _: None,
    lambda chance: chance.choice(["", " ", "\0", "None", SECRET, *HALVES]),
    lambda chance: chance.choice([0, -1, 3.5, 1e400, float("nan"), True, 2**70]),
    lambda chance: chance.choice([[], {}, [None], {"": SECRET}, {SECRET: None}, [[SECRET]]]),
    lambda chance: {half: half for half in HALVES},
    lambda chance: deep(chance.choice([1, 30, 60, 300])),
    lambda chance: SECRET * chance.choice([10, 1_000, 10_000]),
    lambda chance: {f"{SECRET}{n}": SECRET * n for n in range(chance.choice([10, 100]))},
    lambda _: json.loads(json.dumps([CONTEXT] * 30)),
]


class FuzzModel:
    """Replies as the chance of an event has it: text, tools, failures, withdrawals.

    Attributes:
        chance: that of the event.
        requests: what services were asked.
    """

    def __init__(self) -> None:
        self.chance = random.Random()
        self.requests: list[dict[str, Any]] = []

    def ask(self, prompt: Prompt) -> ScriptedStream:
        self.requests += [converse_format.request(prompt, "m"), chat_format.body_of(prompt)]
        return ScriptedStream(self._script(prompt))

    def _script(self, prompt: Prompt) -> list[Step]:
        chance = self.chance
        words = [f"{SECRET} ", "**bold** ", "\ud83d", "\ude00", "<b>x</b>", "| a |\n|---|\n", "字"]
        steps: list[Step] = [
            chance.choice(words) * chance.choice([1, 1, 50]) for _ in range(chance.randint(0, 4))
        ]
        if prompt.tools and chance.random() < 0.5:
            name = chance.choice([prompt.tools[0].name, "made<up>", ""])
            arguments: Any = chance.choice([{"order_id": SECRET}, {}, {"order_id": HALVES[0]}])
            return [*steps, ToolCall("call-1", name, arguments)]
        reasons = [reason for reason in StopReason if reason != StopReason.TOOL_USE]
        ends: list[Sequence[Step]] = [
            [],
            [],
            [ModelInterrupted("broke")],
            [ModelUnavailable("busy")],
            [ValueError(SECRET)],
        ]
        ends += [[Completion("m", reason)] for reason in reasons]
        return [*steps, *chance.choice(ends)]


class Events(list[Any]):
    """A stream of events, as boto3 returns it; raises what it holds of exceptions."""

    def __iter__(self) -> Iterator[Any]:
        for each in super().__iter__():
            if isinstance(each, Exception):
                raise each
            yield each

    def close(self) -> None:
        """Stop."""


class FuzzSources:
    """Stands in for the client of knowledge bases and agents, whose values are anybody's.

    Args:
        model: has the chance of an event.
    """

    def __init__(self, model: FuzzModel) -> None:
        self._model = model

    def retrieve_and_generate_stream(self, **request: Any) -> dict[str, Any]:
        self._model.requests.append(request)
        chance, events = self._model.chance, Events()
        for _ in range(chance.randint(0, 5)):
            citation = self._citation()
            kinds = [
                {"output": {"text": self._text()}},
                {"citation": {"citation": citation, **citation}},
                {"guardrail": {"action": chance.choice(["NONE", "INTERVENED"])}},
                {"guardrail": {}},
                *self._failures("RetrieveAndGenerateStream"),
            ]
            events.append(chance.choices(kinds, (8, 8, 1, 1, 1, 1))[0])
        return {"stream": events}

    def invoke_agent(self, **request: Any) -> dict[str, Any]:
        self._model.requests.append(request)
        chance, events = self._model.chance, Events()
        for _ in range(chance.randint(0, 5)):
            encoded = self._text().encode(errors="surrogatepass")
            cut = encoded[: chance.randint(0, len(encoded))]
            kinds = [
                {"chunk": {"bytes": cut, "attribution": {"citations": [self._citation()]}}},
                {"chunk": chance.choice([{}, {"bytes": encoded}])},
                {"trace": {"trace": {"rationale": SECRET}}},
                {"returnControl": {"invocationInputs": [SECRET]}},
                *self._failures("InvokeAgent"),
            ]
            events.append(chance.choices(kinds, (8, 8, 1, 1, 1, 1))[0])
        return {"completion": events}

    def _text(self) -> str:
        words = ["", "\n", f"{SECRET} ", "```\n", "**b** ", "<b>", "字", *HALVES]
        return self._model.chance.choice(words) * self._model.chance.choice([1, 1, 30])

    def _citation(self) -> dict[str, Any]:
        chance = self._model.chance
        metadata = {chance.choice(["title", SOURCE_URI]): chance.choice(ODD)(chance)}
        address = chance.choice(["s3://b/" + SECRET, "https://[::1", "https://x.example/a b", ""])
        location = {"type": "S3", chance.choice(["s3Location", "webLocation"]): {"uri": address}}
        whole = {"content": {"text": SECRET}, "location": location, "metadata": metadata}
        return {
            "generatedResponsePart": {"textResponsePart": {"text": self._text()}},
            "retrievedReferences": [chance.choice([whole, {}, {"metadata": metadata}])],
        }

    def _failures(self, operation: str) -> list[Exception]:
        said: Any = {"Error": {"Code": "throttlingException", "Message": SECRET}}
        return [EventStreamError(said, operation), ValueError(SECRET)]


def order_status(order_id: str) -> str:
    """Find the status of an order."""
    if order_id == SECRET:
        raise ValueError(order_id)
    return f"{order_id} {SECRET}"


def bot_of_everything(model: FuzzModel, memory: FakeMemory) -> Bot:
    browser = Browser(FakeAddresses(), FakeChannel())
    settings = Settings(flush_interval_seconds=0.0, waiting_text="…")
    bot = Bot(resources=Resources(settings, model, lambda: browser, memory))
    documents = KnowledgeBaseModel(FuzzSources(model), "KB", "arn:aws:bedrock:::model/m")
    agent = AgentModel(FuzzSources(model), "AGENT", "ALIAS")

    @bot.middleware
    def watch(turn: Any, handler: Any) -> Any:
        turn.session_attributes["seen"] = turn.utterance
        yield from handler(turn)

    @bot.fallback
    def fallback(turn: Any) -> Any:
        other = model.chance.choice([None, None, documents, agent])
        yield from turn.ask(model=other) if other else turn.ask(tools=[order_status])

    @bot.intent("Order")
    def order(turn: Any) -> Any:
        yield f"{turn.slots} {turn.resolutions} {turn.confirmation} {turn.locale}"
        turn.add_card(
            turn.utterance[:100] or "Card", buttons=[("More", turn.utterance[:20] or "M")]
        )
        turn.add_message(turn.utterance or "x", model.chance.choice(["PlainText", "SSML"]))
        turn.session_attributes["raw"] = turn.event
        turn.session_attributes["input"] = turn.event.get("inputTranscript")

    @bot.dialog("Order")
    def check(turn: Any) -> Any:
        step = model.chance.randrange(6)
        if step == 0:
            turn.set_slot("Item", turn.utterance)
            turn.set_slot("Items", [turn.utterance, ""])
        elif step == 1:
            turn.elicit_slot("Item", turn.utterance)
        elif step == 2:
            turn.confirm(turn.utterance or "Well?")
        elif step == 3:
            turn.elicit_intent(turn.slot("Item") or "What else?")
        elif step == 4:
            turn.close(failed=True)
            yield from turn.ask()

    @bot.error(LookupError)
    def missing(turn: Any, error: LookupError) -> Any:
        yield f"{error}"

    return bot


def shapes(load_event: Callable[[str], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return events of real shapes, with a word to be found in all that a client sends."""
    names = ("lex_web_ui_second_turn", "console_test_window", "connect_chat_dialog_hook")
    made: list[dict[str, Any]] = [load_event(name) | {"inputTranscript": SECRET} for name in names]
    slots = {"Item": SECRET, "Items": [SECRET], "Size": None}
    attributes = {"conversationId": CONVERSATION, "customer": SECRET}
    for hook in ("DialogCodeHook", "FulfillmentCodeHook"):
        for intent in ("Order", "FallbackIntent"):
            options: dict[str, Any] = {"hook": hook, "intent": intent, "slots": slots}
            made.append(
                event(
                    SECRET,
                    session_id="session-1",
                    session_attributes=attributes,
                    request_attributes={"a": SECRET},
                    **options,
                )
            )
            made[-1]["sessionState"]["activeContexts"] = [CONTEXT]
    return made


def mutated(event: dict[str, Any], chance: random.Random) -> Any:
    """Return an event with up to four members that are missing or odd."""
    changed = json.loads(json.dumps(event))
    for _ in range(chance.randint(0, 4)):
        holders = [node for node in _nodes(changed) if isinstance(node, dict | list) and node]
        if not holders:
            break
        holder = chance.choice(holders)
        key = chance.choice(list(holder if isinstance(holder, dict) else range(len(holder))))
        if chance.random() < 0.2:
            del holder[key]
        else:
            holder[key] = chance.choice(ODD)(chance)
    return changed if chance.random() > 0.01 else chance.choice(ODD)(chance)


def _nodes(value: Any) -> list[Any]:
    found, todo = [], [value]
    while todo:
        found.append(node := todo.pop())
        todo += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return found


def check(response: Any, event: Any) -> None:
    """Check that Lex takes a response, as Lambda's runtime encodes it from either Python."""
    for escapes in (True, False):
        encoded = json.dumps(response, ensure_ascii=escapes, allow_nan=False).encode()
        assert escapes or len(encoded) <= MAX_RESPONSE_BYTES
    taken(response, event if isinstance(event, Mapping) else None)
    if response["sessionState"]["dialogAction"]["type"] != "Delegate":
        assert (
            response.get("messages") or "slotToElicit" in response["sessionState"]["dialogAction"]
        )
    for message in response.get("messages", ()):
        assert message.get("content", "x").strip()


def words_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return all that a record holds, but for the two names that a client may choose."""
    names = ("session_id", "intent")
    return {name: value for name, value in vars(record).items() if name not in names}


@pytest.mark.slow
def test_whatever_comes_in_lex_takes_what_goes_out(
    load_event: Callable[[str], dict[str, Any]],
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.NOTSET)
    model, memory = FuzzModel(), FakeMemory()
    bot, seeds = bot_of_everything(model, memory), shapes(load_event)
    for number in range(request.config.option.fuzz):
        chance = model.chance = random.Random(number)
        memory.kept = {CONVERSATION: EARLIER}
        sent = mutated(chance.choice(seeds), chance)
        response = bot.lambda_handler(sent, Context())
        try:
            check(response, sent)
            json.dumps(model.requests, ensure_ascii=False).encode()
            model.requests.clear()
            assert {vars(each).get("error") for each in caplog.records} <= {None, *FAILURES}
            assert SECRET not in str([words_of(record) for record in caplog.records])
        except AssertionError as exc:
            exc.add_note(f"event {number}: {sent!r:.2000}\n{response!r:.2000}")
            raise
        caplog.clear()
    written = capsys.readouterr()
    assert SECRET not in written.out + written.err
