"""The environment of the fulfillment Lambda as one checked value. An empty variable is unset."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from fulfillment.errors import SettingsError

Number = TypeVar("Number", int, float)

DEFAULT_MODEL_ID = "global.anthropic.claude-haiku-5-5"
DEFAULT_SYSTEM_PROMPT = (
    "You are a helpful assistant in a chat window. Answer in the language of the question, "
    "briefly and plainly, in Markdown."
)

# Lex gives the Lambda 30 seconds for RecognizeText and then drops the reply:
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_RecognizeText.html
LEX_TIMEOUT_SECONDS = 30


URL = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(:\d{1,5})?(/[!-~]*)?")
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
CONNECTIONS = "/@connections"
WITHOUT_STAGE = re.compile(r"https?://[^/]+\.execute-api\.[^/]+")
# botocore writes a request level by level, and Python calls functions a thousand deep at most.
MAX_DEPTH = 50

NO_PROMPTS: Mapping[str, str] = MappingProxyType({})


class Settings(NamedTuple):
    """The settings of the Lambda; ``Settings()`` has every default."""

    model_id: str = DEFAULT_MODEL_ID
    fallback_model_ids: tuple[str, ...] = ()
    model_fields: Mapping[str, object] | None = None
    """Converse ``additionalModelRequestFields``; ``None`` leaves them to the model's adapter."""
    guardrail_id: str | None = None
    guardrail_version: str = "DRAFT"
    guardrail_mode: str = "sync"
    """``sync``: text is shown when the guardrail has seen it; ``async``: before."""
    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    max_tokens: int = 1024
    temperature: float | None = None
    top_p: float | None = None
    prompt_cache_ttl: str = ""
    """How long Bedrock keeps what it has read for the next request; empty: not at all."""
    streaming_endpoint: str | None = None
    session_table: str | None = None
    turn_seconds: float = 25.0
    flush_interval_seconds: float = 0.2
    waiting_text: str = ""
    """Shown while nothing has been written yet; stays in front until the reply replaces it."""
    max_response_bytes: int = 24_000
    max_message_characters: int = 4_000
    system_prompts: Mapping[str, str] = NO_PROMPTS
    """System prompts of a locale or language, instead of the one for all."""
    conversation_table: str | None = None
    memory_turns: int = 10
    memory_tokens: int = 8_000
    memory_seconds: int = 24 * 60 * 60
    allow_pictures: bool = False
    """Leave Markdown pictures in a reply: clients fetch them from wherever the model says."""
    allow_html: bool = False
    """Hand raw HTML in a reply to the client as it is. Lex Web UI runs it."""
    plain_frames: bool = False
    """Leave Markdown's marks out of the frames, for clients that show them as they come."""

    @property
    def can_stream(self) -> bool:
        """Whether there is a channel to stream to and a table to find the connection in."""
        return self.streaming_endpoint is not None and self.session_table is not None

    def system_prompt_of(self, locale: str) -> str:
        """Return the system prompt of a locale such as ``de_DE``, of its language, or of all."""
        language = locale.partition("_")[0]
        found = self.system_prompts.get(locale) or self.system_prompts.get(language)
        return found or self.system_prompt

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: a value cannot be used; names the variable and what it takes.
        """
        read = Reader(environ)
        return cls(
            model_id=read.text("MODEL_ID", DEFAULT_MODEL_ID),
            fallback_model_ids=read.names("FALLBACK_MODEL_IDS"),
            model_fields=read.json_object("MODEL_FIELDS"),
            guardrail_id=read.text("GUARDRAIL_ID", "") or None,
            guardrail_version=read.text("GUARDRAIL_VERSION", "DRAFT"),
            guardrail_mode=read.choice("GUARDRAIL_MODE", "sync", ("sync", "async")),
            system_prompt=read.text("SYSTEM_PROMPT", DEFAULT_SYSTEM_PROMPT),
            max_tokens=read.whole("MAX_TOKENS", 1024, least=1, most=1_000_000),
            temperature=read.fraction("TEMPERATURE"),
            top_p=read.fraction("TOP_P"),
            prompt_cache_ttl=read.choice("PROMPT_CACHE_TTL", "", ("5m", "1h")),
            streaming_endpoint=read.api_stage("STREAMING_ENDPOINT"),
            session_table=read.text("SESSION_TABLE", "") or None,
            turn_seconds=read.number("TURN_SECONDS", 25, least=1, most=LEX_TIMEOUT_SECONDS),
            flush_interval_seconds=read.number("FLUSH_INTERVAL_SECONDS", 0.2, least=0, most=10),
            waiting_text=read.text("WAITING_TEXT", ""),
            max_response_bytes=read.whole("MAX_RESPONSE_BYTES", 24_000, least=2_000, most=50_000),
            max_message_characters=read.whole(
                "MAX_MESSAGE_CHARACTERS", 4_000, least=500, most=50_000
            ),
            system_prompts=read.by_suffix("SYSTEM_PROMPT_"),
            conversation_table=read.text("CONVERSATION_TABLE", "") or None,
            memory_turns=read.whole("MEMORY_TURNS", 10, least=1, most=100),
            memory_tokens=read.whole("MEMORY_TOKENS", 8_000, least=100, most=80_000),
            memory_seconds=read.whole("MEMORY_SECONDS", 86_400, least=60, most=31_536_000),
            allow_pictures=read.flag("ALLOW_PICTURES", default=False),
            allow_html=read.flag("ALLOW_HTML", default=False),
            plain_frames=read.flag("PLAIN_FRAMES", default=False),
        )


class Reader:
    """Reads environment variables as checked values; an empty one is unset.

    Args:
        environ: the environment.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = {name: value for name, value in environ.items() if value.strip()}

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name, default).strip()

    def by_suffix(self, prefix: str) -> Mapping[str, str]:
        return {
            name.removeprefix(prefix): value.strip()
            for name, value in self.environ.items()
            if name.startswith(prefix)
        }

    def names(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name, "").split(",") if part.strip())

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        return self._checked(name, float, str(default), least, most, "a number")

    def fraction(self, name: str) -> float | None:
        return self.number(name, 0, least=0, most=1) if name in self.environ else None

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        return self._checked(name, int, str(default), least, most, "a whole number")

    def _checked(
        self,
        name: str,
        parse: Callable[[str], Number],
        default: str,
        least: float,
        most: float,
        kind: str,
    ) -> Number:
        text = self.text(name, default)
        try:
            value = parse(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise SettingsError(f"{name}={text!r}: takes {kind} from {least} to {most}")
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        text = self.text(name, default)
        if text not in (default, *choices):
            raise SettingsError(f"{name}={text!r}: takes {' or '.join(choices)}")
        return text

    def flag(self, name: str, *, default: bool) -> bool:
        text = self.text(name, str(default)).lower()
        if text not in ("true", "false"):
            raise SettingsError(f"{name}={text!r}: takes true or false")
        return text == "true"

    def url(self, name: str) -> str | None:
        text = self.text(name, "").rstrip("/")
        if text and not _is_address(text):
            raise SettingsError(
                f"{name}={text!r}: takes an address, such as"
                " https://abc123.execute-api.us-east-1.amazonaws.com/Prod"
            )
        return text or None

    def api_stage(self, name: str) -> str | None:
        """Return the address of an API's stage, even if it is written as the console shows it."""
        address = (self.url(name) or "").removesuffix(CONNECTIONS)
        if WITHOUT_STAGE.fullmatch(address):
            raise SettingsError(f"{name}={address!r}: has no stage, such as /Prod")
        return address or None

    def json_object(self, name: str) -> Mapping[str, object] | None:
        text = self.text(name, "")
        if not text:
            return None
        try:
            value = json.loads(text)
            json.dumps(value, allow_nan=False)  # Python reads numbers that JSON has not
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or _is_deeper(value, MAX_DEPTH):
            raise SettingsError(
                f'{name}: takes a JSON object, such as {{"top_k": 50}}, at most {MAX_DEPTH} deep'
            )
        return value


def _is_address(text: str) -> bool:
    try:
        return bool(URL.fullmatch(text) and urlsplit(text).port != 0)
    except ValueError:  # a port or an IPv6 address that is none
        return False


def _is_deeper(value: object, levels: int) -> bool:
    """Return whether a JSON value holds values within values, more than so many levels deep."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)
