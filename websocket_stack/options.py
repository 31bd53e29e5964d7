"""What the options of commands share. Nothing but Python is needed to read them, or their help."""

from __future__ import annotations

import argparse
import os

from websocket_stack.project import command

MODELS = ("demo", "bedrock", "openai")


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the default of each option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        has_default = action.default not in (None, False, [])
        return super()._get_help_string(action) if has_default else action.help


def parser_of(verb: str, description: str) -> argparse.ArgumentParser:
    """Return a parser of a command's arguments, which has none yet."""
    return argparse.ArgumentParser(
        prog=command(verb), description=description, formatter_class=_Help
    )


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that serves a bot or a model."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any free one")
    parser.add_argument(
        "--model",
        choices=MODELS,
        default="demo",
        help="demo: embedded, no network; bedrock: AWS, with your credentials; openai: any"
        " compatible server (OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL)",
    )


def add_aws_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose region and profile, with the defaults of the AWS CLI."""
    # boto3 itself reads AWS_DEFAULT_REGION and the profile.
    region = os.environ.get("AWS_REGION") or None
    parser.add_argument("--region", default=region, help="by default AWS_REGION")
    parser.add_argument("--profile", help="by default AWS_PROFILE")
