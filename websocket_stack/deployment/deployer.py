"""Makes, changes or deletes one stack, from what is wanted to its outputs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import boto3

from websocket_stack.command_line import CommandFailed, Console, table
from websocket_stack.deployment import next_steps, parameter_values, stacks, template_files
from websocket_stack.deployment.artifact_bucket import ArtifactBucket, default_name
from websocket_stack.deployment.change_sets import ChangeRequest, ChangeSet, ChangeSets
from websocket_stack.deployment.removal import Removal
from websocket_stack.deployment.stack_events import StackEvents
from websocket_stack.deployment.stacks import Kind, Stack
from websocket_stack.deployment.template_files import TemplateFile

Builder: TypeAlias = Callable[[Sequence[Path]], Path]
"""Builds the Lambda's zip with a bot builder's own files, and returns its path."""


@dataclass(frozen=True)
class Timing:
    """Clocks, and how to wait.

    Args:
        clock: a monotonic clock, in seconds.
        now: the wall clock, in epoch seconds.
        sleep: waits for some seconds.
    """

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class DeployOptions:
    """What a stack should become.

    Args:
        values: values of parameters; the others stay as they are.
        template: the template's name; by default the one that the stack has.
        code: a bot builder's own files and folders for the Lambda.
        executes: whether the changes are made, or only shown.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    template: str | None = None
    code: Sequence[Path] = ()
    executes: bool = True


class Deployer:
    """Deploys or deletes one stack.

    Args:
        session: a boto3 session in the stack's region.
        stack_name: the stack's name.
        bucket_name: where code and templates go; by default where the stack has them now, or else
            a bucket that is named after the account and the region.
        console: where lines go and questions are asked.
        timing: clocks, and how to wait.
    """

    def __init__(
        self,
        session: boto3.Session,
        stack_name: str,
        bucket_name: str | None,
        console: Console,
        timing: Timing,
    ) -> None:
        # boto3 has types for the clients of the packages that are installed only, hence Any.
        make: Any = session.client
        self._cloudformation = make("cloudformation")
        self._s3 = make("s3")
        self._sts = make("sts")
        self._region = str(session.region_name)
        self._name = stack_name
        self._bucket_name = bucket_name
        self._console = console
        self._timing = timing

    def delete(self) -> None:
        """Delete the stack and what was uploaded for it.

        Raises:
            CommandFailed: nothing is there, or not all of it could be deleted.
        """
        stack = stacks.find(self._cloudformation, self._name)
        bucket = self._bucket(stack.parameters if stack else {})
        timing = self._timing
        Removal(self._cloudformation, bucket, self._console, timing.clock, timing.sleep).run(
            self._name
        )

    def deploy(
        self, options: DeployOptions, build: Builder, folder: Path = template_files.FOLDER
    ) -> None:
        """Make or change the stack, and show what came of it.

        Args:
            options: what the stack should become.
            build: builds the Lambda's zip, if the template needs one.
            folder: where the templates are.

        Raises:
            CommandFailed: the stack could not be made or changed.
        """
        stack = stacks.find(self._cloudformation, self._name)
        template = template_files.read(options.template or template_of(stack), folder)
        kind = stacks.kind_of_change(stack)
        previous = stack.parameters if stack and kind == "UPDATE" else {}
        parameter_values.check(template, options.values, previous)
        code = build(options.code) if template.needs_code else None
        request = self._request(template, kind, code, options.values, previous)
        change_sets = ChangeSets(
            self._cloudformation, self._timing.sleep, f"{self._timing.now() * 1000:.0f}"
        )
        change_set = change_sets.create(request, self._console.say)
        if change_set is None:
            self._console.say(f"{self._name}: nothing to change")
        elif not self._apply(change_sets, change_set, kind, executes=options.executes):
            return
        self._show_outputs()

    def _request(
        self,
        template: TemplateFile,
        kind: Kind,
        code: Path | None,
        values: Mapping[str, str],
        previous: Mapping[str, str],
    ) -> ChangeRequest:
        """Upload what the template needs from a bucket, and return the change to ask for."""
        derived: dict[str, str] = {}
        source = {"TemplateBody": template.body}
        if template.needs_bucket:
            derived = self._upload(template, code, previous)
            source = {"TemplateURL": derived.pop("TemplateURL")}
        sources = [derived.get("CodeKey", ""), template_files.digest(template.files)]
        derived["Revision"] = parameter_values.revision(template, sources, values, previous)
        return ChangeRequest(
            self._name,
            kind,
            source,
            parameter_values.choose(template, values, derived, previous),
            template.has_nested_stacks,
        )

    def _upload(
        self, template: TemplateFile, code: Path | None, previous: Mapping[str, str]
    ) -> dict[str, str]:
        """Upload code and templates; return the parameters that say where they are."""
        say = self._console.say
        bucket = self._bucket(previous)
        if not bucket.exists():
            say(f"making bucket {bucket.name}")
            bucket.make()
        prefix = bucket.put_templates(template.files, say)
        where = {
            "TemplateURL": bucket.url(f"{prefix}/{template.path.name}"),
            "TemplatesBucket": bucket.name,
            "TemplatesPrefix": prefix,
        }
        if code is not None:
            where |= {"CodeBucket": bucket.name, "CodeKey": bucket.put_code(code, say)}
        return where

    def _bucket(self, parameters: Mapping[str, str]) -> ArtifactBucket:
        account = self._sts.get_caller_identity()["Account"]
        name = (
            self._bucket_name
            or parameters.get("CodeBucket")
            or parameters.get("TemplatesBucket")
            or default_name(account, self._region)
        )
        return ArtifactBucket(
            self._s3, name, account=account, region=self._region, stack_name=self._name
        )

    def _apply(
        self, change_sets: ChangeSets, change_set: ChangeSet, kind: Kind, *, executes: bool
    ) -> bool:
        """Show the changes, ask, and make them; return whether they were made."""
        say = self._console.say
        say(f"{self._name} in {self._region}:")
        for line in table([tuple(change) for change in change_set.changes]):
            say(f"  {line}")
        if not change_set.changes:
            say("  no resource, only outputs or values")
        if not executes:
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
            raise CommandFailed(f"{self._name} ended in {outcome.status}: {outcome.reason}")
        return True

    def _show_outputs(self) -> None:
        stack = stacks.find(self._cloudformation, self._name)
        if stack is None or not stack.outputs:
            return
        self._console.say("Outputs:")
        for line in table(sorted(stack.outputs.items())):
            self._console.say(f"  {line}")
        for line in next_steps.of(stack):
            self._console.say(line)


def template_of(stack: Stack | None) -> str:
    """Return the name of the template that a stack was made from, judging by its parameters."""
    if stack is None or stack.status == stacks.ONLY_REVIEWED:
        return "lex-streaming"
    if "TemplatesBucket" in stack.parameters:
        return "lex-streaming"
    return "fulfillment" if "CodeBucket" in stack.parameters else "streaming-support"
