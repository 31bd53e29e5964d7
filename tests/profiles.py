"""How many examples hypothesis tries, by the profile that a run has."""

from __future__ import annotations

from hypothesis import settings


def examples(share: float, **further: object) -> settings:
    """Return settings of a test whose examples take longer, or tell more, than those of others.

    Args:
        share: of the examples that the profile of the run has.
        further: settings as hypothesis takes them.
    """
    # Before modules of tests are imported, the profile is loaded.
    assert settings.default
    count = max(1, round(share * settings.default.max_examples))
    return settings(max_examples=count, **further)  # type: ignore[arg-type]
