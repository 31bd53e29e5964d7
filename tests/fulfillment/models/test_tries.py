"""Times are told, and so is the jitter: no pause is shortened unless a test says so."""

from __future__ import annotations

import pytest

from fulfillment.models.tries import REPLY_SECONDS, Ask, GiveUp, Tries, Wait

TURN_SECONDS = 24.5
FIRST_SIGN_SECONDS = 7.0


def tries_of(
    models: int = 1, *, until: float = TURN_SECONDS, jitter: float = 1.0, pause_seconds: float = 0.4
) -> Tries:
    return Tries(
        models,
        0.0,
        until,
        first_sign_seconds=FIRST_SIGN_SECONDS,
        pause_seconds=pause_seconds,
        jitter=lambda: jitter,
    )


def calls(tries: Tries, fails: bool) -> list[tuple[int, float]]:
    """Return when each model is asked, where every call fails at once or is silent for ever."""
    now, asked = 0.0, []
    while not isinstance(action := tries.next(now), GiveUp):
        if isinstance(action, Ask):
            asked.append((action.model, round(now, 3)))
            if fails:
                tries.failed(now)
        else:
            assert action.until > now
            now = action.until
    return asked


def test_a_busy_model_is_asked_for_all_of_the_turn() -> None:
    assert calls(tries_of(), fails=True) == [
        (0, when) for when in (0.0, 0.4, 1.2, 2.8, 6.0, 10.0, 14.0, 18.0, 22.0, 22.5)
    ]


def test_jitter_halves_a_pause_at_most() -> None:
    assert calls(tries_of(jitter=0.0), fails=True)[:4] == [(0, 0.0), (0, 0.2), (0, 0.6), (0, 1.4)]


def test_fallback_models_are_asked_before_any_pause() -> None:
    asked = calls(tries_of(3), fails=True)
    assert asked[:6] == [(0, 0.0), (1, 0.0), (2, 0.0), (0, 0.4), (1, 0.4), (2, 0.4)]


def test_the_last_try_leaves_time_for_a_reply() -> None:
    for until in (3.0, 8.0, TURN_SECONDS):
        *_, (_, last) = calls(tries_of(until=until), fails=True)
        assert last == until - min(REPLY_SECONDS, until / 4)


def test_a_silent_call_is_waited_for_to_the_end() -> None:
    assert calls(tries_of(), fails=False) == [(0, 0.0), (0, FIRST_SIGN_SECONDS)]


def test_each_fallback_model_gets_its_chance() -> None:
    assert calls(tries_of(3), fails=False) == [(0, 0.0), (1, 7.0), (2, 14.0)]


def test_a_short_turn_makes_one_call_at_least() -> None:
    for until in (0.0, 0.5, FIRST_SIGN_SECONDS):
        assert calls(tries_of(until=until), fails=False)[1:] == []
    assert tries_of(until=0.0).next(0.0) == Ask(0)


def test_no_model_is_asked_that_refused() -> None:
    tries = tries_of(2)
    assert tries.next(0.0) == Ask(0)
    tries.rejected(0, 0.5)
    assert tries.next(0.5) == Ask(1)
    tries.failed(1.0)
    assert tries.next(1.0) == Wait(1.4)
    assert tries.next(1.4) == Ask(1)
    tries.rejected(1, 1.5)
    assert isinstance(tries.next(1.5), GiveUp)


def test_a_refusal_does_not_end_a_call_that_is_silent() -> None:
    tries = tries_of(1)
    assert [tries.next(0.0), tries.next(7.0)] == [Ask(0), Ask(0)]
    tries.rejected(0, 8.0)
    assert tries.next(8.0) == Wait(TURN_SECONDS)


def test_a_call_that_breaks_after_a_sign_is_made_again() -> None:
    tries = tries_of(1)
    assert [tries.next(0.0), tries.next(7.0)] == [Ask(0), Ask(0)]
    tries.spoke()
    tries.failed(9.0)
    assert [tries.next(9.0), tries.next(9.4)] == [Wait(9.4), Ask(0)]


@pytest.mark.parametrize("now", [0.0, 30.0])
def test_without_models_there_is_nothing_to_do(now: float) -> None:
    assert isinstance(tries_of(0).next(now), GiveUp)
