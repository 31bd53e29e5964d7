"""The model behind the stack: the routes of Bedrock, for each choice of ``--model``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from botocore.session import Session
from starlette.routing import BaseRoute

from fulfillment.models.base import Model
from websocket_stack.command_line import CommandFailed, print_line
from websocket_stack.local.bedrock import agent_routes
from websocket_stack.local.bedrock import routes as bedrock_routes
from websocket_stack.local.bedrock.forwarding import BedrockForwarder
from websocket_stack.local.demo_model.model import DemoModel
from websocket_stack.local.demo_model.passages import Library
from websocket_stack.project import FOLDER


def model_routes(name: str, environ: Mapping[str, str]) -> Sequence[BaseRoute]:
    """Return the routes of a choice of ``--model``.

    Args:
        name: one of ``websocket_stack.options.MODELS``.
        environ: has the settings of an OpenAI-compatible server.

    Raises:
        CommandFailed: the choice needs a package or a setting that is missing.
    """
    if name == "bedrock":
        return BedrockForwarder(Session()).routes()
    demo = DemoModel(Library.of_project(FOLDER, served_at="/"))
    model = _openai_model(environ) if name == "openai" else demo
    # There are no knowledge bases behind an OpenAI-compatible server: the demo's serve for it.
    return [*bedrock_routes.routes(model), *agent_routes.routes(demo, model)]


def named_after(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment by which the log names the model that answers.

    Args:
        name: one of ``websocket_stack.options.MODELS``.
        environ: the caller's, whose ``MODEL_ID`` stands.
    """
    answers = {"demo": "demo", "openai": environ.get("OPENAI_MODEL", "")}
    return {"MODEL_ID": answers[name], **environ} if name in answers else dict(environ)


def _openai_model(environ: Mapping[str, str]) -> Model:
    try:
        import openai

        from fulfillment.models.openai_compatible import OpenAICompatibleModel
        from websocket_stack.local.explained_model import ExplainedModel
    except ImportError:
        raise CommandFailed(
            "--model openai needs the openai package: pip install 'lex-streaming[openai]'"
        ) from None
    model = environ.get("OPENAI_MODEL")
    if not model:
        raise CommandFailed("set OPENAI_MODEL to the model's name at your server")
    if not environ.get("OPENAI_API_KEY"):
        raise CommandFailed("set OPENAI_API_KEY (any text, if your server asks for none)")
    # The client reads OPENAI_BASE_URL and OPENAI_API_KEY itself.
    return ExplainedModel(OpenAICompatibleModel(openai.OpenAI(max_retries=1), model), print_line)
