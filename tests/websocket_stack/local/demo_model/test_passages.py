"""Finding the passages that fit a question."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from websocket_stack.local.demo_model.passages import Library, Passage, split, with_links_from

DEPLOY = Passage("docs/deploy.md", "Deploying", "Create the CloudFormation stack in your account.")
TEST = Passage("README.md", "Tests", "The tests run on a laptop. They need no account.")
TURN = Passage("docs/turn.md", "How a turn works", "The Lambda streams frames to the browser.")
LIBRARY = Library([DEPLOY, TEST, TURN])


# --- split


def test_a_document_is_cut_at_its_headings() -> None:
    document = "# Title\n\nIntroduction.\n\n## First ##\nOne.\n\nTwo.\n### Empty\n## Last\nThree.\n"

    assert split("a.md", document) == [
        Passage("a.md", "Title", "Introduction.", "Title"),
        Passage("a.md", "First", "One.\n\nTwo.", "Title"),
        Passage("a.md", "Last", "Three.", "Title"),
    ]


def test_text_before_the_first_heading() -> None:
    assert split("a.md", "Hello.") == [Passage("a.md", "a.md", "Hello.", "a.md")]


@pytest.mark.parametrize("fence", ["```", "~~~", "```sh"])
def test_a_comment_in_a_code_block_is_no_heading(fence: str) -> None:
    document = f"# Title\n{fence}\n# not a heading\n{fence[:3]}\nmore\n# Next\nend"

    assert [passage.heading for passage in split("a.md", document)] == ["Title", "Next"]


def test_deep_headings_and_hashtags_are_text() -> None:
    assert split("a.md", "##### deep\n#tag") == [
        Passage("a.md", "a.md", "##### deep\n#tag", "a.md")
    ]


@pytest.mark.parametrize("document", ["", "\n\n", "# Only a heading"])
def test_a_document_without_text_has_no_passage(document: str) -> None:
    assert split("a.md", document) == []


def test_a_code_block_that_never_ends_keeps_its_text() -> None:
    assert split("a.md", "# Title\n```\ncode\n") == [Passage("a.md", "Title", "```\ncode", "Title")]


# --- links


@pytest.mark.parametrize(
    ("link", "from_its_page", "from_nowhere"),
    [
        ("[a](scaling.md)", "[a](/docs/scaling.md)", "a"),
        ("[a](../README.md#tests)", "[a](/README.md#tests)", "a"),
        ("[`a`](#here), [b](/c)", "[`a`](/docs/deploy.md#here), [b](/c)", "`a`, b"),
        ("![a](reader.svg)", "![a](/docs/reader.svg)", "a"),
        *[
            (text, text, text)
            for text in ("[a](https://x.example/b)", "[a](mailto:b@x.example)", "`[a](b.md)`")
        ],
        (
            "```\n[a](b.md)\n```\n[a](b.md)",
            "```\n[a](b.md)\n```\n[a](/docs/b.md)",
            "```\n[a](b.md)\n```\na",
        ),
    ],
)
def test_relative_links_lead_to_the_same_place_from_anywhere(
    link: str, from_its_page: str, from_nowhere: str
) -> None:
    assert with_links_from("/docs/deploy.md", link) == from_its_page
    assert with_links_from(None, link) == from_nowhere


# --- find


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("How do I deploy it?", DEPLOY),
        ("How does a turn work?", TURN),
        ("does it need an account to run tests", TEST),
        ("frames in the browser", TURN),
    ],
)
def test_the_passage_that_fits_best_comes_first(question: str, best: Passage) -> None:
    assert LIBRARY.find(question)[0] == best


@pytest.mark.parametrize("question", ["", "what is the", "bananas", "why bananas ripen account"])
def test_an_unknown_question_finds_nothing(question: str) -> None:
    assert LIBRARY.find(question) == []


def test_the_number_of_passages_is_limited() -> None:
    library = Library([Passage("a.md", f"Part {i}", "A lamp turns.") for i in range(5)])

    assert [each.heading for each in library.find("lamp")] == ["Part 0", "Part 1"]
    assert len(library.find("lamp", limit=3)) == 3


def test_a_word_in_the_heading_weighs_more() -> None:
    mention = Passage("a.md", "Other", "It has a lamp and a horn and a bell.")
    about = Passage("b.md", "Lamp", "It turns and a horn and a bell.")

    assert Library([mention, about]).find("lamp")[0] == about


def test_a_passage_that_fits_much_less_is_left_out() -> None:
    about = Passage("a.md", "Lamp", "The lamp. A lamp. Lamps.")
    mention = Passage("b.md", "Sea", "Waves and wind and sand and one lamp. " + "Water. " * 50)

    assert Library([mention, about]).find("lamp") == [about]


def test_quoted_passages_are_found_in_order() -> None:
    text = f"First: {TURN.text}\n\n{DEPLOY.text}"

    assert LIBRARY.quoted_in(text) == [(7, TURN), (len(text) - len(DEPLOY.text), DEPLOY)]
    assert LIBRARY.quoted_in("The Lambda streams frames") == []


def test_an_empty_library_finds_nothing() -> None:
    assert Library([]).find("anything") == []


def test_a_library_reads_the_documents_of_a_checkout(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Readme\nAbout lamps.", "utf-8")
    (tmp_path / "notes.txt").write_text("# Notes\nAbout horns.", "utf-8")
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    (tmp_path / "docs" / "deep" / "fog.md").write_text("# Fog\nGrüße im Nebel.", "utf-8")
    library = Library.of_project(tmp_path)

    assert library.find("lamps") == [Passage("README.md", "Readme", "About lamps.", "Readme")]
    assert library.find("fog") == [Passage("docs/deep/fog.md", "Fog", "Grüße im Nebel.", "Fog")]
    assert library.find("horns") == []


def test_a_table_of_contents_is_no_passage(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Lamps\n- [Horn](#horn)\n- [Fog](#fog)\n## Horn\nLoud.")

    assert Library.of_project(tmp_path).find("horn of lamps", 5) == [
        Passage("README.md", "Horn", "Loud.", "Lamps")
    ]


def test_the_title_of_a_document_counts() -> None:
    document = split("a.md", "# Lighthouses\n## Lamp\nIt turns.\n## Horn\nIt sounds.")
    other = Passage("b.md", "Lamp", "It shines.", "Cars")

    assert Library([other, *document]).find("lamp of a lighthouse")[0] == document[0]


@pytest.mark.parametrize("question", ["wich fraems are in teh browsre", "Streems to the Lambda"])
def test_a_misspelt_word_is_found(question: str) -> None:
    assert LIBRARY.find(question)[0] == TURN


def test_a_library_may_be_asked_by_many_threads() -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(LIBRARY.find, ["How do I deploy it?"] * 100))

    assert answers == [[DEPLOY]] * 100


def test_a_heading_finds_its_passage_alone() -> None:
    wanted = Passage("README.md", "How does a turn work?", "A turn works in three steps.")
    other = Passage("docs/x.md", "Turns", "How a turn does its work: a turn, a turn, a turn.")
    library = Library([other, wanted])
    assert library.find("How does a turn work?") == [wanted]
