"""Python functions that a model can call while a reply streams."""

from fulfillment.tools.toolbox import Tool, Toolbox, ToolFailed

__all__ = ["Tool", "ToolFailed", "Toolbox"]
