"""Agents for Amazon Bedrock Runtime over HTTP: a knowledge base and an agent, both streamed.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Agents_for_Amazon_Bedrock_Runtime.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment.errors import ModelError, ModelRejected
from fulfillment.models.base import Model, ModelStream
from websocket_stack.local.aws_json import ServiceError, json_body
from websocket_stack.local.bedrock import agents, knowledge_bases, model_streams
from websocket_stack.local.bedrock import event_stream as eventstream
from websocket_stack.local.bedrock.model_streams import OPEN_AFTER_SECONDS
from websocket_stack.local.bedrock.references import citation
from websocket_stack.local.demo_model.model import DemoModel
from websocket_stack.local.demo_model.tools import Said

AGENT = "/agents/{agentId}/agentAliases/{agentAliasId}/sessions/{sessionId}/text"
BROKEN = eventstream.exception("dependencyFailedException", "The model stream broke.")


def routes(
    demo: DemoModel, model: Model | None = None, open_after_seconds: float = OPEN_AFTER_SECONDS
) -> list[Route]:
    """Return the service's routes.

    Takes the demo model, whose passages are what every knowledge base holds, and the model that
    is every agent: the demo too, if left out.
    """
    service = _Service(demo, model or demo, open_after_seconds)
    return [
        Route("/retrieveAndGenerateStream", service.retrieve_and_generate, methods=["POST"]),
        Route(AGENT, service.invoke_agent, methods=["POST"]),
    ]


class _Service:
    def __init__(self, demo: DemoModel, model: Model, open_after_seconds: float) -> None:
        self._demo = demo
        self._model = model
        self._open_after_seconds = open_after_seconds
        self._sessions = agents.Sessions()
        self._knowledge_base_sessions = set[str]()

    async def retrieve_and_generate(self, request: Request) -> Response:
        query = knowledge_bases.query_of(await json_body(request))
        session_id = self._knowledge_base_session(query.session_id)
        passages = knowledge_bases.retrieve(self._demo.library, query)
        said = Said(knowledge_bases.answer_of(passages))
        origin = str(request.base_url)
        return await self._respond(
            self._demo.write(said, query.prompt),
            lambda answer: knowledge_bases.events(answer, passages, query, origin),
            {"x-amzn-bedrock-knowledge-base-session-id": session_id},
        )

    async def invoke_agent(self, request: Request) -> Response:
        asked = agents.invocation_of(request.path_params, await json_body(request))
        headers = {
            "x-amzn-bedrock-agent-content-type": "application/json",
            "x-amz-bedrock-agent-session-id": asked.session[-1],
        }
        if asked.memory_id:
            headers["x-amz-bedrock-agent-memory-id"] = asked.memory_id
        if asked.ends_session:
            self._sessions.end(asked)
            return Response(
                agents.chunk(agents.ENDED), 200, headers, media_type=eventstream.CONTENT_TYPE
            )
        origin = str(request.base_url)
        return await self._respond(
            self._model.ask(self._sessions.prompt(asked)),
            lambda answer: agents.events(
                answer,
                asked.streams,
                lambda text: self._citations(text, origin),
                lambda text: self._sessions.remember(asked, text),
            ),
            headers,
        )

    def _knowledge_base_session(self, session_id: str) -> str:
        """Return the session of a call: only the service can name one, and none is remembered.

        https://github.com/aws/aws-sdk/issues/763
        """
        if session_id and session_id not in self._knowledge_base_sessions:
            message = f"Session with Id {session_id} is not valid. Please check and try again."
            raise ServiceError(400, "ValidationException", message)
        session_id = session_id or str(uuid.uuid4())
        self._knowledge_base_sessions.add(session_id)
        return session_id

    def _citations(self, text: str, origin: str) -> list[Mapping[str, Any]]:
        quoted = self._demo.library.quoted_in(text)
        return [citation(passage, start, origin) for start, passage in quoted]

    async def _respond(
        self,
        answer: ModelStream,
        events: Callable[[ModelStream], Iterator[bytes]],
        headers: Mapping[str, str],
    ) -> Response:
        def respond() -> Response:
            return model_streams.respond(
                answer,
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
