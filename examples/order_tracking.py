"""Tracks an order: elicits and validates a slot, shows progress line by line, adds a card.

    scripts/serve --bot examples.order_tracking:bot --intents examples/order_tracking.yaml

Then ask: where is my order?
"""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fulfillment import Bot, Turn


class Order(NamedTuple):
    goods: str
    packed: str
    city: str


ORDERS = {
    "A-17": Order("two lamps", "yesterday", "Hamburg"),
    "B-2": Order("a chair", "on Monday", "Leeds"),
}


class Shop:
    """Stands in for your own systems, each of which takes two seconds to answer."""

    def __init__(self, wait: Callable[[float], object] = time.sleep) -> None:
        self._wait = wait

    def has(self, order_id: str) -> bool:
        return order_id in ORDERS

    def goods_of(self, order_id: str) -> str:
        self._wait(2.0)
        return ORDERS[order_id].goods

    def packed(self, order_id: str) -> str:
        self._wait(2.0)
        return ORDERS[order_id].packed

    def city_of(self, order_id: str) -> str:
        self._wait(2.0)
        return ORDERS[order_id].city


def bot_of(shop: Shop) -> Bot:
    """Return a bot of this shop. Tests pass a shop that does not wait."""
    bot = Bot()

    @bot.dialog("TrackOrder")
    def check_order_id(turn: Turn) -> None:
        """Elicit the order number again if there is no such order; otherwise Lex goes on."""
        order_id = turn.slot("OrderId")
        if order_id and not shop.has(order_id.upper()):
            turn.elicit_slot("OrderId", "There is no such order. Order numbers look like A-17.")

    @bot.intent("TrackOrder")
    def track(turn: Turn) -> Iterator[str]:
        """Each line is on the user's screen while the next system is still at work."""
        order_id = (turn.slot("OrderId") or "").upper()
        yield f"Looking up order {order_id}…\n\n"
        yield f"Found it: {shop.goods_of(order_id)}. Asking the warehouse…\n\n"
        yield f"It was packed {shop.packed(order_id)}. Asking the carrier…\n\n"
        yield f"**{order_id}** is in {shop.city_of(order_id)} and arrives tomorrow."
        turn.add_card("Anything else?", buttons=[("Another order", "track an order")])

    return bot


bot = bot_of(Shop())
lambda_handler = bot.lambda_handler
