"""An agent of Amazon Bedrock Agents (now called Classic), through InvokeAgent.

Import it only if it is used. AWS has closed the service to new customers.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_InvokeAgent.html
"""

from __future__ import annotations

import codecs
import uuid
from collections.abc import Mapping
from typing import Any

from fulfillment.errors import ModelInterrupted, ModelRejected
from fulfillment.models.base import Completion, Prompt, StopReason
from fulfillment.models.bedrock.citations import CitedText
from fulfillment.models.bedrock.event_stream import BedrockStream
from fulfillment.models.prompts import question_of


class AgentModel:
    """An agent, by its alias.

    An agent has its own instructions, model, tools and memory, so only the last message of a prompt
    is sent. The conversation's id is the agent's session; where it is empty, each call is a
    conversation of its own.

    An agent that has pre-processing or post-processing, or that has one knowledge base and may
    not ask the user back, answers in one chunk at the end. The client's read timeout has to be
    longer than the agent works in silence. Do not ask an agent through a ``FallbackModel``: it may
    have acted before it failed.

    Args:
        client: a boto3 client of ``bedrock-agent-runtime``.
        agent_id: the agent.
        agent_alias_id: its alias.
        session_state: the request's ``sessionState`` (``sessionAttributes`` …).
        sources_heading: the heading of the list of sources.
    """

    def __init__(
        self,
        client: Any,
        agent_id: str,
        agent_alias_id: str,
        *,
        session_state: Mapping[str, Any] | None = None,
        sources_heading: str = "Sources",
    ) -> None:
        self._client = client
        self._agent_id = agent_id
        self._agent_alias_id = agent_alias_id
        self._session_state = session_state
        self._sources_heading = sources_heading

    def ask(self, prompt: Prompt) -> BedrockStream:
        """Prepare a call; see :class:`fulfillment.models.base.Model`."""
        request: dict[str, Any] = {
            "agentId": self._agent_id,
            "agentAliasId": self._agent_alias_id,
            "sessionId": prompt.conversation_id or str(uuid.uuid4()),
            "inputText": question_of(prompt),
            "streamingConfigurations": {"streamFinalResponse": True},
        }
        if self._session_state:
            request["sessionState"] = dict(self._session_state)
        return BedrockStream(
            lambda: self._client.invoke_agent(**request)["completion"],
            AgentDecoder(f"{self._agent_id}/{self._agent_alias_id}", self._sources_heading),
        )


class AgentDecoder:
    """Decodes one stream; see :class:`fulfillment.models.bedrock.event_stream.StreamDecoder`.

    As with a knowledge base, the HTTP body's end is all that says that the answer is complete.
    Traces and files are passed over.

    Args:
        name: the agent and its alias, as a completion names them.
        sources_heading: the heading of the list of sources.
    """

    def __init__(self, name: str, sources_heading: str) -> None:
        self._name = name
        self._text = CitedText(sources_heading)
        # A chunk may end inside a character.
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._wrote = False
        self.completion: Completion | None = None

    def decode(self, event: Mapping[str, Any]) -> str:
        if "returnControl" in event:
            kind = ModelInterrupted if self._wrote else ModelRejected
            raise kind("the agent returns control, and nothing here carries its actions out")
        chunk = event.get("chunk", {})
        text = self._utf8.decode(chunk.get("bytes", b""))
        self._wrote = self._wrote or bool(text)
        return self._text.write(text, chunk.get("attribution", {}).get("citations", ()))

    def flush(self) -> str:
        if not self._wrote:
            return ""
        self.completion = Completion(self._name, StopReason.END_TURN)
        return self._text.write(self._utf8.decode(b"", final=True)) + self._text.end()
