from __future__ import annotations

from fulfillment.errors import LexStreamingError, ModelInterrupted, describe


def caught(error: Exception, cause: OSError | None = None) -> Exception:
    try:
        raise error from cause
    except type(error) as exc:
        return exc


def test_a_foreign_error_is_described_without_its_message() -> None:
    fields = describe(caught(ValueError("the user's secret words")))
    assert fields["error"] == "ValueError"
    assert "caught" in fields["raised_at"]
    assert "secret" not in str(fields)


def test_our_errors_are_described() -> None:
    """By their reason, and the type of their cause."""
    fields = describe(caught(ModelInterrupted("no messageStop"), cause=OSError("secret")))
    assert fields["error"] == "ModelInterrupted"
    assert fields["reason"] == "no messageStop"
    assert fields["cause"] == "OSError"
    assert "secret" not in str(fields)


def test_an_error_that_was_never_raised_can_be_described() -> None:
    assert describe(LexStreamingError("x")) == {"error": "LexStreamingError", "reason": "x"}
