"""Markdown as clients render it: cut, made safe, or stripped of its marks. Pure."""
