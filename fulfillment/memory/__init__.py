"""What a bot remembers of a conversation, and where."""

from fulfillment.memory.base import Exchange, Memory

__all__ = ["Exchange", "Memory"]
