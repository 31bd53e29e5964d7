"""What a user reads when a turn did not go as it should. No detail of ours, ever."""

from __future__ import annotations

from typing import NamedTuple


class Notices(NamedTuple):
    """Plain sentences; a bot builder can replace them, in any language."""

    failed: str = "Sorry, I could not answer that just now. Please try again."
    """Instead of a reply, when there is no text at all."""
    empty: str = "Sorry, I have no answer to that."
    """Instead of a reply, when the model or the intent finished and wrote nothing."""
    unheard: str = "Sorry, I did not get that. Please say it again."
    """Instead of a reply, when the user said nothing and no handler had an answer to that."""
    interrupted: str = "Sorry, my reply broke off here. Please ask again."
    """After what was written before something failed."""
    cut: str = "There is more to say, but my time for one reply is up."
    """After what was written before the deadline."""
    to_go_on: str = "Say “go on” and I will."
    """After ``cut`` or ``too_long``, where the conversation is remembered."""
    too_long: str = "There is more to say than fits into one reply."
    """After a reply that reached the model's most tokens, or the most that Lex takes."""
    withheld: str = "Sorry, I cannot say more about that."
    """After, or instead of, a reply that the model or a filter refused to go on with."""
