"""Let an Amazon Lex V2 bot talk while it thinks: stream its reply over a WebSocket."""

from fulfillment.bot import Answerer, Bot
from fulfillment.turn import Turn
from fulfillment.words import Words

__all__ = ["Answerer", "Bot", "Turn", "Words"]

__version__ = "0.1.0"
