"""What a model on Bedrock takes and what it refuses, by the family that its id names. Pure.

An application inference profile's id names none: its model is sent whatever was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Newer models think before they write unless told not to, which the reader sees as silence.
# Haiku 5.5 takes "disabled"; Sonnet 5.5 refuses it and takes "between_tools" as its least.
# https://platform.claude.com/docs/en/build-with-claude/extended-thinking
LEAST_THINKING: Mapping[str, Mapping[str, object]] = {
    "claude-haiku-5-5": {"thinking": {"type": "disabled"}},
    "claude-sonnet-5-5": {"thinking": {"type": "between_tools"}},
}

# Claude answers 400 to temperature and topP since Opus 4.7, so only the families before it are
# named: those to come are like the newest.
# https://platform.claude.com/docs/en/models/haiku-5-5/migration-guide
CLAUDE_WITH_SAMPLING = (
    "claude-3",
    "claude-haiku-4",
    "claude-sonnet-4",
    "claude-opus-4-2025",
    "claude-opus-4-1",
    "claude-opus-4-5",
    "claude-opus-4-6",
)

# Nova refuses cache points after tools, and most other models refuse them anywhere (400).
# https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
WITH_CACHE_POINTS = ("claude", "application-inference-profile/")

# Models that write what they think into their text, between tags of these names. Nova does so
# mostly with tools, DeepSeek and Qwen where no one parses it, as in an imported model.
# https://github.com/langchain-ai/langchain-aws/issues/783
THINKING_TAGS: Mapping[str, Sequence[str]] = {
    "amazon.nova": ("thinking",),
    "deepseek": ("think",),
    "qwen": ("think",),
    "minimax": ("think",),
    "imported-model/": ("think",),
    "application-inference-profile/": ("thinking", "think"),
}


def least_thinking(model_id: str) -> Mapping[str, object]:
    """Return the request fields that make a model write as soon as it can."""
    for family, fields in LEAST_THINKING.items():
        if family in model_id:
            return fields
    return {}


def sampling(model_id: str, temperature: float | None, top_p: float | None) -> dict[str, float]:
    """Return the sampling parameters that a model accepts, as in Converse's ``inferenceConfig``.

    Args:
        model_id: a model or inference profile.
        temperature: what is asked for, if anything.
        top_p: what is asked for, if anything.
    """
    is_claude = "claude" in model_id
    if is_claude and not any(family in model_id for family in CLAUDE_WITH_SAMPLING):
        return {}
    accepted = {}
    if temperature is not None:
        accepted["temperature"] = temperature
    # Claude takes one of them: 4.5 answers 400 to both.
    # https://platform.claude.com/docs/en/about-claude/models/migrating-to-claude-4
    if top_p is not None and not (is_claude and accepted):
        accepted["topP"] = top_p
    return accepted


def thinking_tags(model_id: str) -> Sequence[str]:
    """Return the names of the tags between which a model writes its thoughts, if it does so."""
    for family, tags in THINKING_TAGS.items():
        if family in model_id:
            return tags
    return ()


def takes_cache_points(model_id: str) -> bool:
    """Return whether a model takes cache points, which mark what to keep for the next request."""
    return any(family in model_id for family in WITH_CACHE_POINTS)
