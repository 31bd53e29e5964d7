from __future__ import annotations

from typing import Any

import pytest

from fulfillment.models.bedrock.profiles import (
    least_thinking,
    sampling,
    takes_cache_points,
    thinking_tags,
)

APPLICATION_PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"


@pytest.mark.parametrize(
    ("model_id", "fields"),
    [
        ("global.anthropic.claude-haiku-5-5", {"thinking": {"type": "disabled"}}),
        ("us.anthropic.claude-sonnet-5-5", {"thinking": {"type": "between_tools"}}),
        ("eu.anthropic.claude-sonnet-4-6", {}),
        ("amazon.nova-lite-v1:0", {}),
    ],
)
def test_a_model_that_thinks_is_told_to_think_least(model_id: str, fields: dict[str, Any]) -> None:
    assert least_thinking(model_id) == fields


@pytest.mark.parametrize(
    "model_id",
    [
        "global.anthropic.claude-haiku-5-5",
        "us.anthropic.claude-sonnet-5",
        "eu.anthropic.claude-sonnet-5-5",
        "us.anthropic.claude-opus-4-7",
        "us.anthropic.claude-opus-4-8",
        "anthropic.claude-opus-5",
        "us.anthropic.claude-fable-5-1",
        "us.anthropic.claude-of-the-future-9",
    ],
)
def test_newer_claude_is_not_told_how_to_sample(model_id: str) -> None:
    assert sampling(model_id, 0.5, 0.9) == {}


@pytest.mark.parametrize(
    "model_id",
    [
        "anthropic.claude-3-haiku-20240307-v1:0",
        "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
        "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "anthropic.claude-sonnet-4-20250514-v1:0",
        "eu.anthropic.claude-sonnet-4-6",
        "anthropic.claude-opus-4-20250514-v1:0",
        "us.anthropic.claude-opus-4-6-v1",
    ],
)
def test_earlier_claude_is_told_one_way_to_sample(model_id: str) -> None:
    assert sampling(model_id, 0.5, 0.9) == {"temperature": 0.5}
    assert sampling(model_id, 0.0, 0.9) == {"temperature": 0.0}
    assert sampling(model_id, None, 0.9) == {"topP": 0.9}


@pytest.mark.parametrize("model_id", ["amazon.nova-lite-v1:0", APPLICATION_PROFILE])
def test_any_other_model_is_told_all_that_is_set(model_id: str) -> None:
    assert sampling(model_id, 0.5, 0.9) == {"temperature": 0.5, "topP": 0.9}
    assert sampling(model_id, None, None) == {}


@pytest.mark.parametrize(
    ("model_id", "takes"),
    [
        ("global.anthropic.claude-haiku-5-5", True),
        (APPLICATION_PROFILE, True),
        ("amazon.nova-lite-v1:0", False),
        ("meta.llama4-maverick-17b-instruct-v1:0", False),
    ],
)
def test_cache_points_are_for_models_that_take_them(model_id: str, takes: bool) -> None:
    assert takes_cache_points(model_id) is takes


@pytest.mark.parametrize(
    ("model_id", "tags"),
    [
        ("us.amazon.nova-pro-v1:0", ("thinking",)),
        ("arn:aws:bedrock:us-east-1:123456789012:imported-model/abc", ("think",)),
        (APPLICATION_PROFILE, ("thinking", "think")),
        ("global.anthropic.claude-haiku-5-5", ()),
        ("meta.llama4-maverick-17b-instruct-v1:0", ()),
    ],
)
def test_thoughts_are_looked_for_where_models_write_them(
    model_id: str, tags: tuple[str, ...]
) -> None:
    assert tuple(thinking_tags(model_id)) == tags
