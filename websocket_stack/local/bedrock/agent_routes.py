"""Agents for Amazon Bedrock Runtime over HTTP: a knowledge base and an agent, both streamed.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Agents_for_Amazon_Bedrock_Runtime.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment.errors import ModelError, ModelRejected
from fulfillment.models.base import Message, Model, ModelStream
from websocket_stack.local.aws_json import ServiceError, json_body
from websocket_stack.local.bedrock import agents, event_stream, knowledge_bases
from websocket_stack.local.bedrock.citations import citation
from websocket_stack.local.bedrock.streaming_response import (
    OPEN_AFTER_SECONDS,
    streaming_response,
)
from websocket_stack.local.demo_model.model import DemoModel

AGENT_PATH = "/agents/{agentId}/agentAliases/{agentAliasId}/sessions/{sessionId}/text"
BROKEN = event_stream.exception("dependencyFailedException", "The model stream broke.")


def routes(
    demo: DemoModel, model: Model | None = None, open_after_seconds: float = OPEN_AFTER_SECONDS
) -> list[Route]:
    """Return the service's routes.

    Args:
        demo: the demo model, whose passages every knowledge base holds.
        model: every agent; the demo model if left out.
        open_after_seconds: when a stream opens at the latest.
    """
    endpoints = _Endpoints(demo, model or demo, open_after_seconds)
    return [
        Route("/retrieveAndGenerateStream", endpoints.retrieve_and_generate, methods=["POST"]),
        Route(AGENT_PATH, endpoints.invoke_agent, methods=["POST"]),
    ]


class _Endpoints:
    def __init__(self, demo: DemoModel, model: Model, open_after_seconds: float) -> None:
        self._demo = demo
        self._model = model
        self._open_after_seconds = open_after_seconds
        self._agent_sessions = agents.AgentSessions()
        self._knowledge_base_sessions = knowledge_bases.KnowledgeBaseSessions()

    async def retrieve_and_generate(self, request: Request) -> Response:
        query = knowledge_bases.query_of(await json_body(request))
        session_id = self._knowledge_base_sessions.begin_or_resume(query.session_id)
        passages = knowledge_bases.retrieve(self._demo.library, query)
        reply = Message("assistant", knowledge_bases.reply_of(passages))
        origin = str(request.base_url)
        return await self._respond(
            self._demo.write(reply, query.prompt),
            lambda stream: knowledge_bases.events(stream, passages, query, origin),
            {"x-amzn-bedrock-knowledge-base-session-id": session_id},
        )

    async def invoke_agent(self, request: Request) -> Response:
        invocation = agents.invocation_of(request.path_params, await json_body(request))
        headers = {
            "x-amzn-bedrock-agent-content-type": "application/json",
            "x-amz-bedrock-agent-session-id": invocation.session[-1],
        }
        if invocation.memory_id:
            headers["x-amz-bedrock-agent-memory-id"] = invocation.memory_id
        if invocation.ends_session:
            self._agent_sessions.end(invocation)
            body = agents.chunk(agents.SESSION_ENDED)
            return Response(body, 200, headers, media_type=event_stream.CONTENT_TYPE)
        origin = str(request.base_url)
        return await self._respond(
            self._model.ask(self._agent_sessions.prompt(invocation)),
            lambda stream: agents.events(
                stream,
                lambda text: self._citations(text, origin),
                lambda text: self._agent_sessions.remember(invocation, text),
                is_streamed=invocation.is_streamed,
            ),
            headers,
        )

    def _citations(self, text: str, origin: str) -> list[Mapping[str, Any]]:
        quotations = self._demo.library.quoted_in(text)
        return [citation(passage, start, origin) for start, passage in quotations]

    async def _respond(
        self,
        stream: ModelStream,
        events: Callable[[ModelStream], Iterator[bytes]],
        headers: Mapping[str, str],
    ) -> Response:
        def respond() -> Response:
            return streaming_response(
                stream,
                events,
                broken=BROKEN,
                headers=headers,
                open_after_seconds=self._open_after_seconds,
            )

        try:
            return await run_in_threadpool(respond)
        except ModelRejected as exc:
            raise ServiceError(400, "ValidationException", str(exc)) from exc
        except ModelError as exc:
            raise ServiceError(424, "DependencyFailedException", str(exc)) from exc
