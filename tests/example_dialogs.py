"""What the examples are asked and say, for the tests that talk to them in one way or another."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.routing import BaseRoute

from websocket_stack.lex_bot.reading import read
from websocket_stack.local.bedrock import agent_routes
from websocket_stack.local.bedrock import routes as bedrock_routes
from websocket_stack.local.demo_model.model import DemoModel
from websocket_stack.local.demo_model.passages import Library

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
# Far more than a model's, so that no test waits for it.
TOKENS_PER_SECOND = 5000.0

ORDER_LOCALES = read(EXAMPLES / "order_tracking.yaml").locales
WHICH_ORDER = "What is your order's number?"
UNKNOWN_ORDER = "There is no such order. Order numbers look like A-17."
STEPS = [
    "Looking up order A-17…\n\n",
    "Found it: two lamps. Asking the warehouse…\n\n",
    "It was packed yesterday. Asking the carrier…\n\n",
    "**A-17** is in Hamburg and arrives tomorrow.",
]
STEP_SECONDS = 2.0
ANYTHING_ELSE = {
    "title": "Anything else?",
    "buttons": [{"text": "Another order", "value": "track an order"}],
}


def question_of(example: str) -> str:
    """Return what the docstring of an example says to ask it."""
    source = (EXAMPLES / f"{example}.py").read_text("utf-8")
    found = re.search(r"^Then ask: (.+?\?)", source, re.MULTILINE)
    assert found, example
    return found[1]


def demo_routes(thinking_seconds: float = 0.0) -> list[BaseRoute]:
    """Return a Bedrock that knows the project's own docs, as ``scripts/serve`` has it.

    Args:
        thinking_seconds: how long the model takes until its first word.
    """
    demo = DemoModel(Library.of_project(ROOT), TOKENS_PER_SECOND, thinking_seconds)
    return [*bedrock_routes.routes(demo), *agent_routes.routes(demo)]
