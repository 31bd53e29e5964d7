"""``scripts/deploy``: makes or changes a stack, from the sources to its outputs; or deletes it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import boto3

from websocket_stack.command_line import (
    CommandFailed,
    Console,
    add_aws_options,
    explaining_aws_errors,
    print_error,
)
from websocket_stack.deployment import parameter_values, template_files
from websocket_stack.deployment.build.lambda_zip import build
from websocket_stack.deployment.deployer import Deployer, DeployOptions
from websocket_stack.deployment.lambda_code import Builder
from websocket_stack.deployment.stack_events import Timing

INTERRUPTED = 130


def argument_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/deploy", description="Make, change or delete a stack on AWS."
    )
    parser.add_argument("stack", help="the stack's name")
    parser.add_argument(
        "--template",
        choices=template_files.NAMES,
        help="what to deploy: everything for a Lex bot, its WebSocket API or its Lambda alone,"
        " socket tasks, or a GraphQL chat; by default what the stack has now, or everything for a"
        " Lex bot",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter's value"
    )
    parser.add_argument(
        "--code",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="code of your own for the Lambda",
    )
    parser.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a tag of the stack and of all that it makes; by default those that it has",
    )
    parser.add_argument("--role-arn", help="the role that CloudFormation makes the changes with")
    parser.add_argument("--bucket", help="where code and templates go; made if it does not exist")
    parser.add_argument("--delete", action="store_true", help="delete the stack and its uploads")
    parser.add_argument(
        "--watch", action="store_true", help="follow a change of the stack that is going on"
    )
    parser.add_argument("--no-execute", action="store_true", help="show the changes, make none")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_aws_options(parser)
    return parser


def run(
    options: argparse.Namespace,
    make_session: Callable[..., boto3.Session] = boto3.Session,
    console: Console | None = None,
    build: Builder = build,
    timing: Timing | None = None,
    folder: Path = template_files.FOLDER,
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
                wanted = DeployOptions(
                    parameter_values.parse(options.set),
                    options.template,
                    options.code,
                    parameter_values.parse(options.tag, option="--tag"),
                    options.role_arn,
                    executes=not options.no_execute,
                )
                deployer.deploy(wanted, build, folder)
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
