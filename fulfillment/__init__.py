"""Let an Amazon Lex V2 bot talk while it thinks: stream its reply over a WebSocket."""

from fulfillment.bot import Bot
from fulfillment.handlers import Answerer
from fulfillment.memory import Exchange, Memory
from fulfillment.notices import Words
from fulfillment.turn import Turn

__all__ = ["Answerer", "Bot", "Exchange", "Memory", "Turn", "Words"]

__version__ = "0.1.0"
