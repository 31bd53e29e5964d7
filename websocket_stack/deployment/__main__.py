"""``scripts/deploy``: makes or changes a stack, from the sources to its outputs; or deletes it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import boto3

from websocket_stack.aws_errors import explaining_aws_errors
from websocket_stack.command_line import CommandFailed, Console, print_error
from websocket_stack.deployment import preflight
from websocket_stack.deployment.build.lambda_zip import build
from websocket_stack.deployment.deploy_options import wanted
from websocket_stack.deployment.deployer import Deployer
from websocket_stack.deployment.lambda_code import Builder
from websocket_stack.deployment.options import argument_parser
from websocket_stack.deployment.stack_events import Timing
from websocket_stack.project import TEMPLATES

INTERRUPTED = 130


def run(
    options: argparse.Namespace,
    make_session: Callable[..., boto3.Session] = boto3.Session,
    console: Console | None = None,
    build: Builder = build,
    timing: Timing | None = None,
    folder: Path = TEMPLATES,
) -> int:
    """Deploy or delete a stack.

    Args:
        options: as ``argument_parser`` returns them.
        make_session: makes the boto3 session.
        console: where lines go and questions are asked.
        build: builds the Lambda's zip.
        timing: clocks, and how to wait.
        folder: where the templates are.

    Returns:
        The exit status.
    """
    try:
        # CloudFormation would refuse it with a pattern.
        preflight.check_name(options.stack)
        with explaining_aws_errors(options.region):
            session = make_session(profile_name=options.profile, region_name=options.region)
        with explaining_aws_errors(session.region_name):
            deployer = Deployer(
                session,
                options.stack,
                options.bucket,
                console or Console(yes=options.yes),
                timing or Timing(),
            )
            if options.delete:
                deployer.delete()
            elif options.watch:
                deployer.watch()
            else:
                deployer.deploy(wanted(options), build, folder)
    except CommandFailed as exc:
        print_error("deploy", exc)
        return 1
    except KeyboardInterrupt:
        print_error("deploy", "interrupted")
        return INTERRUPTED
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run(argument_parser().parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
