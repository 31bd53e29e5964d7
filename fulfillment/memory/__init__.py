"""What a bot remembers of a conversation, and where."""

from fulfillment.memory.exchanges import Exchange, Memory

__all__ = ["Exchange", "Memory"]
