"""``scripts/smoke``: checks a deployed stack, or the local one, as the browser uses it."""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial

import boto3
from botocore.exceptions import NoCredentialsError
from websockets.sync.client import connect

from websocket_stack.aws_errors import explaining_aws_errors
from websocket_stack.command_line import CommandFailed, Console, print_error
from websocket_stack.smoke.browser import Browser, Connect, Identity, guest
from websocket_stack.smoke.checks import CHECKS, TASK_CHECKS
from websocket_stack.smoke.function import FulfillmentFunction
from websocket_stack.smoke.options import argument_parser
from websocket_stack.smoke.report import CheckResult, as_json, has_failed
from websocket_stack.smoke.runner import run_checks
from websocket_stack.smoke.session import SmokeSession, dynamodb_client, management_client
from websocket_stack.smoke.stack import (
    StackUnderTest,
    deployed_stack,
    local_session,
    local_stack,
)


def run(
    options: argparse.Namespace,
    make_session: Callable[..., boto3.Session] = boto3.Session,
    console: Console | None = None,
    open_socket: Connect = connect,
) -> int:
    """Check a stack and report what was found.

    Args:
        options: as ``argument_parser`` returns them.
        make_session: makes the boto3 session.
        console: where lines go.
        open_socket: opens a WebSocket.

    Returns:
        The exit status: 1 if a check failed, or none could be made.
    """
    try:
        with explaining_aws_errors(options.region):
            session = (
                local_session()
                if options.endpoint
                else make_session(profile_name=options.profile, region_name=options.region)
            )
        with explaining_aws_errors(session.region_name):
            stack = local_stack(options) if options.endpoint else deployed_stack(options, session)
            results = _results(options, session, stack, open_socket)
            return _report(results, (console or Console()).say, as_machine=options.json)
    except CommandFailed as exc:
        print_error("smoke", exc)
        return 1


def _results(
    options: argparse.Namespace, session: boto3.Session, stack: StackUnderTest, open_socket: Connect
) -> Iterator[CheckResult]:
    pool = stack.identity_pool
    new_guest = partial(guest, session, stack, pool) if pool else None
    identity = new_guest() if new_guest else _own_identity(session)
    with (
        closing(management_client(session, stack)) as management,
        closing(dynamodb_client(session, stack)) as dynamodb,
    ):
        smoke_session = SmokeSession(
            stack,
            Browser(stack, identity, open_socket=open_socket),
            management,
            dynamodb,
            options.question,
            options.long_question,
            options.posts,
            new_guest,
            quiet_seconds=options.quiet_seconds,
            function=FulfillmentFunction(session.client, stack.function)  # type: ignore[arg-type]
            if stack.function
            else None,
            burst=options.burst,
            page=options.ui,
            waits_for_metrics=options.metrics,
            token=options.token,
        )
        with smoke_session.sockets:
            yield from run_checks(smoke_session, TASK_CHECKS if stack.task_table else CHECKS)


def _own_identity(session: boto3.Session) -> Identity:
    """Return the caller's own identity, with a new Lex session."""
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    return Identity(f"smoke-{uuid.uuid4().hex}", credentials.get_frozen_credentials())


def _report(results: Iterable[CheckResult], say: Callable[[str], None], *, as_machine: bool) -> int:
    """Report each result as soon as it is known, or all of them as JSON; return the exit status."""
    reported = []
    for result in results:
        reported.append(result)
        if not as_machine:
            say(result.line())
    if as_machine:
        say(as_json(reported))
    return 1 if has_failed(reported) else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run(argument_parser().parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
