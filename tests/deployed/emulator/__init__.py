"""MiniStack with what our templates need beyond it."""
