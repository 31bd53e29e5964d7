import uuid
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Completion, Message, Prompt, StopReason
from fulfillment.models.bedrock.agents import AgentDecoder, AgentModel
from tests import aws_stub
from tests.fulfillment.models.stream_server import blob, read, serving
from websocket_stack.local.bedrock.event_stream import event

PROMPT = Prompt(
    (Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "Sum?")),
    system="Be brief.",
    temperature=0.5,
    conversation_id="us-east-1:0f",
)
DONE = Completion("AGENT12345/ALIAS12345", StopReason.END_TURN)
RETURN_CONTROL = event("returnControl", {"invocationId": "1", "invocationInputs": []})


def citation(words: str, uri: str) -> dict[str, Any]:
    return {
        "generatedResponsePart": {"textResponsePart": {"text": words, "span": {"start": 0}}},
        "retrievedReferences": [{"location": {"type": "S3", "s3Location": {"uri": uri}}}],
    }


def chunk(text: str, *citations: Mapping[str, Any]) -> bytes:
    if not citations:
        return blob(text.encode())
    return blob(text.encode(), attribution={"citations": list(citations)})


def attribution(*citations: Mapping[str, Any]) -> bytes:
    return event("chunk", {"attribution": {"citations": list(citations)}})


def ask(*pieces: bytes | Exception, prompt: Prompt = PROMPT, **options: Any) -> tuple[Any, Any]:
    client, sent = aws_stub.client("bedrock-agent-runtime", aws_stub.streamed(*pieces))
    return AgentModel(client, "AGENT12345", "ALIAS12345", **options).ask(prompt), sent


# --- the stream


def test_chunks_are_yielded_as_they_come() -> None:
    answer, _ = ask(chunk("The sum "), chunk("is 55.\n"))
    assert list(answer) == ["The sum", " is 55.", "\n"]
    assert answer.completion == DONE


def test_citations_of_one_chunk_are_marked_inside_it() -> None:
    text = "It costs 5. It takes a day."
    answer, _ = ask(
        chunk(text, citation("It costs 5.", "s3://b/p.pdf"), citation("a day.", "s3://b/t.pdf")),
        sources_heading="Quellen",
    )
    assert read(answer) == (
        "It costs 5. [1] It takes a day. [2]\n\n**Quellen**\n\n1. p.pdf\n2. t.pdf",
        None,
    )


def test_a_citation_is_marked_after_what_it_is_for() -> None:
    # https://repost.aws/questions/QUGxXdECpDR4G4O0E_d19hsw
    answer, _ = ask(
        chunk("See the dashboar"),
        attribution(citation("See the dashboard", "s3://b/d.pdf")),
        chunk("d of requests."),
    )
    assert read(answer)[0].startswith("See the dashboard [1] of requests.\n\n**Sources**")


def test_all_other_events_are_signs_of_life() -> None:
    answer, _ = ask(
        event("trace", {"trace": {"orchestrationTrace": {"rationale": {"text": "I add."}}}}),
        event("files", {"files": [{"name": "a.csv", "type": "text/csv", "bytes": "YQ=="}]}),
        event("brandNew", {"bytes": "bm8="}),
        event("chunk", {}),
        chunk(""),
        chunk("Yes."),
    )
    chunks = list(answer)
    assert chunks[0] == ""
    assert "".join(chunks) == "Yes."
    assert answer.completion == DONE


@settings(deadline=None)
@given(st.text("aé漢😀\n ", max_size=20), st.data())
def test_a_character_may_be_cut_between_chunks(text: str, data: st.DataObject) -> None:
    encoded = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(encoded)), max_size=6)))
    decoder = AgentDecoder("a", "Sources")
    shown = "".join(
        decoder.decode({"chunk": {"bytes": encoded[start:end]}})
        for start, end in zip([0, *cuts], [*cuts, len(encoded)], strict=True)
    )
    assert shown + decoder.flush() == text if text else shown == ""


def test_half_a_character_at_the_end_is_shown() -> None:
    answer, _ = ask(blob(b"caf"), blob("é".encode()[:1]))
    assert read(answer) == ("caf\ufffd", None)


def test_control_that_is_returned_is_a_rejection() -> None:
    answer, _ = ask(RETURN_CONTROL)
    written, error = read(answer)
    assert (written, type(error)) == ("", ModelRejected)
    assert str(error) == "the agent returns control, and nothing here carries its actions out"
    answer, _ = ask(chunk("Wait. "), RETURN_CONTROL)
    written, error = read(answer)
    assert (written, type(error)) == ("Wait.", ModelInterrupted)
    assert answer.completion is None


def test_an_agent_that_says_nothing_has_not_answered() -> None:
    answer, _ = ask(event("trace", {"agentId": "AGENT12345"}))
    assert type(read(answer)[1]) is ModelUnavailable


# --- the request


def test_the_request_is_the_last_message() -> None:
    with serving("bedrock-agent-runtime", chunk("55")) as served:
        state = {"sessionAttributes": {"tenant": "a"}}
        model = AgentModel(served.client, "AGENT12345", "ALIAS12345", session_state=state)
        assert read(model.ask(PROMPT)) == ("55", None)
    assert served.paths == [
        "/agents/AGENT12345/agentAliases/ALIAS12345/sessions/us-east-1%3A0f/text"
    ]
    assert served.bodies == [
        {
            "inputText": "Sum?",
            "sessionState": state,
            "streamingConfigurations": {"streamFinalResponse": True},
        }
    ]


def test_without_a_conversation_sessions_differ() -> None:
    sessions = set()
    for _ in range(2):
        answer, sent = ask(chunk("55"), prompt=PROMPT._replace(conversation_id=""))
        list(answer)
        assert "sessionState" not in sent[0].body.decode()
        sessions.add(sent[0].url.rpartition("/sessions/")[2].removesuffix("/text"))
    assert len(sessions) == 2
    assert all(uuid.UUID(session).version == 4 for session in sessions)
