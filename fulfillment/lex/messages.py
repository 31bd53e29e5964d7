"""What a Lex response can show: texts and response cards, within Lex's limits. Pure.

https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_Message.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

from fulfillment.errors import HandlerError
from fulfillment.lex.limits import MAX_BUTTON_CHARACTERS, MAX_BUTTONS, MAX_CARD_CHARACTERS
from fulfillment.text import repair_surrogates

ContentType: TypeAlias = Literal["CustomPayload", "PlainText", "SSML"]


class Text(NamedTuple):
    """A message of its own, after the reply. ``CustomPayload`` is Markdown in Lex Web UI."""

    content: str
    content_type: ContentType = "CustomPayload"

    @property
    def plain(self) -> str:
        """What it says, for a client that is not Lex's."""
        return self.content

    def checked(self) -> Text:
        """Return the message in the form that Lex accepts.

        Raises:
            HandlerError: it is not text, or Lex does not have its content type.
        """
        if not isinstance(self.content, str):
            raise HandlerError(f"a message is text, not {type(self.content).__name__}")
        if self.content_type not in get_args(ContentType):
            known = ", ".join(get_args(ContentType))
            raise HandlerError(f"{self.content_type!r} is no content type of Lex: {known}")
        return self._replace(content=repair_surrogates(self.content))


class Button(NamedTuple):
    """A button of a card.

    Attributes:
        text: what the user reads, at most 50 characters.
        value: what is sent as the user's utterance when it is pressed, at most 50 characters.
    """

    text: str
    value: str


class Card(NamedTuple):
    """A response card: a title, and below it a picture and at most five buttons.

    Each text, including the picture's URL, has at most 250 characters.
    """

    title: str
    subtitle: str = ""
    image_url: str = ""
    buttons: Sequence[Button] = ()

    @property
    def plain(self) -> str:
        """What it says in Markdown, for a client that is not Lex's."""
        choices = "\n".join(f"- {button.text}" for button in self.buttons)
        return "\n\n".join(filter(None, [f"**{self.title}**", self.subtitle, choices]))

    def checked(self) -> Card:
        """Return the card in the form that Lex accepts.

        Raises:
            HandlerError: a part is empty, too long or one too many; names it.
        """
        if not self.title:
            raise HandlerError("a card has a title")
        parts = [
            ("title", self.title, MAX_CARD_CHARACTERS),
            ("subtitle", self.subtitle, MAX_CARD_CHARACTERS),
            ("image_url", self.image_url, MAX_CARD_CHARACTERS),
        ]
        for button in self.buttons:
            if not button.text or not button.value:
                raise HandlerError("a button has a text and a value")
            parts.append(("button's text", button.text, MAX_BUTTON_CHARACTERS))
            parts.append(("button's value", button.value, MAX_BUTTON_CHARACTERS))
        for name, text, most in parts:
            if not isinstance(text, str):
                raise HandlerError(f"a card's {name} is text, not {type(text).__name__}")
            if (length := _code_units(text)) > most:
                raise HandlerError(f"a card's {name} has at most {most} characters, not {length}")
        if len(self.buttons) > MAX_BUTTONS:
            raise HandlerError(f"a card has at most {MAX_BUTTONS} buttons, not {len(self.buttons)}")
        return self


def _code_units(text: str) -> int:
    # An emoji is two. https://docs.aws.amazon.com/lexv2/latest/dg/quotas.html
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
