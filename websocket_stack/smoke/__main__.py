"""``scripts/smoke``: checks a deployed stack, or the local one, as the browser uses it."""

from __future__ import annotations

import argparse
import os
import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from websockets.sync.client import connect

from websocket_stack.command_line import Console, complain
from websocket_stack.deployment.failures import Failed, explanation
from websocket_stack.smoke import session as visits
from websocket_stack.smoke import stack as targets
from websocket_stack.smoke.browser import Browser, Connect, Identity, guest
from websocket_stack.smoke.checks import every as checks
from websocket_stack.smoke.report import Result, as_json, has_failed
from websocket_stack.smoke.session import Visit
from websocket_stack.smoke.stack import Target

QUESTION = "What is a WebSocket? Explain it in about 200 words."
LONG_QUESTION = "Explain in 1,500 words, in full sentences, how the web came to be."


def run(
    options: argparse.Namespace,
    make_session: Callable[..., boto3.Session] = boto3.Session,
    console: Console | None = None,
    open_socket: Connect = connect,
) -> int:
    """Make the checks that the options choose; return the exit status."""
    say = (console or Console()).say
    region = options.region
    try:
        if options.endpoint:
            session = targets.local_session()
            target = targets.local(options.endpoint, options)
        else:
            session = make_session(profile_name=options.profile, region_name=options.region)
            region = session.region_name
            target = targets.deployed(options, session)
        results = _results(options, session, target, open_socket)
        return _report(results, say, as_machine=options.json)
    except Failed as exc:
        complain("smoke", str(exc))
    except (ClientError, BotoCoreError) as exc:
        complain("smoke", explanation(exc, region))
    return 1


def _report(results: Iterable[Result], say: Callable[[str], None], *, as_machine: bool) -> int:
    seen = []
    for result in results:
        seen.append(result)
        if not as_machine:
            say(result.line())
    if as_machine:
        say(as_json(seen))
    return 1 if has_failed(seen) else 0


def _results(
    options: argparse.Namespace, session: boto3.Session, target: Target, open_socket: Connect
) -> Iterable[Result]:
    pool = target.identity_pool
    new_guest = partial(guest, session, target, pool) if pool else None
    identity = new_guest() if new_guest else _caller(session)
    with (
        closing(visits.management_client(session, target)) as management,
        closing(visits.dynamodb_client(session, target)) as dynamodb,
    ):
        visit = Visit(
            target,
            Browser(target, identity, open_socket=open_socket),
            management,
            dynamodb,
            options.question,
            options.long_question,
            options.posts,
            new_guest,
            quiet_seconds=options.quiet_seconds,
        )
        with visit.sockets:
            yield from checks.run(visit, checks.CHECKS)


def _caller(session: boto3.Session) -> Identity:
    """Return who runs the script, with a session of their own."""
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    return Identity(f"smoke-{uuid.uuid4().hex}", credentials.get_frozen_credentials())


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="scripts/smoke",
        description="Check a stack as the browser uses it, and measure it.",
    )
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("--stack", help="a deployed stack, by its name")
    which.add_argument("--websocket", metavar="wss://…", help="a deployed API, by its address")
    which.add_argument("--endpoint", metavar="http://…", help="the local stack of scripts/serve")
    made.add_argument("--bot-id", help="if the stack has no bot of its own")
    made.add_argument("--bot-alias-id")
    made.add_argument("--locale", help="of the bot; en_US unless the stack says otherwise")
    made.add_argument("--session-table", help="if the stack does not say")
    made.add_argument(
        "--identity-pool",
        help="connect as guests of this Cognito identity pool, as visitors of Lex Web UI do;"
        " otherwise with your own credentials, or as guests of the local stack's",
    )
    made.add_argument("--question", default=QUESTION, help="what to ask")
    made.add_argument("--long-question", default=LONG_QUESTION, help="what takes long to answer")
    made.add_argument("--posts", type=int, default=20, help="how many posts to measure")
    made.add_argument(
        "--quiet-seconds", type=float, default=1.0, help="how long to wait for what must not come"
    )
    made.add_argument("--json", action="store_true", help="for machines")
    # boto3 itself reads AWS_DEFAULT_REGION and the profile.
    region = os.environ.get("AWS_REGION") or None
    made.add_argument("--region", default=region, help="as AWS_REGION")
    made.add_argument("--profile", help="as AWS_PROFILE")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; return its exit status."""
    return run(parser().parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
