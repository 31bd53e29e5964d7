"""Checks of ``scripts/smoke`` that ask the bot."""

from __future__ import annotations

from websocket_stack.smoke.browser import Turn
from websocket_stack.smoke.report import CheckFailed, CheckSkipped, Found, Number, milliseconds
from websocket_stack.smoke.session import Visit
from websocket_stack.smoke.stack import Bot

# What the model of the API says of a message's text, and what the fulfillment cuts at.
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_Message.html
MODEL_LIMIT = 1024
OWN_LIMIT = 4000
# Left out of the response by this project's fulfillment, so that Lex alone decides.
LEFT_OUT = "previousLexResponse"


def streams_a_turn(visit: Visit) -> Found:
    """Ask, and compare what was streamed with the reply."""
    turn = _asked(visit, visit.question)
    if not turn.frames:
        raise CheckFailed(f"no frame in {turn.seconds:.2f} s; a reply of {len(turn.reply)}")
    differs = difference(turn.streamed, turn.reply)
    if differs is not None:
        raise CheckFailed(
            f"the {len(turn.frames)} frames leave the reply after {differs} characters"
            " (a waiting text, or HTML in the reply, does that)"
        )
    gaps = [later.at - each.at for each, later in zip(turn.frames, turn.frames[1:], strict=False)]
    numbers: dict[str, Number] = {
        "frames": len(turn.frames),
        "first_frame_ms": milliseconds(turn.frames[0].at),
        "last_frame_ms": milliseconds(turn.frames[-1].at),
        "longest_gap_ms": milliseconds(max(gaps, default=0.0)),
        "reply_ms": milliseconds(turn.seconds),
        "streamed_characters": len(turn.streamed),
        "reply_characters": len(turn.reply),
    }
    return Found(
        f"{len(turn.frames)} frames, first after {turn.frames[0].at * 1000:.0f} ms, last after"
        f" {turn.frames[-1].at * 1000:.0f} ms, reply after {turn.seconds * 1000:.0f} ms;"
        f" {len(turn.streamed)} of {len(turn.reply)} characters streamed, all as in the reply",
        numbers,
    )


def brings_long_texts_whole(visit: Visit) -> Found:
    """See whether Lex cuts a long message."""
    turn = _asked(visit, visit.long_question)
    longest = max((len(message) for message in turn.messages), default=0)
    differs = difference(turn.streamed, turn.reply)
    if differs is not None:
        raise CheckFailed(f"what was streamed leaves the reply after {differs} characters")
    if longest <= MODEL_LIMIT:
        raise CheckSkipped(
            f"the longest message has {longest} characters, which decides nothing;"
            " give a --long-question that takes longer to answer"
        )
    beyond = "" if longest > OWN_LIMIT else f"; beyond {OWN_LIMIT}: not tested"
    return Found(
        f"a message of {longest} characters came back whole; {len(turn.reply)} characters in"
        f" {len(turn.messages)} messages{beyond}",
        {
            "longest_message_characters": longest,
            "reply_characters": len(turn.reply),
            "messages": len(turn.messages),
        },
    )


def keeps_attributes_left_out(visit: Visit) -> Found:
    """See what Lex does with a session attribute that the fulfillment does not hand back."""
    turn = _asked(visit, visit.question, **{LEFT_OUT: "smoke"})
    kept = LEFT_OUT in turn.attributes
    return Found(
        f"a session attribute that the Lambda leaves out is {'kept' if kept else 'gone'}"
        " (said of this project's fulfillment, which leaves out what Lex Web UI repeats)",
        {"kept": kept},
    )


def difference(streamed: str, reply: str) -> int | None:
    """Return where what was streamed leaves the reply, or ``None`` if it is its beginning.

    Where a reply is cut into messages, white space may go, so it counts nowhere.
    """
    streamed, reply = "".join(streamed.split()), "".join(reply.split())
    if reply.startswith(streamed):
        return None
    pairs = zip(streamed, reply, strict=False)
    same = (index for index, (one, other) in enumerate(pairs) if one != other)
    return next(same, min(len(streamed), len(reply)))


def _asked(visit: Visit, question: str, **attributes: str) -> Turn:
    bot = _bot(visit)
    return visit.browser.ask(visit.open_socket(), visit.browser.lex(), bot, question, attributes)


def _bot(visit: Visit) -> Bot:
    if visit.target.bot is None:
        raise CheckSkipped("no bot; give --bot-id and --bot-alias-id")
    return visit.target.bot
