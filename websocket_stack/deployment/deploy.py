"""``scripts/deploy``: makes or changes a stack, from the sources to its outputs; or deletes it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from websocket_stack.command_line import Console, complain, table
from websocket_stack.deployment import (
    next_steps,
    parameter_values,
    removal,
    stacks,
    template_files,
)
from websocket_stack.deployment.artifacts import Bucket, default_name
from websocket_stack.deployment.change_sets import ChangeSet, ChangeSets, Request
from websocket_stack.deployment.failures import Failed, explanation
from websocket_stack.deployment.stack_events import StackEvents
from websocket_stack.deployment.stacks import Kind, Stack
from websocket_stack.deployment.template_files import TemplateFile

Builder: TypeAlias = Callable[[Sequence[Path]], Path]
"""Makes the Lambda's zip, with further code of these folders, and returns its path."""
INTERRUPTED = 130


@dataclass(frozen=True)
class Timing:
    """A monotonic clock and a wall clock, in seconds, and how to wait."""

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Deployment:
    """One run of the script. Takes its options and a boto3 session."""

    def __init__(
        self,
        options: argparse.Namespace,
        session: boto3.Session,
        console: Console,
        build: Builder,
        timing: Timing,
        folder: Path = template_files.FOLDER,
    ) -> None:
        # boto3 has types for the clients of the packages that are installed only, hence Any.
        make: Any = session.client
        self._cloudformation = make("cloudformation")
        self._s3 = make("s3")
        self._sts = make("sts")
        self._region = str(session.region_name)
        self._options = options
        self._console = console
        self._build = build
        self._timing = timing
        self._folder = folder

    def delete(self) -> None:
        """Delete the stack and what was uploaded for it."""
        stack = stacks.find(self._cloudformation, self._options.stack)
        bucket = self._bucket(stack.parameters if stack else {})
        removal.Removal(
            self._cloudformation, bucket, self._console, self._timing.clock, self._timing.sleep
        ).run(self._options.stack)

    def deploy(self) -> None:
        """Make or change the stack.

        Raises:
            Failed: it could not be, and why.
        """
        wanted = parameter_values.parsed(self._options.set)
        stack = stacks.find(self._cloudformation, self._options.stack)
        name = self._options.template or template_of(stack)
        template = template_files.read(name, self._folder)
        kind = stacks.kind_of_change(stack)
        previous = stack.parameters if stack and kind == "UPDATE" else {}
        parameter_values.check(template, wanted, previous)
        request = self._request(template, kind, wanted, previous)
        change_sets = ChangeSets(
            self._cloudformation, self._timing.sleep, str(int(self._timing.now()))
        )
        change_set = change_sets.create(request, self._console.say)
        if change_set is None:
            self._console.say(f"{self._options.stack}: nothing to change")
        elif not self._apply(change_sets, change_set, kind):
            return
        self._show_outputs()

    def _request(
        self,
        template: TemplateFile,
        kind: Kind,
        wanted: Mapping[str, str],
        previous: Mapping[str, str],
    ) -> Request:
        """Upload what the template needs in a bucket, and return what to ask CloudFormation for."""
        worked_out: dict[str, str] = {}
        source = {"TemplateBody": template.body}
        if template.needs_bucket:
            worked_out = self._upload(template, previous)
            source = {"TemplateURL": worked_out.pop("TemplateURL")}
        files = template_files.digest(template_files.beside(template))
        sources = [worked_out.get("CodeKey", ""), files]
        worked_out["Revision"] = parameter_values.revision(template, sources, wanted, previous)
        return Request(
            self._options.stack,
            kind,
            source,
            parameter_values.chosen(template, wanted, worked_out, previous),
            template.has_nested_stacks,
        )

    def _upload(self, template: TemplateFile, previous: Mapping[str, str]) -> dict[str, str]:
        """Upload code and templates; return the parameters that say where they are."""
        say = self._console.say
        code = None
        if template.needs_code:
            code = self._build([Path(each) for each in self._options.code])
        bucket = self._made_bucket(previous)
        prefix = bucket.put_templates(template_files.beside(template), say)
        where = {
            "TemplateURL": bucket.url(f"{prefix}/{template.path.name}"),
            "TemplatesBucket": bucket.name,
            "TemplatesPrefix": prefix,
        }
        if code is not None:
            where |= {"CodeBucket": bucket.name, "CodeKey": bucket.put_code(code, say)}
        return where

    def _bucket(self, previous: Mapping[str, str]) -> Bucket:
        """Return the bucket: the one that is named, the stack's so far, or the default one."""
        account = self._sts.get_caller_identity()["Account"]
        name = (
            self._options.bucket
            or previous.get("CodeBucket")
            or previous.get("TemplatesBucket")
            or default_name(account, self._region)
        )
        return Bucket(
            self._s3, name, account=account, region=self._region, stack=self._options.stack
        )

    def _made_bucket(self, previous: Mapping[str, str]) -> Bucket:
        bucket = self._bucket(previous)
        if not bucket.exists():
            self._console.say(f"making bucket {bucket.name}")
            bucket.make()
        return bucket

    def _apply(self, change_sets: ChangeSets, change_set: ChangeSet, kind: Kind) -> bool:
        """Show the changes, ask, and make them; say whether they were made."""
        say = self._console.say
        say(f"{self._options.stack} in {self._region}:")
        for line in table([tuple(change) for change in change_set.changes]):
            say(f"  {line}")
        if not change_set.changes:
            say("  no resource, only outputs or values")
        if self._options.no_execute:
            say(
                "not executed; to do so:"
                f" aws cloudformation execute-change-set --change-set-name {change_set.id}"
            )
            return False
        if not self._console.confirms("Make these changes?"):
            change_sets.discard(change_set, kind)
            say("nothing was changed")
            return False
        events = StackEvents(
            self._cloudformation, change_set.stack_id, self._timing.clock, self._timing.sleep
        )
        change_sets.execute(change_set)
        outcome = events.follow(say)
        if not outcome.succeeded:
            raise Failed(f"{self._options.stack} ended in {outcome.status}: {outcome.reason}")
        return True

    def _show_outputs(self) -> None:
        stack = stacks.find(self._cloudformation, self._options.stack)
        if stack is None or not stack.outputs:
            return
        self._console.say("Outputs:")
        for line in table(sorted(stack.outputs.items())):
            self._console.say(f"  {line}")
        for line in next_steps.of(stack):
            self._console.say(line)


def template_of(stack: Stack | None) -> str:
    """Return the template that a stack was made of, by its parameters; for a new one, all."""
    if stack is None or stack.status == stacks.ONLY_REVIEWED:
        return "lex-streaming"
    if "TemplatesBucket" in stack.parameters:
        return "lex-streaming"
    return "fulfillment" if "CodeBucket" in stack.parameters else "streaming-support"


def build_zip(code: Sequence[Path]) -> Path:
    """Run what ``scripts/build`` runs; it says the zip's path on its standard output."""
    folders = [argument for path in code for argument in ("--code", str(path))]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "websocket_stack.deployment.build", *folders],
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = done.stdout.split("\n")
    path = next((Path(line) for line in reversed(lines) if line.strip()), None)
    if done.returncode != 0 or path is None:
        raise Failed(f"scripts/build failed (exit status {done.returncode})")
    return path


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="scripts/deploy", description="Make, change or delete a stack on AWS."
    )
    made.add_argument("stack", help="the stack's name")
    made.add_argument(
        "--template",
        choices=template_files.NAMES,
        help="what to deploy: all of it, the WebSocket API alone, or the Lambda alone; by default"
        " what the stack has now, or all",
    )
    made.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter's value"
    )
    made.add_argument(
        "--code",
        action="append",
        default=[],
        metavar="PATH",
        help="code of your own for the Lambda",
    )
    made.add_argument("--bucket", help="where code and templates go; made if it is not there")
    made.add_argument("--delete", action="store_true", help="delete the stack and its uploads")
    made.add_argument("--no-execute", action="store_true", help="show the changes, make none")
    made.add_argument("--yes", action="store_true", help="do not ask")
    # boto3 itself reads AWS_DEFAULT_REGION and the profile.
    region = os.environ.get("AWS_REGION") or None
    made.add_argument("--region", default=region, help="as AWS_REGION")
    made.add_argument("--profile", help="as AWS_PROFILE")
    return made


def run(
    options: argparse.Namespace,
    make_session: Callable[..., boto3.Session] = boto3.Session,
    console: Console | None = None,
    build: Builder = build_zip,
    timing: Timing | None = None,
    folder: Path = template_files.FOLDER,
) -> int:
    """Do what the options say; return the exit status."""
    region = options.region
    try:
        session = make_session(profile_name=options.profile, region_name=options.region)
        region = session.region_name
        deployment = Deployment(
            options,
            session,
            console or Console(yes=options.yes),
            build,
            timing or Timing(),
            folder,
        )
        if options.delete:
            deployment.delete()
        else:
            deployment.deploy()
    except Failed as exc:
        complain("deploy", str(exc))
        return 1
    except (ClientError, BotoCoreError) as exc:
        complain("deploy", explanation(exc, region))
        return 1
    except KeyboardInterrupt:
        complain("deploy", "stopped looking; what CloudFormation has begun goes on")
        return INTERRUPTED
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; return its exit status."""
    return run(parser().parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
