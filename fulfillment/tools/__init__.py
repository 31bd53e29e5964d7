"""Python functions that a model can call while a reply streams."""

from fulfillment.tools.tool import Tool, ToolFailed

__all__ = ["Tool", "ToolFailed"]
