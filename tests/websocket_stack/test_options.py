"""Options that several commands have."""

from __future__ import annotations

import argparse

import pytest

from websocket_stack.options import add_aws_options, add_server_options, parser_of


def test_help_tells_the_defaults() -> None:
    parser = parser_of("serve", "Serve.")
    add_server_options(parser)
    parser.add_argument("--bot", help="a bot of your own")
    shown = " ".join(parser.format_help().split())

    assert "address to listen on (default: 127.0.0.1)" in shown
    assert "0 takes any free one (default: 8000)" in shown
    assert shown.endswith("a bot of your own")


@pytest.mark.parametrize(
    ("variable", "arguments", "region"),
    [
        ("eu-west-1", [], "eu-west-1"),
        ("eu-west-1", ["--region", "us-west-2"], "us-west-2"),
        ("", [], None),
    ],
)
def test_the_region_is_an_option_or_a_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, arguments: list[str], region: str | None
) -> None:
    monkeypatch.setenv("AWS_REGION", variable)
    parser = argparse.ArgumentParser()
    add_aws_options(parser)

    assert parser.parse_args(arguments).region == region
    assert parser.parse_args(arguments).profile is None
