"""Let an Amazon Lex V2 bot talk while it thinks: stream its reply over a WebSocket."""

from fulfillment.answers import Answerer
from fulfillment.bot import Bot
from fulfillment.memory import Exchange, Memory
from fulfillment.turn import Turn
from fulfillment.words import Words

__all__ = ["Answerer", "Bot", "Exchange", "Memory", "Turn", "Words"]

__version__ = "0.1.0"
