"""An assistant that looks things up with Python functions as the model's tools.

    scripts/serve --bot examples.assistant:bot

Then ask: what is the status of order A-17?
"""

from collections.abc import Generator, Iterator
from typing import Literal

from fulfillment import Bot, Turn
from fulfillment.tools import ToolFailed

bot = Bot()

ORDERS = {"A-17": "shipped yesterday, arrives tomorrow", "B-2": "waiting for payment"}
HOURS = {"weekday": "9 to 18", "saturday": "10 to 14", "sunday": "closed"}


def order_status(order_id: str) -> Generator[str, None, dict[str, str]]:
    """Find the status of an order.

    Args:
        order_id: the order's number, such as A-17
    """
    # The user sees what a tool yields; the model gets what it returns.
    yield f"Looking up {order_id}…\n\n"
    if order_id not in ORDERS:
        raise ToolFailed(f"There is no order {order_id}.")
    return {"order": order_id, "status": ORDERS[order_id]}


def opening_hours(day: Literal["weekday", "saturday", "sunday"]) -> str:
    """Say when the shop is open.

    Args:
        day: the kind of day
    """
    return HOURS[day]


@bot.fallback
def assist(turn: Turn) -> Iterator[str]:
    yield from turn.ask(
        system="You help the customers of a furniture shop. Look things up; never guess.",
        tools=[order_status, opening_hours],
    )


lambda_handler = bot.lambda_handler
