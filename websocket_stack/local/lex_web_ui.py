"""A built Lex Web UI, served as it is and configured for this stack.

Nothing is changed on disk. Its configuration file is served from here, and its pages get one more
script, which sends calls of AWS to this stack: the UI has no setting for their address.
https://github.com/aws-samples/aws-lex-web-ui
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from websocket_stack.command_line import CommandFailed
from websocket_stack.local.aws_json import REGION, json_response
from websocket_stack.local.cognito.service import LOCAL_POOL_ID

PATH = "/lex-web-ui"
CONFIGURATION = "lex-web-ui-loader-config.json"
# The files that its page loads.
REQUIRED_FILES = ("index.html", "lex-web-ui.min.js", "lex-web-ui-loader.min.js")
# The first on version 3 of the AWS SDK for JavaScript, whose requests the script redirects.
LEAST_VERSION = (0, 24)
VERSION = re.compile(rb"lex-web-ui v(\d+)\.(\d+)")
BANNER_BYTES = 1000
SCRIPT = '<script src="/page/aws_hosts.js"></script>'
HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
# Its Content-Security-Policy asks for HTTPS, which this server does not speak.
UPGRADE = re.compile(r"upgrade-insecure-requests\s*;?", re.IGNORECASE)
# The folder may be rebuilt while it is served.
HEADERS = {"Cache-Control": "no-cache"}


def check(folder: Path) -> None:
    """Check that a folder holds a built Lex Web UI, new enough.

    Raises:
        CommandFailed: it does not; says why.
    """
    missing = [name for name in REQUIRED_FILES if not (folder / name).is_file()]
    if missing:
        raise CommandFailed(
            f"{folder} is not the dist folder of a built Lex Web UI: there is no {missing[0]}"
        )
    with (folder / "lex-web-ui.min.js").open("rb") as script:
        found = VERSION.search(script.read(BANNER_BYTES))
    if found and (int(found[1]), int(found[2])) < LEAST_VERSION:
        raise CommandFailed(
            f"{folder} holds Lex Web UI {found[1].decode()}.{found[2].decode()};"
            " 0.24 or newer is needed"
        )


def routes(folder: Path, stage: str) -> list[BaseRoute]:
    """Return the routes of the UI.

    Args:
        folder: the UI's folder, checked.
        stage: the stage of the WebSocket API here, to which it connects.
    """

    async def configuration(request: Request) -> Response:
        return json_response(configure(_origin(request), stage), headers=HEADERS)

    async def to_page(request: Request) -> Response:
        return RedirectResponse(f"{PATH}/")

    async def file(request: Request) -> Response:
        path = folder / request.path_params.get("name", "index.html")
        # Path.is_file raises if a name is too long for a file.
        if not os.path.isfile(path):
            return Response("Not found", 404, media_type="text/plain")
        if path.suffix == ".html":
            html = with_aws_hosts(path.read_text("utf-8"))
            return Response(html, headers=HEADERS, media_type="text/html")
        return FileResponse(path, headers=HEADERS)

    return [
        # Wherever its page is, its loader looks for all files at the root.
        Route(f"/{CONFIGURATION}", configuration),
        Route(f"{PATH}/{CONFIGURATION}", configuration),
        Route(PATH, to_page),
        Route(f"{PATH}/", file),
        Route(f"{PATH}/{{name}}", file),
        Route("/{name}", file),
    ]


def configure(origin: str, stage: str) -> dict[str, Any]:
    """Return the UI's configuration.

    Args:
        origin: the address that the browser knows this server by; the UI's page may connect to no
            other.
        stage: the stage of the WebSocket API.
    """
    return {
        "region": REGION,
        "cognito": {
            "poolId": LOCAL_POOL_ID,
            "region": REGION,
            # There is no login here, but the UI raises an error where these are missing.
            "appUserPoolClientId": "local",
            "appDomainName": origin.partition("://")[2],
        },
        "lex": {
            "v2BotId": "LOCALBOT01",
            "v2BotAliasId": "TSTALIASID",
            "v2BotLocaleId": "en_US",
            "region": REGION,
            "initialText": "Ask me anything.",
            "allowStreamingResponses": True,
            "streamingWebSocketEndpoint": f"{origin}/{stage}".replace("http", "ws", 1),
            # As the UI's own template sets it for an endpoint that it did not make.
            "streamingDynamoDbTable": "",
        },
        "ui": {
            "parentOrigin": origin,
            "pageTitle": "Lex Streaming",
            "toolbarTitle": "Lex Streaming",
            "textInputPlaceholder": "Type here",
            "toolbarColor": "indigo",
            # Otherwise it is shown again after each reply that ends an intent.
            "pushInitialTextOnRestart": False,
        },
        # There is no Lex here that understands speech.
        "recorder": {"enable": False},
        "iframe": {
            "iframeOrigin": origin,
            "iframeSrcPath": f"{PATH}/#/?lexWebUiEmbed=true",
        },
    }


def with_aws_hosts(html: str) -> str:
    """Return one of the UI's pages with the script that sends calls of AWS here."""
    return HEAD.sub(lambda head: f"{head[0]}{SCRIPT}", UPGRADE.sub("", html), count=1)


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
