"""Reads the file of a bot: YAML, in which every mistake has a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError

from websocket_stack.command_line import CommandFailed, print_error
from websocket_stack.lex_bot.description import BotDescription, Mistake, probable_misspellings


class BotFileError(CommandFailed):
    """The file of a bot cannot be used; the message names the file, the place and the cause."""


def _warn(line: str) -> None:
    print_error("Warning", line)


def read(path: Path, warn: Callable[[str], None] = _warn) -> BotDescription:
    """Read a bot from its file.

    Args:
        path: a YAML file.
        warn: is told what Lex will probably not take, a line each.

    Raises:
        BotFileError: it cannot be read, or Lex would not take what is in it.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise BotFileError(f"{path}: {getattr(exc, 'strerror', None) or exc}") from exc
    return parse(text, str(path), warn)


def parse(text: str, source: str, warn: Callable[[str], None] = _warn) -> BotDescription:
    """Read a bot from YAML.

    Args:
        text: the YAML.
        source: what errors call it.
        warn: is told what Lex will probably not take, a line each.

    Raises:
        BotFileError: it is no YAML, or Lex would not take what is in it.
    """
    try:
        root = yaml.compose(text, yaml.BaseLoader)
        for node in _nodes(root):
            _refuse_duplicates(node, source)
        # Its scalars are all texts, so that utterances such as "no" and "17" are what they are.
        content = yaml.load(text, yaml.BaseLoader) if root else {}
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        hint = "; put quotes around texts with braces" if "'{'" in str(exc.problem) else ""
        raise BotFileError(f"{source}, line {line}: {exc.problem}{hint}") from exc
    except yaml.YAMLError as exc:
        raise BotFileError(f"{source}: it is no YAML") from exc
    try:
        bot = BotDescription.model_validate(content)
    except ValidationError as exc:
        raise BotFileError(_report(exc, root, source)) from exc
    for place, problem in probable_misspellings(bot):
        warn(_line(source, place, root, problem))
    return bot


def _nodes(node: yaml.Node | None) -> Iterator[yaml.Node]:
    if node is None:
        return
    yield node
    children = [each for pair in node.value for each in pair] if _is_map(node) else []
    for child in children or (node.value if isinstance(node, yaml.SequenceNode) else []):
        yield from _nodes(child)


def _is_map(node: yaml.Node | None) -> bool:
    return isinstance(node, yaml.MappingNode)


def _refuse_duplicates(node: yaml.Node, source: str) -> None:
    """Refuse a key that a map has twice, of which YAML's loader would drop the first."""
    seen = set()
    for key, _ in node.value if _is_map(node) else ():
        if key.value in seen:
            line = key.start_mark.line + 1
            raise BotFileError(f"{source}, line {line}: {key.value} is there twice")
        seen.add(key.value)


def _report(error: ValidationError, root: yaml.Node | None, source: str) -> str:
    """Return all mistakes, a line each."""
    lines = []
    for each in error.errors(include_url=False):
        # A key that is wrong itself is followed by this mark.
        place = [part for part in each["loc"] if part != "[key]"]
        mistake = each.get("ctx", {}).get("error")
        place += mistake.place if isinstance(mistake, Mistake) else ()
        problem = each["msg"].removeprefix("Value error, ")
        if each["type"] == "extra_forbidden":
            problem = "there is no such key"
        lines.append(_line(source, place, root, problem))
    return "\n".join(lines)


def _line(source: str, place: Sequence[object], root: yaml.Node | None, problem: str) -> str:
    where = ".".join(map(str, place))
    colon = ": " if where else ""
    return f"{source}, line {_line_of(place, root)}: {where}{colon}{problem}"


def _line_of(place: Sequence[object], root: yaml.Node | None) -> int:
    node, line = root, 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
