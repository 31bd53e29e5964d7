"""The texts of a response as the client of a turn takes them. Pure.

A client that renders gets Markdown (``CustomPayload``), neutralised. One that is spoken to, or says
that it takes something else, gets the words without Markdown's marks.
"""

from __future__ import annotations

import json
import re
from html import escape, unescape
from typing import NamedTuple, get_args

from fulfillment.lex.events import LexEvent
from fulfillment.lex.messages import Card, ContentType, Text
from fulfillment.markdown.sanitizer import neutralise
from fulfillment.settings import Settings

# Set by Amazon Connect, such as "PlainText,SSML". No client can: Lex reserves the prefix.
# https://docs.aws.amazon.com/lexv2/latest/dg/context-mgmt-request-attribs.html
ACCEPTED_ATTRIBUTE = "x-amz-lex:accept-content-types"

_TAG = re.compile(r"<[^<>]*>")
# https://www.w3.org/TR/xml/#charsets
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JSON_BLANKS = " \t\r\n"
_BACKTICKS = re.compile(r"`+")


class Rendering(NamedTuple):
    """How the texts of a turn are rendered.

    Attributes:
        accepted: what its client takes, the preferred first.
        takes_cards: whether it takes response cards.
        html: whether HTML and interactive messages stay as they were written.
        pictures: whether pictures stay.
    """

    accepted: tuple[ContentType, ...]
    takes_cards: bool = True
    html: bool = False
    pictures: bool = False

    @classmethod
    def of(cls, event: LexEvent, settings: Settings | None = None) -> Rendering:
        """Return how the texts of a turn are rendered; nothing unsafe stays without settings."""
        types = event.request_attributes.get(ACCEPTED_ATTRIBUTE, "")
        names = {name.strip().lower() for name in types.split(",") if name.strip()}
        preferred: tuple[ContentType, ...] = get_args(ContentType)
        if event.is_spoken_to:
            preferred = ("PlainText", "SSML")
        return cls(
            tuple(each for each in preferred if each.lower() in names) or preferred,
            takes_cards=not names or "imageresponsecard" in names,
            html=settings is not None and settings.allow_html,
            pictures=settings is not None and settings.allow_pictures,
        )

    def markdown(self, markdown: str) -> str:
        """Return what is shown of a Markdown text, in the preferred content type."""
        return self.text(Text(markdown)).content

    def message(self, message: Text | Card) -> Text | Card:
        """Return a message as the client takes it, in a content type that it takes."""
        if isinstance(message, Card):
            return message if self.takes_cards else self.text(Text(message.plain))
        return self.text(message)

    def text(self, text: Text) -> Text:
        """Return a text as the client takes it, in a content type that it takes."""
        kind = text.content_type if text.content_type in self.accepted else self.accepted[0]
        content = text.content if kind == text.content_type else _converted(text, kind)
        if self.html:
            return Text(content, kind)
        if kind == "CustomPayload":
            safe = neutralise(content, pictures=self.pictures)
            # Asked of what is sent: what was no JSON may be by now.
            if is_interactive(safe):
                safe = neutralise(_fenced(content), pictures=self.pictures)
            content = safe
        elif is_interactive(content):
            content = _fenced(content)
        return Text(content, kind)


def is_interactive(text: str) -> bool:
    """Return whether Lex Web UI takes a text of any type for an interactive message.

    It fetches the pictures of one, and shows nothing of one that it does not know (Message.vue).
    https://docs.aws.amazon.com/connect/latest/adminguide/interactive-messages.html
    """
    if not text.lstrip(_JSON_BLANKS).startswith("{"):
        return False
    try:
        value = json.loads(text, parse_int=str)
    except ValueError:
        return False
    except RecursionError:
        return True  # a browser reads JSON of any depth
    return "templateType" in value


def _fenced(text: str) -> str:
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    mark = "`" * max(3, longest + 1)
    return f"{mark}json\n{text}\n{mark}"


def _converted(text: Text, kind: ContentType) -> str:
    words = text.content
    if text.content_type == "CustomPayload":
        # Most turns need it not. What is nothing but marks is better than nothing.
        from fulfillment.markdown.plain_text import plain

        words = plain(words).strip() or words
    elif text.content_type == "SSML":
        words = unescape(_TAG.sub("", words))
    if kind == "SSML":
        return f"<speak>{escape(_NOT_XML.sub('', words), quote=False)}</speak>"
    return words
