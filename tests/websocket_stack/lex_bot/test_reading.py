"""The file of a bot: what it may look like, and where its mistakes are."""

from __future__ import annotations

from pathlib import Path

import pytest

from websocket_stack.lex_bot.reading import BotFileError, parse, read

BOT = """\
locales:
  en_US:
    intents:
      Answer:
        utterances:
          - no
          - 17
          - answer {What}
        slots:
          What:
            type: Words
            prompt: What?
    slot_types:
      Words:
        values:
          yes:
          no: [nope, never]
"""
UTTERANCES = BOT[BOT.index("        utterances:") : BOT.index("        slots:")]


def test_texts_are_what_they_look_like() -> None:
    """Not what YAML 1.1 takes them for: booleans, numbers and nothing."""
    locale = parse(BOT, "bot.yaml").locales["en_US"]
    assert locale.intents["Answer"].utterances == ["no", "17", "answer {What}"]
    assert locale.slot_types["Words"].values == {"yes": [], "no": ["nope", "never"]}


def test_json_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "bot.json"
    path.write_text(
        '{"locales": {"en_US": {"confidence": 0.5, "intents": {"A": {"utterances": ["a"],'
        ' "dialog_hook": false}}}}}'
    )
    locale = read(path).locales["en_US"]
    assert locale.confidence == 0.5
    assert not locale.intents["A"].dialog_hook


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("          What:", "          1 2:", 10, "locales.en_US.intents.Answer.slots.1 2: "),
        ("prompt: What?", "prmpt: What?", 12, "prmpt: there is no such key"),
        ("prompt: What?", "retries: 6", 12, "What.retries: "),
        (
            "answer {What}",
            "answer {Whta}",
            8,
            "utterances.2: in 'answer {Whta}': there is no slot 'Whta'; is What meant?",
        ),
        ("answer {What}", "answer What}", 8, "utterances.2: in 'answer What}': a slot is written"),
        ("answer {What}", "{What} it is", 8, "expected"),
        (
            "type: Words",
            "type: Wrods",
            11,
            "slots.What.type: there is no slot type 'Wrods'; is Words meant?",
        ),
        ("      Words:", "      Words:\n      Words:", 15, "Words is there twice"),
        ("          no: [", "          no: [[", 18, "expected"),
        ("          - no\n", "          [no, a {What}]\n", 6, "quotes around texts with braces"),
        (UTTERANCES, "", 2, "locales.en_US: Lex builds no locale without an utterance"),
        ("locales:", "languages:", 1, "locales: Field required"),
        (BOT, "", 1, "locales: Field required"),
        (BOT, "- a", 1, "dictionary"),
    ],
)
def test_a_mistake_has_its_line_and_place(old: str, new: str, line: int, problem: str) -> None:
    assert old in BOT
    with pytest.raises(BotFileError) as refused:
        parse(BOT.replace(old, new), "bot.yaml")
    assert str(refused.value).startswith(f"bot.yaml, line {line}: ")
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("type", "near"),
    [
        ("AMAZON.Numbr", "AMAZON.Number"),
        ("AMAZON.DATE", "AMAZON.Date"),
        ("AMAZON.PhoneNumbers", "AMAZON.PhoneNumber"),
        ("AMAZON.Date", None),
        ("AMAZON.Planet", None),
        ("AMAZON.Region", None),
        ("AMAZON.Airport", None),
    ],
)
def test_a_built_in_type_that_is_nearly_one_is_a_warning(type: str, near: str | None) -> None:
    warnings: list[str] = []
    parse(BOT.replace("type: Words", f"type: {type}"), "bot.yaml", warnings.append)
    assert warnings == (
        [
            "bot.yaml, line 11: locales.en_US.intents.Answer.slots.What.type:"
            f" {type} is no built-in slot type that is known here; is {near} meant?"
        ]
        if near
        else []
    )


def test_all_mistakes_are_told_at_once() -> None:
    broken = BOT.replace("prompt: What?", "prompt: ''\n            retries: many")
    with pytest.raises(BotFileError) as refused:
        parse(broken, "bot.yaml")
    assert [line.split(": ")[1].rpartition(".")[2] for line in str(refused.value).split("\n")] == [
        "prompt",
        "retries",
    ]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: \x00", b"a: *b"])
def test_what_is_no_yaml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bot.yaml"
    path.write_bytes(content)
    with pytest.raises(BotFileError, match=str(path)):
        read(path)
