"""The checks of ``scripts/smoke``, in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from websocket_stack.smoke.checks import connect, metrics, page, posts, state, tasks, turns
from websocket_stack.smoke.report import Finding
from websocket_stack.smoke.session import SmokeSession

CheckFunction: TypeAlias = Callable[[SmokeSession], Finding]
"""Checks one thing; raises CheckFailed or CheckSkipped."""


class Check(NamedTuple):
    """A check and its name in the report."""

    name: str
    run: CheckFunction


CHECKS: Sequence[Check] = (
    Check("stack", state.is_in_a_good_state),
    Check("page", page.names_the_stack),
    Check("signed connect", connect.connects),
    Check("ping", connect.is_silent_after_ping),
    Check("other messages", connect.is_silent_after_others),
    Check("turn", turns.streams_a_turn),
    Check("without streaming", turns.answers_without_streaming),
    Check("memory", turns.remembers_the_last_turn),
    Check("long text", turns.brings_long_texts_whole),
    Check("attribute left out", turns.keeps_attributes_left_out),
    Check("posts", posts.posts_in_time),
    Check("burst", posts.takes_a_burst),
    Check("empty post", posts.takes_an_empty_post),
    Check("unsigned connect", connect.refuses_unsigned),
    Check("another's identity", connect.refuses_an_identity_of_others),
    Check("second owner", connect.refuses_a_second_owner),
    Check("post after closing", posts.says_gone_after_closing),
    Check("connection forgotten", posts.forgets_the_connection),
    Check("metrics", metrics.arrive),
)

# Of a stack that has no Lex in it.
TASK_CHECKS: Sequence[Check] = (
    Check("stack", state.is_in_a_good_state),
    Check("connect", tasks.connects),
    Check("ping", tasks.answers_a_ping),
    Check("task", tasks.streams_a_task),
    Check("whole task", tasks.sends_a_task_whole),
    Check("message", tasks.chats),
    Check("stop", tasks.stops_a_task),
    Check("mistakes", tasks.tells_mistakes),
    Check("unsigned connect", tasks.refuses_unsigned),
    Check("connection forgotten", tasks.forgets_the_connection),
    Check("metrics", metrics.arrive),
)
