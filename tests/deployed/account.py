"""``scripts/account``: an AWS account in MiniStack, with what it lacks for the templates.

It runs until it is interrupted, and forgets all that was made in it.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import boto3
from starlette.applications import Starlette

from tests import issuer
from tests.deployed.deployed_lex import DeployedFunction, deployed_locales
from tests.deployed.emulated_account import ACCOUNT, REGION
from tests.deployed.emulator_process import running_emulator
from tests.stack_fixture import running_app
from websocket_stack.command_line import print_line
from websocket_stack.deployment.build.dependencies import dependencies, pins
from websocket_stack.deployment.build.lambda_zip import ROOT, pack, write
from websocket_stack.lex_bot.description import Locale
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.lex import routes as lex_routes
from websocket_stack.local.lex.service import LexRuntime
from websocket_stack.local.model_routes import model_routes

DOMAIN = f"{REGION}.amazonaws.com"
BOT = re.compile(r"AWS::Lex::Bot\b")
INTRODUCTION = """\
An emulated AWS account is at {origin} (stop with Ctrl-C; nothing in it is kept).
In another terminal, for any AWS command:

    export AWS_ENDPOINT_URL={origin}
    export AWS_ENDPOINT_URL_LEX_RUNTIME_V2={lex}
    export AWS_DEFAULT_REGION={region} AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={key}
"""
# As MiniStack has it, the owner's of the account.
KEY = "test"


def write_powertools_layer(folder: Path) -> Path:
    """Write what AWS's public layer of Powertools holds; return the path of the zip."""
    versions = pins((ROOT / "constraints.txt").read_text("utf-8"))
    files = {f"python/{name}": path for name, path in dependencies(versions).items()}
    return write(pack(files), folder)


@contextmanager
def running_account(bedrock: str, powertools_layer: Path) -> Iterator[str]:
    """Run an account; yields its origin.

    Args:
        bedrock: the origin of its models.
        powertools_layer: a zip.
    """
    variables = {
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_HOST": DOMAIN,
        "LOCAL_BEDROCK": bedrock,
        "LOCAL_POWERTOOLS_LAYER": str(powertools_layer),
    }
    with (
        running_app(Starlette(routes=issuer.routes())) as issuer_origin,
        running_emulator(variables | {"LOCAL_ISSUER": issuer_origin}) as origin,
    ):
        yield origin


class DeployedBot(Mapping[str, Locale]):
    """What the bot of the account understands, by locale: the one that was made last.

    Args:
        session: a boto3 session in the account.
    """

    def __init__(self, session: boto3.Session) -> None:
        self._cloudformation = session.client("cloudformation")
        self._template = ""
        self._locales: Mapping[str, Locale] = {}

    def __getitem__(self, locale: str) -> Locale:
        return self._current()[locale]

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def __len__(self) -> int:
        return len(self._current())

    def _current(self) -> Mapping[str, Locale]:
        stacks = self._cloudformation.describe_stacks()["Stacks"]
        for stack in sorted(stacks, key=lambda stack: stack["CreationTime"], reverse=True):
            template = self._cloudformation.get_template(StackName=stack["StackId"])["TemplateBody"]
            if BOT.search(template):
                if template != self._template:
                    self._template, self._locales = template, deployed_locales(template)
                break
        return self._locales or {"en_US": Locale()}


def _call_by_default(origin: str) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": origin,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
    }


def main() -> None:
    """Run an account until interrupted."""
    app = Starlette(
        routes=model_routes("demo", {}), exception_handlers={ServiceError: error_response}
    )
    with (
        suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory() as folder,
        running_app(app) as bedrock,
        running_account(bedrock, write_powertools_layer(Path(folder))) as origin,
    ):
        _call_by_default(origin)
        session = boto3.Session()
        lex = LexRuntime(DeployedFunction(session), DeployedBot(session))
        with running_app(Starlette(routes=lex_routes.routes(lex))) as lex_origin:
            print_line(INTRODUCTION.format(origin=origin, lex=lex_origin, region=REGION, key=KEY))
            signal.pause()


if __name__ == "__main__":
    main()
