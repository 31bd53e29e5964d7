"""Finds the arguments of a tool in what the user said: ids, quotations, numbers, other words.

It understands nothing. What it does not find it names, so that the user can be asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from fulfillment.models.base import ToolSpec
from websocket_stack.local.demo_model.passages import words_of

Schema: TypeAlias = Mapping[str, Any]

NUMBER = re.compile(r"(?<![\w.,-])-?\d{1,15}(?:[.,]\d{1,15})?(?![\w-])")
# A token with a digit in it, such as A-1042.
ID = re.compile(r"(?<![\w.:/-])(?=[\w.:/-]*\d)\w(?:[\w.:/-]*\w)?")
QUOTED = re.compile(r"“([^”]+)”|„([^“]+)“|«([^»]+)»|\"([^\"]+)\"|(?<!\w)'([^']+)'(?!\w)")
WORD = re.compile(r"\w(?:[\w.:/'’-]*\w)?")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?")
NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)
SENTENCE = re.compile(r"(?:\A|[.?!])\W*(?=\w)")
DIGIT = re.compile(r"\d")
APOSTROPHE = re.compile("['’]")
THOUSANDS = re.compile(r",(?=\d{3}\Z)")
# Words that requests and descriptions are made of, whatever a tool is for.
DULL = frozenset(words_of("get find look up return give show tell use call any all one its this"))
# Parameters of such a name take an id, and not what else is said.
ID_NAMES = frozenset(words_of("id identifier number code reference ref key"))


class Missing(Exception):
    """An argument that the tool needs is not in what was said; says which, for the user."""


def arguments_of(tool: ToolSpec, said: str) -> dict[str, object]:
    """Return the arguments of a call.

    Raises:
        Missing: the user has to be asked for one.
    """
    return _object(tool.schema, Clues(said, words_in(tool) | DULL))


def words_in(tool: ToolSpec) -> frozenset[str]:
    """Return the words by which a tool, its description and its parameters are known."""
    texts = [tool.name, tool.description, *_texts(tool.schema)]
    return frozenset(word for text in texts for word in words_of(spaced(text)))


def spaced(name: str) -> str:
    """Return a name as words: ``orderId`` and ``order_id`` are "order id"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]+", " ", name)


def _texts(schema: Schema) -> Iterable[str]:
    for name, each in _properties(schema).items():
        yield from (name, str(each.get("description") or ""))


class Clues:
    """What may be an argument in a text; each is given away once.

    Takes the text, and the words of the tool itself, which say nothing about its arguments.
    """

    def __init__(self, said: str, of_tool: frozenset[str]) -> None:
        self._said = said
        self._words = frozenset(words_of(said))
        self._of_tool = of_tool

    def mentions(self, value: object) -> bool:
        words = words_of(spaced(str(value)))
        return bool(words) and self._words.issuperset(words)

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """Give away the first match of a pattern."""
        found = pattern.search(self._said)
        if found is None:
            return None
        self._said = f"{self._said[: found.start()]} {self._said[found.end() :]}"
        return next(filter(None, found.groups()), found[0])

    def number(self) -> float | None:
        found = self.match(NUMBER)
        if found is not None:
            # 1,000 is a thousand, and 1,5 one and a half.
            return float(THOUSANDS.sub("", found).replace(",", "."))
        word = self.match(NUMBER_WORD)
        return None if word is None else float(NUMBER_WORDS.index(word.lower()))

    def words(self) -> str | None:
        """Give away the words that tell something; if some are names, only those."""
        told = [found for found in WORD.finditer(self._said) if self._tells(found[0])]
        # A sentence's first word is written like a name, and a digit makes any word one.
        first = {found.end() for found in SENTENCE.finditer(self._said)}
        names = [
            found
            for found in told
            if found[0][0].isupper() and found.start() not in first or DIGIT.search(found[0])
        ]
        for found in reversed(names or told):
            self._said = f"{self._said[: found.start()]} {self._said[found.end() :]}"
        return " ".join(found[0] for found in names or told) or None

    def _tells(self, word: str) -> bool:
        # "How's" is no more than "how".
        words = words_of(APOSTROPHE.split(word)[0])
        return bool(words) and not self._of_tool.issuperset(words) and not NUMBER.fullmatch(word)


def _object(schema: Schema, clues: Clues) -> dict[str, object]:
    properties, required = _properties(schema), _list(schema.get("required"))
    wanted = [name for name in properties if name in required]
    wanted.sort(key=lambda name: _rank(name, properties[name]))
    found = {name: _value(name, properties[name], clues) for name in wanted}
    for name, each in properties.items():
        if name not in found and (value := _if_plain(name, each, clues)) is not None:
            found[name] = value
    return found


def _properties(schema: Schema) -> dict[str, Schema]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {name: _first_of(each) for name, each in properties.items()}


def _rank(name: str, schema: Schema) -> int:
    """Return when a parameter is served: the choosiest first."""
    if schema.get("type", "string") == "string" and not {"enum", "format"} & schema.keys():
        return 0 if _takes_id(name) else 2
    return 1


def _takes_id(*texts: str) -> bool:
    return any(ID_NAMES.intersection(words_of(spaced(text))) for text in texts)


def _if_plain(name: str, schema: Schema, clues: Clues) -> object:
    """Return the value of a parameter that can be left out, if it is plainly said."""
    kind = schema.get("type")
    if kind in ("boolean", "integer", "number") or "enum" in schema:
        try:
            return _value(name, schema, clues) or None
        except Missing:
            pass
    return None


def _value(name: str, schema: Schema, clues: Clues) -> object:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        value = _mentioned(_list(schema["enum"]), clues)
    else:
        value = _typed(name, schema, clues)
    if value is None:
        value = schema.get("default")
    if value is None and schema.get("type") != "null":
        raise Missing(_called(name, schema))
    return value


def _typed(name: str, schema: Schema, clues: Clues) -> object:
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, clues)
    if kind == "array":
        return [_value(name, _first_of(schema.get("items")), clues)]
    if kind == "boolean":
        return clues.mentions(name)
    if kind == "null":
        return None
    if kind not in ("integer", "number"):
        return _text(name, schema, clues)
    number = clues.number()
    if number is None or not number.is_integer():
        return number if kind == "number" else None
    return int(number)


def _text(name: str, schema: Schema, clues: Clues) -> str | None:
    pattern = {"date": DATE, "date-time": DATE_TIME}.get(str(schema.get("format")))
    if pattern:
        return clues.match(pattern)
    if _takes_id(name, str(schema.get("description") or "")):
        told = clues.match(ID) or clues.match(QUOTED)
        if told or _takes_id(name):
            return told
    return clues.match(QUOTED) or clues.words() or clues.match(NUMBER)


def _mentioned(choices: Iterable[object], clues: Clues) -> object:
    # "sea salt" before "salt".
    longest = sorted(choices, key=lambda choice: -len(str(choice)))
    return next((choice for choice in longest if clues.mentions(choice)), None)


def _first_of(schema: object) -> Schema:
    """Return a schema without alternatives: as the first one that is a value."""
    if not isinstance(schema, Mapping):
        return {}
    rest = {name: each for name, each in schema.items() if name not in ("anyOf", "oneOf")}
    for each in _list(schema.get("anyOf")) or _list(schema.get("oneOf")):
        if isinstance(each, Mapping) and each.get("type") != "null":
            return {**rest, **each}
    if isinstance(kinds := rest.get("type"), list):
        rest["type"] = next((kind for kind in kinds if kind != "null"), "null")
    return rest


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _called(name: str, schema: Schema) -> str:
    called = spaced(name).lower()
    if choices := _list(schema.get("enum")):
        return f"{called}: {', '.join(map(str, choices))}"
    description = str(schema.get("description") or "").strip().rstrip(".")
    return f"{called}: {description}" if description else called
