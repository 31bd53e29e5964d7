"""Checks that ask the bot."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fulfillment.notices import Notices
from websocket_stack.smoke.browser import Browser, ObservedTurn
from websocket_stack.smoke.report import CheckFailed, CheckSkipped, Finding, Number, milliseconds
from websocket_stack.smoke.session import SmokeSession

# The most characters of a message by the API's model, and by the fulfillment's own limit.
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_Message.html
MODEL_LIMIT = 1024
OWN_LIMIT = 4000
# This project's fulfillment leaves it out of its response, so Lex alone decides.
LEFT_OUT = "previousLexResponse"
# The session attribute by which a conversation goes on.
CONVERSATION = "conversationId"
NUMBER = "4711"
FACT = f"My order has the number {NUMBER}. Please remember that."
RECALL = "Which number has my order? Answer with the number alone."


def streams_a_turn(session: SmokeSession) -> Finding:
    """Ask, and compare the streamed text with the reply."""
    session.require_socket()
    turn = _ask(session, session.question)
    if not turn.frames:
        raise CheckFailed(
            f"no frame in {turn.seconds:.2f} s; a reply of {len(turn.reply)} characters"
        )
    same = difference(turn.streamed, turn.reply)
    if same is not None:
        raise CheckFailed(
            f"the {len(turn.frames)} frames differ from the reply after {same} characters"
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
    return Finding(
        f"{len(turn.frames)} frames, first after {turn.frames[0].at * 1000:.0f} ms, last after"
        f" {turn.frames[-1].at * 1000:.0f} ms, reply after {turn.seconds * 1000:.0f} ms;"
        f" {len(turn.streamed)} of {len(turn.reply)} characters streamed, all as in the reply",
        numbers,
    )


def answers_without_streaming(session: SmokeSession) -> Finding:
    """Ask as a client that shows no frames, such as the Lex console."""
    turn = _ask(session, session.question, browser=session.browser.without_streaming())
    if not turn.reply:
        raise CheckFailed(f"no reply in {turn.seconds:.2f} s")
    return Finding(
        f"a reply of {len(turn.reply)} characters in one piece after {turn.seconds:.2f} s",
        {"reply_characters": len(turn.reply), "reply_ms": milliseconds(turn.seconds)},
    )


def remembers_the_last_turn(session: SmokeSession) -> Finding:
    """Say something, and ask for it."""
    if session.stack.remembers is False:
        raise CheckSkipped("RememberConversations is false")
    browser = session.browser.without_streaming()
    conversation = _ask(session, FACT, browser=browser).attributes.get(CONVERSATION)
    if conversation is None:
        if session.stack.remembers:
            raise CheckFailed("RememberConversations is true, but no conversation has begun")
        raise CheckSkipped("turns are not remembered")
    second = _ask(session, RECALL, {CONVERSATION: conversation}, browser)
    if second.attributes.get(CONVERSATION) != conversation:
        raise CheckFailed("the second turn was another conversation")
    recalled = NUMBER in second.reply
    return Finding(
        "the second turn goes on with the first, and the model "
        + ("recalls it" if recalled else "does not recall it, which is its own affair"),
        {"recalled": recalled},
    )


def brings_long_texts_whole(session: SmokeSession) -> Finding:
    """Find out whether Lex cuts a long message."""
    session.require_socket()
    turn = _ask(session, session.long_question)
    longest = max((len(message) for message in turn.messages), default=0)
    same = difference(turn.streamed, turn.reply)
    if same is not None:
        raise CheckFailed(f"the streamed text differs from the reply after {same} characters")
    if longest <= MODEL_LIMIT:
        raise CheckSkipped(
            f"the longest message has {longest} characters, which decides nothing;"
            " give a --long-question that takes longer to answer"
        )
    beyond = "" if longest > OWN_LIMIT else f"; beyond {OWN_LIMIT}: not tested"
    return Finding(
        f"a message of {longest} characters came back whole; {len(turn.reply)} characters in"
        f" {len(turn.messages)} messages{beyond}",
        {
            "longest_message_characters": longest,
            "reply_characters": len(turn.reply),
            "messages": len(turn.messages),
        },
    )


def keeps_attributes_left_out(session: SmokeSession) -> Finding:
    """Find out whether Lex keeps a session attribute that the fulfillment does not return."""
    session.require_socket()
    turn = _ask(session, session.question, {LEFT_OUT: "smoke"})
    is_kept = LEFT_OUT in turn.attributes
    return Finding(
        f"a session attribute that the Lambda leaves out is {'kept' if is_kept else 'gone'}"
        " (with this project's fulfillment, which leaves out what Lex Web UI repeats)",
        {"kept": is_kept},
    )


def difference(streamed: str, reply: str) -> int | None:
    """Return where the streamed text departs from the reply.

    White space does not count: some may get lost where a reply is cut into messages.

    Args:
        streamed: the text of all frames.
        reply: the text of all messages.

    Returns:
        How many characters are the same, or ``None`` if the reply begins with the streamed text.
    """
    streamed, reply = "".join(streamed.split()), "".join(reply.split())
    if reply.startswith(streamed):
        return None
    pairs = zip(streamed, reply, strict=False)
    differences = (index for index, (one, other) in enumerate(pairs) if one != other)
    return next(differences, min(len(streamed), len(reply)))


def _ask(
    session: SmokeSession,
    question: str,
    attributes: Mapping[str, str] = MappingProxyType({}),
    browser: Browser | None = None,
) -> ObservedTurn:
    """Ask in the session's browser, or in another one, which has no socket."""
    if session.stack.bot_alias is None:
        raise CheckSkipped("no bot; give --bot-id and --bot-alias-id")
    socket = None if browser else session.require_socket()
    browser = browser or session.browser
    turn = browser.ask(socket, browser.lex_client, session.stack.bot_alias, question, attributes)
    if turn.reply == Notices().failed:
        cause = "its log says why"
        if session.function:
            cause = session.function.cause(browser.session_id)
        raise CheckFailed(f"the bot could not answer: {cause}")
    return turn
