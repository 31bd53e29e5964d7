"""``scripts/serve``: the stack on a port of this machine."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import boto3
import uvicorn
from botocore.session import Session
from starlette.routing import BaseRoute

from fulfillment.errors import LexStreamingError
from fulfillment.models.base import Model
from fulfillment.settings import Settings
from websocket_stack.local import lex_web_ui, stack
from websocket_stack.local.api_gateway.service import MAX_FRAME_BYTES, MAX_MESSAGE_BYTES
from websocket_stack.local.bedrock import agent_routes
from websocket_stack.local.bedrock import routes as bedrock_routes
from websocket_stack.local.bedrock.forwarding import BedrockForwarder, NoCredentials
from websocket_stack.local.demo_model.model import DemoModel
from websocket_stack.local.demo_model.passages import Library
from websocket_stack.local.functions.reloading import NoBot
from websocket_stack.local.lex.utterances import Understanding, UtterancesError
from websocket_stack.local.lex_web_ui import NoLexWebUi

PROJECT = Path(__file__).resolve().parents[2]


class CannotServe(Exception):
    """The stack cannot start; the message says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        Settings.from_environ(os.environ)
        model_routes = _model_routes(options.model, os.environ)
        lex_web_ui_routes = _lex_web_ui_routes(options.lex_web_ui)
        understanding = _understanding(options.utterances)
        listener = listen(options.host, options.port)
    except (CannotServe, LexStreamingError, NoCredentials, NoLexWebUi) as exc:
        print(f"serve: {exc}", file=sys.stderr)
        return 1
    origin = f"http://{_host_in_url(options.host)}:{listener.getsockname()[1]}"
    try:
        built = stack.build(
            origin,
            model_routes,
            model_name=options.model,
            bot=options.bot,
            understanding=understanding,
            auth=options.auth,
            further_routes=lex_web_ui_routes,
        )
    except NoBot as exc:
        print(f"serve: {exc}", file=sys.stderr)
        return 1
    if options.bot and options.model != "bedrock":
        _live_in_lambda(stack.lambda_environment(origin, os.environ, options.auth))
    print(f"Lex Streaming is at {origin} (model: {options.model}; stop with Ctrl-C)", flush=True)
    if lex_web_ui_routes:
        print(f"Lex Web UI is at {origin}{lex_web_ui.PATH}/", flush=True)
    # Once it has shut down, uvicorn raises the signal again that it was stopped by.
    with suppress(KeyboardInterrupt):
        server(built).run(sockets=[listener])
    return 0


def _live_in_lambda(environment: Mapping[str, str]) -> None:
    """Give all of this process the environment of its Lambda functions.

    A bot that makes a client in the middle of a turn would else reach the AWS account of whoever
    started this. (With ``--model bedrock`` that account is wanted, and the forwarder lives here.)
    """
    os.environ.clear()
    os.environ.update(environment)
    boto3.setup_default_session()


def server(built: stack.Stack) -> uvicorn.Server:
    """Return the server of a stack, its WebSockets limited as API Gateway limits them."""
    logging.getLogger("uvicorn.error").addFilter(_is_no_refusal)
    return uvicorn.Server(
        uvicorn.Config(
            built.app,
            ws="websockets-sansio",
            # A pair: the most of a message and of one frame. Beyond, the connection closes (1009).
            ws_max_size=(MAX_MESSAGE_BYTES, MAX_FRAME_BYTES),  # type: ignore[arg-type]
            ws_per_message_deflate=False,
            # API Gateway sends no ping of its own.
            ws_ping_interval=None,
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
    )


def _is_no_refusal(record: logging.LogRecord) -> bool:
    """Leave out what uvicorn logs, as an error, of an upgrade that was refused with a status."""
    return "without completing handshake" not in record.getMessage()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/serve", description="Run the whole stack on this machine."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any free one")
    parser.add_argument(
        "--model",
        choices=("demo", "bedrock", "openai"),
        default="demo",
        help="demo: embedded, no network; bedrock: AWS, with your credentials; openai: any"
        " compatible server (OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL)",
    )
    parser.add_argument(
        "--auth",
        choices=("none", "iam"),
        default="none",
        help="iam: refuse whom API Gateway would refuse with authorization AWS_IAM; none: let"
        " unsigned clients in too",
    )
    parser.add_argument(
        "--bot",
        metavar="MODULE:NAME",
        help="answer with a bot of your own, such as my_bot:bot; loaded anew when its source"
        " changes",
    )
    parser.add_argument(
        "--utterances",
        type=Path,
        metavar="FILE",
        help="sample utterances that choose intents here (see docs/writing-a-bot.md)",
    )
    parser.add_argument(
        "--lex-web-ui",
        type=Path,
        metavar="DIR",
        help=f"serve a built Lex Web UI (its dist folder, 0.24 or newer) at {lex_web_ui.PATH}/",
    )
    return parser


def _understanding(file: Path | None) -> Understanding | None:
    if file is None:
        return None
    try:
        return Understanding(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, UtterancesError) as exc:
        raise CannotServe(f"{file}: {getattr(exc, 'strerror', None) or exc}") from exc


def _lex_web_ui_routes(folder: Path | None) -> Sequence[BaseRoute]:
    if folder is None:
        return ()
    lex_web_ui.check(folder)
    return lex_web_ui.routes(folder, stack.STAGE)


def _model_routes(name: str, environ: Mapping[str, str]) -> Sequence[BaseRoute]:
    if name == "bedrock":
        return BedrockForwarder(Session()).routes()
    demo = DemoModel(Library.of_project(PROJECT))
    model = _openai_model(environ) if name == "openai" else demo
    # There are no knowledge bases behind an OpenAI-compatible server: the demo's answers for it.
    return [*bedrock_routes.routes(model), *agent_routes.routes(demo, model)]


def _openai_model(environ: Mapping[str, str]) -> Model:
    try:
        import openai

        from fulfillment.models.openai_compatible import OpenAICompatibleModel
    except ImportError:
        raise CannotServe(
            "--model openai needs the openai package: .venv/bin/pip install -e '.[openai]'"
        ) from None
    model = environ.get("OPENAI_MODEL")
    if not model:
        raise CannotServe("set OPENAI_MODEL to the model's name at your server")
    if not environ.get("OPENAI_API_KEY"):
        raise CannotServe("set OPENAI_API_KEY (any text, if your server asks for none)")
    # The client reads OPENAI_BASE_URL and OPENAI_API_KEY itself.
    return OpenAICompatibleModel(openai.OpenAI(max_retries=1), model)


def listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        plain = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as exc:
        # create_server says the address once more, in a tuple.
        reason = (getattr(exc, "strerror", None) or str(exc)).partition(" (while")[0]
        raise CannotServe(
            f"cannot listen on {host}:{port} ({reason}); choose another with --host or --port"
        ) from exc
    # asyncio switches Nagle's algorithm off only on sockets that say that they are TCP; with it
    # the first event of a stream would wait 40 ms for an acknowledgement.
    return socket.socket(plain.family, plain.type, socket.IPPROTO_TCP, fileno=plain.detach())


def _host_in_url(host: str) -> str:
    if host == "0.0.0.0":
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    sys.exit(main())
