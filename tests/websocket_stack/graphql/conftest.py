"""The API's schema, for its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

import websocket_stack.graphql

# What AppSync knows by itself.
APPSYNC = """
directive @aws_api_key on FIELD_DEFINITION | OBJECT
directive @aws_iam on FIELD_DEFINITION | OBJECT
directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
scalar AWSJSON
"""


@pytest.fixture
def schema() -> str:
    """Return the schema, with what AppSync adds to it."""
    folder = Path(websocket_stack.graphql.__file__).parent
    return APPSYNC + (folder / "schema.graphql").read_text("utf-8")
