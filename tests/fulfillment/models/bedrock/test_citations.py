import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.models.bedrock.citations import CitedText, Source, source_of


def s3(key: str, **metadata: object) -> dict[str, Any]:
    location = {"type": "S3", "s3Location": {"uri": f"s3://bucket/{key}"}}
    return {"content": {"text": "…"}, "location": location, "metadata": metadata}


def web(url: str, **metadata: object) -> dict[str, Any]:
    return {"location": {"type": "WEB", "webLocation": {"url": url}}, "metadata": metadata}


def citation(words: str, *references: dict[str, Any]) -> dict[str, Any]:
    part = {"text": words, "span": {"start": 0, "end": 9999}}
    return {
        "generatedResponsePart": {"textResponsePart": part},
        "retrievedReferences": list(references),
    }


def written(*steps: str | dict[str, Any]) -> str:
    """Write texts and citations in turn; return all that is shown."""
    cited = CitedText("Sources")
    shown = [
        cited.write(step) if isinstance(step, str) else cited.write(citations=[step])
        for step in steps
    ]
    return "".join(shown) + cited.end()


def sources(*lines: str) -> str:
    return "\n\n**Sources**\n\n" + "\n".join(lines)


A, B = s3("a.pdf"), s3("folder/b.pdf")


# --- where markers stand


def test_a_text_without_citations_is_shown_as_it_is() -> None:
    assert written("\nOne ", "two.\n", "\n") == "\nOne two.\n\n"


def test_a_marker_stands_after_the_last_words() -> None:
    # As recorded: the words, a line break, then the citation that covers the words.
    shown = written("\nT", "elos", ".", "\n", citation("\nTelos.", A), "\nMore.", "\n")
    assert shown == "\nTelos. [1]\n\nMore." + sources("1. a.pdf")


def test_white_space_around_the_words_does_not_count() -> None:
    shown = written("One.", "\n", citation(" One.\n", A), "Two.")
    assert shown == "One. [1]\nTwo." + sources("1. a.pdf")


def test_a_citation_within_its_text_is_marked_inside() -> None:
    cited = CitedText("Sources")
    shown = cited.write("One. Two. Three.", [citation("Two.", B), citation("One.", A)])
    assert shown == "One. [2] Two. [1] Three."


def test_an_early_citation_waits_for_its_words() -> None:
    shown = written(citation("One.", A), "On", "e. T", "wo.")
    assert shown == "One. [1] Two." + sources("1. a.pdf")


def test_a_late_citation_splits_no_word() -> None:
    shown = written("One. A dashboar", citation("One.", A), "d is", " here.")
    assert shown == "One. A dashboard [1] is here." + sources("1. a.pdf")


def test_words_that_recur_are_marked_where_new() -> None:
    cited = CitedText("Sources")
    assert cited.write("Yes. A") == "Yes. A"
    assert cited.write(". Yes. B.", [citation("Yes.", A)]) == ". Yes. [1] B."


def test_words_never_written_are_marked_at_the_end() -> None:
    shown = written(citation("Other.", A), citation("", B), "One.\n")
    assert shown == "One. [1] [2]" + sources("1. a.pdf", "2. b.pdf")
    shown = written(citation("Other.", A), citation("", A), "One.")
    assert shown == "One. [1]" + sources("1. a.pdf")


def test_a_citation_without_references_leaves_no_trace() -> None:
    assert written("One.", citation("One.")) == "One."
    assert written("One.", {}) == "One."


def test_a_marker_does_not_keep_a_code_block_open() -> None:
    block = "```\ncode\n```"
    assert written(block, citation(block, A), "\n\nMore.").startswith(f"{block}\n\n[1]\n\nMore.")


WORDS = st.text("abcdé漢 \n", min_size=1, max_size=12).filter(lambda text: text.strip())


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[str], list[str | dict[str, Any]]]:
    """Sentences, and a stream in which each is cut anywhere and cited at any time."""
    words = [f"<{n}{text.strip()}." for n, text in enumerate(draw(st.lists(WORDS, max_size=5)))]
    steps: list[str | dict[str, Any]] = []
    for sentence in words:
        cut = draw(st.integers(0, len(sentence)))
        steps += [sentence[:cut], sentence[cut:] + draw(st.sampled_from(["", " ", "\n\n"]))]
    for number, sentence in enumerate(words):
        at = draw(st.integers(0, len(steps)))
        steps.insert(at, citation(sentence, s3(f"{number}.pdf")))
    return words, steps


MARKERS = re.compile(r" \[\d+\]")


@given(streams())
def test_citations_only_add_markers_and_sources(
    stream: tuple[list[str], list[str | dict[str, Any]]],
) -> None:
    words, steps = stream
    text = "".join(step for step in steps if isinstance(step, str))
    shown, _, listed = written(*steps).partition("\n\n**Sources**\n\n")
    assert MARKERS.sub("", shown) == (text.rstrip() if words else text)
    assert sorted(re.findall(r"\[(\d+)\]", shown)) == sorted(
        str(n) for n in range(1, len(words) + 1)
    )
    assert len(listed.splitlines()) == len(words)


@given(streams())
def test_a_citation_in_time_marks_its_own_words(
    stream: tuple[list[str], list[str | dict[str, Any]]],
) -> None:
    _, steps = stream
    shown = written(*steps)
    citations = [step for step in steps if isinstance(step, dict)]
    for number, each in enumerate(citations, 1):
        sentence = each["generatedResponsePart"]["textResponsePart"]["text"]
        before = "".join(step for step in steps[: steps.index(each)] if isinstance(step, str))
        if before.rstrip().endswith(sentence) or sentence not in before:
            marked, _, _ = shown.partition(f" [{number}]")
            assert MARKERS.sub("", marked).endswith(sentence)


@given(streams())
def test_no_marker_stands_inside_a_word(
    stream: tuple[list[str], list[str | dict[str, Any]]],
) -> None:
    words, steps = stream
    shown = written(*steps)
    for marker in MARKERS.finditer(shown):
        before = MARKERS.sub("", shown[: marker.start()])
        after = shown[marker.end() : marker.end() + 1]
        assert after in ("", " ", "\n") or any(before.endswith(sentence) for sentence in words)


# --- sources


def test_each_source_is_listed_once_and_in_order() -> None:
    shown = written(
        "One.",
        citation("One.", B, A, B),
        " Two.",
        citation("Two.", A),
    )
    assert shown == "One. [1] [2] Two. [2]" + sources("1. b.pdf", "2. a.pdf")


def test_the_heading_is_the_builders() -> None:
    cited = CitedText("Quellen")
    cited.write("One.", [citation("One.", A)])
    assert cited.end() == "\n\n**Quellen**\n\n1. a.pdf"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (
            {"type": "S3", "s3Location": {"uri": "s3://b/x/y.pdf"}},
            Source("s3://b/x/y.pdf", "y.pdf"),
        ),
        (
            {"type": "WEB", "webLocation": {"url": "https://x.org/a%20b/"}},
            Source("https://x.org/a%20b/", "a b", "https://x.org/a%20b/"),
        ),
        (
            {"type": "CONFLUENCE", "confluenceLocation": {"url": "https://wiki.x.org"}},
            Source("https://wiki.x.org", "wiki.x.org", "https://wiki.x.org"),
        ),
        (
            {"type": "SALESFORCE", "salesforceLocation": {"url": "https://x.org/1?view=a"}},
            Source("https://x.org/1?view=a", "1", "https://x.org/1?view=a"),
        ),
        (
            {"type": "SHAREPOINT", "sharePointLocation": {"url": "https://x.org/Q1 (new).docx"}},
            Source(
                "https://x.org/Q1 (new).docx",
                "Q1 (new).docx",
                "https://x.org/Q1%20%28new%29.docx",
            ),
        ),
        (
            {"type": "KENDRA", "kendraDocumentLocation": {"uri": "http://x.org/a#b"}},
            Source("http://x.org/a#b", "a", "http://x.org/a#b"),
        ),
        ({"type": "CUSTOM", "customDocumentLocation": {"id": "2222"}}, Source("2222", "2222")),
        (
            {"type": "SQL", "sqlLocation": {"query": "SELECT salary FROM staff"}},
            Source("SQL", "SQL"),
        ),
        ({"type": "BRAND_NEW"}, Source("BRAND_NEW", "BRAND_NEW")),
        ({}, None),
    ],
)
def test_a_location_of_any_type_is_a_source(
    location: dict[str, Any], expected: Source | None
) -> None:
    assert source_of({"location": location}) == expected


def test_a_data_source_may_give_the_title() -> None:
    named = {"x-amz-bedrock-kb-title": "Refunds", "page": 3.0}
    assert source_of(web("https://x.org/r", **named)) == Source(
        "https://x.org/r", "Refunds", "https://x.org/r"
    )
    assert source_of(s3("r.pdf", title=" ")) == Source("s3://bucket/r.pdf", "r.pdf")


def test_metadata_may_stand_for_the_location() -> None:
    reference = {"metadata": {"x-amz-bedrock-kb-source-uri": "s3://b/c.pdf"}}
    assert source_of(reference) == Source("s3://b/c.pdf", "c.pdf")


@pytest.mark.parametrize(
    "url",
    [
        "https://b.s3.amazonaws.com/a.pdf?X-Amz-Signature=secret&X-Amz-Expires=9",
        "https://d1.cloudfront.net/a.pdf?Expires=9&Signature=secret",
        "https://x.blob.core.windows.net/a.pdf?sv=1&sig=secret",
        "https://user:secret@x.org/a.pdf",
        "https://[secret/a.pdf",
    ],
)
def test_a_url_that_lets_its_owner_in_is_not_shown(url: str) -> None:
    shown = written("One.", citation("One.", web(url)))
    assert shown == "One. [1]" + sources("1. a.pdf")


def test_a_signed_document_is_one_source() -> None:
    signed = [web(f"https://x.org/a.pdf?X-Amz-Signature={n}") for n in range(3)]
    assert written("One.", citation("One.", *signed)) == "One. [1]" + sources("1. a.pdf")


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("my_file_name.pdf", "my_file_name.pdf"),
        ("_draft_", r"\_draft\_"),
        ("a [b](https://evil.example) *c*", r"a \[b\](https://evil.example) \*c\*"),
        ("<img src=x>", r"\<img src=x\>"),
        ("`x` ~~y~~ \\", r"\`x\` \~\~y\~\~ \\"),
        ("# One\n\ntwo", r"\# One two"),
        ("1. One", r"1\. One"),
        ("3.5 notes", "3.5 notes"),
        ("- One", r"\- One"),
    ],
)
def test_markdown_in_a_title_is_shown_not_rendered(title: str, line: str) -> None:
    shown = written("One.", citation("One.", s3("a", title=title)))
    assert shown == "One. [1]" + sources(f"1. {line}")


def test_a_web_page_is_a_link() -> None:
    page = web("https://x.org/a_(b)?q=1&r=[2]", title="All of [it]")
    shown = written("One.", citation("One.", page))
    assert shown.endswith(r"1. [All of \[it\]](https://x.org/a_%28b%29?q=1&r=[2])")
