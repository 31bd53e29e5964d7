"""The two chat pages, seen alike: the local stack's own and the real Lex Web UI."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from playwright.sync_api import Locator, Page, expect

from websocket_stack.local import lex_web_ui

# Notes at each change of the page what is seen of the next reply; null: it is there.
RECORDER = """([bubble, reply]) => {
  const before = document.querySelectorAll(reply).length;
  const seen = [];
  const look = () => {
    const replied = document.querySelectorAll(reply).length > before;
    const text = replied ? null : (document.querySelector(bubble)?.textContent ?? "");
    if (!seen.length || seen.at(-1)[1] !== text) seen.push([Date.now() / 1000, text]);
  };
  window.recorder?.observer.disconnect();
  window.recorder = { seen, observer: new MutationObserver(look) };
  const everything = { subtree: true, childList: true, characterData: true };
  window.recorder.observer.observe(document.body, everything);
}"""


class Seen(NamedTuple):
    """What stood in the bubble from a time on, in epoch seconds; ``None``: the reply is there."""

    at: float
    text: str | None

    @property
    def characters(self) -> float:
        return math.inf if self.text is None else len(self.text)


class ChatPage(ABC):
    """A tab with a chat page. Takes the tab and the origin of the stack."""

    PATH: ClassVar[str]
    FIELD: ClassVar[str]
    CONVERSATION: ClassVar[str]
    BUBBLE: ClassVar[str]
    REPLY: ClassVar[str]
    FAILED: ClassVar[str]
    SORRY: ClassVar[str]
    HOLDS_BACK_SECONDS: ClassVar[float]
    """How long the page itself waits before it shows a frame."""
    RENDERS: ClassVar[bool]
    """Whether Markdown is rendered while it is written."""

    def __init__(self, tab: Page, origin: str) -> None:
        self.tab = tab
        self._origin = origin

    @property
    def conversation(self) -> Locator:
        """All that was said, without what else the page has."""
        return self.tab.locator(self.CONVERSATION)

    @property
    def bubble(self) -> Locator:
        """The reply being written."""
        return self.tab.locator(self.BUBBLE)

    @property
    def replies(self) -> Locator:
        """The messages of complete replies."""
        return self.tab.locator(self.REPLY)

    @property
    def failed(self) -> Locator:
        """What stands there, with the words SORRY, when Lex has no reply."""
        return self.tab.locator(self.FAILED, has_text=self.SORRY)

    @abstractmethod
    def take_session(self, digits: str) -> str:
        """Before ``open``: give the page a session id, made of four hex digits; return the id."""

    @abstractmethod
    def open(self, *, connects: bool = True) -> None:
        """Load the page and wait until its socket is open, or else is refused."""

    def ask(self, question: str) -> None:
        """Write a question and send it."""
        self.tab.locator(self.FIELD).fill(question)
        self.tab.keyboard.press("Enter")

    def while_written(self, markdown: str) -> str:
        """Return what the bubble shows of a text with bold words."""
        return markdown.replace("**", "") if self.RENDERS else markdown

    def record(self) -> None:
        """Note from now on what is seen of the next reply."""
        self.tab.evaluate(RECORDER, [self.BUBBLE, self.REPLY])

    def recorded(self) -> list[Seen]:
        """Return what was noted."""
        return [Seen(at, text) for at, text in self.tab.evaluate("window.recorder.seen")]

    def seen_while_written(self) -> str:
        """Return all that a recorded reply showed of itself before it was complete."""
        return "".join(seen.text or "" for seen in self.recorded())


class OwnPage(ChatPage):
    """The chat page of the local stack."""

    PATH = "/"
    FIELD = "#question"
    CONVERSATION = "#log"
    BUBBLE = '.bot[data-state="streaming"]'
    REPLY = '.bot[data-state="final"]'
    FAILED = '.bot[data-state="error"]'
    SORRY = "The bot’s Lambda function failed, so Lex has no reply"
    HOLDS_BACK_SECONDS = 0.0
    RENDERS = True

    def take_session(self, digits: str) -> str:
        self.tab.add_init_script(f"sessionStorage.setItem('page', 'page-{digits}')")
        return f"page-{digits}"

    def open(self, *, connects: bool = True) -> None:
        self.tab.goto(self._origin + self.PATH)
        expect(self.tab.locator("#status")).to_contain_text("open" if connects else "closed (1006)")

    def choose_door(self, door: str, status: str = "open") -> None:
        """Ask through a door from now on, whose connection comes to a status."""
        self.tab.locator("#door").select_option(door)
        expect(self.tab.locator("#status")).to_contain_text(status)


class LexWebUi(ChatPage):
    """Lex Web UI, as ``scripts/serve --lex-web-ui`` serves it."""

    PATH = f"{lex_web_ui.PATH}/"
    FIELD = "#text-input"
    CONVERSATION = "body"
    # The class is misspelt there.
    BUBBLE = ".messsge-loading .message-bubble"
    # Not what it greets with.
    REPLY = ".message-human ~ .message-bot:not(.messsge-loading) .message-text"
    FAILED = REPLY
    SORRY = "Sorry, I was unable to process your message. Try again later."
    HOLDS_BACK_SECONDS = 0.5
    RENDERS = False

    # A question that comes within that time of the last one's frames finds their timers running,
    # and they show "undefined". Nobody types that fast.
    TYPING_SECONDS = 0.6

    def take_session(self, digits: str) -> str:
        # Its digits are those of the one random number that it asks for.
        self.tab.add_init_script(f"Math.random = () => 0x{digits} / 0x10000")
        return f"lex-web-ui-{digits}"

    def open(self, *, connects: bool = True) -> None:
        said = "WebSocket Connected" if connects else "WebSocket Closed"
        with self.tab.expect_console_message(lambda message: message.text == said):
            self.tab.goto(self._origin + self.PATH)

    def ask(self, question: str) -> None:
        if self.replies.count():
            each = 1000 * self.TYPING_SECONDS / len(question)
            self.tab.locator(self.FIELD).press_sequentially(question, delay=each)
            self.tab.keyboard.press("Enter")
        else:
            super().ask(question)
