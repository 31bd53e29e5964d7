"""A bot that greets, tracks orders and lets a model answer everything else."""

from collections.abc import Iterator

from fulfillment import Bot, Turn

ORDERS = {"A-17": "in Hamburg", "B-2": "being packed"}

bot = Bot()
lambda_handler = bot.lambda_handler


@bot.intent("Greeting")
def greet(turn: Turn) -> str:
    """Say what the bot can do."""
    return "Hello! Ask me where your order is, or anything about our lamps."


@bot.dialog("TrackOrder")
def check_order_id(turn: Turn) -> None:
    """Elicit the number again if there is no such order; otherwise Lex goes on."""
    order_id = turn.slot("OrderId")
    if order_id and order_id.upper() not in ORDERS:
        turn.elicit_slot("OrderId", "There is no such order. Order numbers look like A-17.")


@bot.intent("TrackOrder")
def track_order(turn: Turn) -> Iterator[str]:
    """Each text is on the user's screen a moment after it is yielded."""
    order_id = (turn.slot("OrderId") or "").upper()
    yield "Looking up your order…\n\n"
    yield f"Order **{order_id}** is {ORDERS[order_id]}."


def order_status(order_id: str) -> str:
    """Return where an order is. The model calls this, and reads this text to know when.

    Args:
        order_id: the order's number, such as A-17
    """
    return ORDERS.get(order_id.upper(), "unknown")


@bot.fallback
def answer(turn: Turn) -> Iterator[str]:
    """Let the model answer what is no intent."""
    yield from turn.ask(
        system="You help the customers of a furniture shop. Be brief.", tools=[order_status]
    )
