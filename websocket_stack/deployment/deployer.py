"""Makes, changes or deletes one stack, from what is wanted to its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from websocket_stack.aws_errors import AWS_ERRORS
from websocket_stack.command_line import CommandFailed, Console, table
from websocket_stack.deployment import (
    described_bot,
    lambda_code,
    next_steps,
    parameter_values,
    preflight,
    stacks,
    template_files,
)
from websocket_stack.deployment.artifact_bucket import ArtifactBucket, default_name
from websocket_stack.deployment.build import called_functions
from websocket_stack.deployment.build.requirements import Platform
from websocket_stack.deployment.change_sets import ChangeRequest, ChangeSet, ChangeSets
from websocket_stack.deployment.deploy_options import DeployOptions
from websocket_stack.deployment.lambda_code import Builder
from websocket_stack.deployment.removal import Removal
from websocket_stack.deployment.stack_events import StackEvents, Timing
from websocket_stack.deployment.stacks import Kind, Stack
from websocket_stack.deployment.template_files import TemplateFile
from websocket_stack.project import TEMPLATES, command


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
        make: Any = session.client  # boto3 has types only for the packages that are installed
        self._session = session
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

    def deploy(self, options: DeployOptions, build: Builder, folder: Path = TEMPLATES) -> None:
        """Make or change the stack, and show what came of it.

        Args:
            options: what the stack should become.
            build: builds the Lambda's zip, if the template needs one.
            folder: where the templates are.

        Raises:
            CommandFailed: the stack could not be made or changed.
        """
        stack = stacks.find(self._cloudformation, self._name)
        existing = stack if stacks.kind_of_change(stack) == "UPDATE" else None
        name = options.template or stacks.template_of(stack)
        bot = options.bot
        if bot is None and existing:
            bot = described_bot.of_stack(self._cloudformation, existing)
        previous = existing.parameters if existing else {}
        if bot and {**previous, **options.values}.get("CreateBot") == "true":
            called_functions.check(bot, options.code)
        with described_bot.templates_with(bot, name, folder) as templates:
            self._change(template_files.read(name, templates), options, build, existing)

    def _change(
        self, template: TemplateFile, options: DeployOptions, build: Builder, stack: Stack | None
    ) -> None:
        """Change a stack that there is, or make one."""
        kind: Kind = "UPDATE" if stack else "CREATE"
        previous = stack.parameters if stack else {}
        parameter_values.check(template, options.values, previous)
        self._preflight(template, options, previous)
        code = self._code(template, options, build, previous)
        request = self._request(template, kind, code, options, previous)
        change_sets = ChangeSets(
            self._cloudformation, self._timing.sleep, f"{self._timing.now() * 1000:.0f}"
        )
        change_set = change_sets.create(request, self._console.say)
        if change_set is None:
            self._console.say(f"{self._name}: nothing to change")
        elif not self._apply(change_sets, change_set, kind, executes=options.executes):
            return
        self._show_outputs(stack.outputs if stack else None)

    def watch(self) -> None:
        """Follow a change that is going on.

        Raises:
            CommandFailed: nothing is going on, or the change failed.
        """
        stack = stacks.find(self._cloudformation, self._name)
        if stack is None:
            raise CommandFailed(f"there is no stack {self._name} in this region")
        events = self._events(stack.id)
        # Asked after the events, so that its last one cannot be missed.
        now = stacks.find(self._cloudformation, stack.id) or stack
        if not now.status.endswith("_IN_PROGRESS") or now.status == stacks.ONLY_REVIEWED:
            raise CommandFailed(f"{self._name} is not changing ({now.status})")
        self._follow(events)
        self._show_outputs(stack.outputs)

    def _preflight(
        self, template: TemplateFile, options: DeployOptions, previous: Mapping[str, str]
    ) -> None:
        values = parameter_values.effective(template, options.values, previous)
        preflight.check(self._name, values, previous, is_nested=template.has_nested_stacks)
        for warning in preflight.warnings(self._session, values, previous):
            self._console.say(f"Warning: {warning}")

    def _code(
        self,
        template: TemplateFile,
        options: DeployOptions,
        build: Builder,
        previous: Mapping[str, str],
    ) -> Path | None:
        """Return the zip for the Lambda, or ``None`` where there is none to upload."""
        if not template.needs_code:
            if options.code:
                raise CommandFailed(f"{template.path.name} takes no --code: it has its own")
            return None
        values = parameter_values.effective(template, options.values, previous)
        lambda_code.check_called(values, options.values, options.code)
        needed = lambda_code.needs_of(values)
        platform = Platform.of(values)
        built = partial(build, platform=platform)
        code = lambda_code.choose(needed, options.code, built, previous, self._download)
        if isinstance(code, Path):
            return code
        lambda_code.check_platform(code, Platform.of(previous), platform)
        if options.bot:
            called_functions.check_zip(options.bot, code)
        say = self._console.say
        say(f"keeping the code and the library of {self._name}; --code PATH builds both again")
        return None

    def _download(self, bucket: str, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def _request(
        self,
        template: TemplateFile,
        kind: Kind,
        code: Path | None,
        options: DeployOptions,
        previous: Mapping[str, str],
    ) -> ChangeRequest:
        """Upload what the template needs from a bucket, and return the change to ask for."""
        derived: dict[str, str] = {}
        source = {"TemplateBody": template.body}
        if template.needs_bucket:
            derived = self._upload(template, code, previous)
            source = {"TemplateURL": derived.pop("TemplateURL")}
        sources = [derived.get("CodeKey", ""), template_files.digest(template.files)]
        values = options.values
        derived["Revision"] = parameter_values.revision(template, sources, values, previous)
        return ChangeRequest(
            self._name,
            kind,
            source,
            parameter_values.choose(template, values, derived, previous),
            template_files.nested_resources(template),
            options.tags,
            options.role_arn,
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
        elif template.needs_code:
            where |= {name: previous[name] for name in ("CodeBucket", "CodeKey")}
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
        if not self._confirms(change_sets, change_set, kind):
            return False
        events = self._events(change_set.stack_id)
        try:
            change_sets.execute(change_set)
        except ClientError:
            change_sets.discard(change_set, kind)
            raise
        self._follow(events)
        return True

    def _confirms(self, change_sets: ChangeSets, change_set: ChangeSet, kind: Kind) -> bool:
        """Ask whether to make the changes; discard them if not."""
        try:
            confirmed = self._console.confirms("Make these changes?")
        except (CommandFailed, KeyboardInterrupt):
            change_sets.discard(change_set, kind)
            raise
        if not confirmed:
            change_sets.discard(change_set, kind)
            self._console.say("nothing was changed")
        return confirmed

    def _events(self, stack_id: str) -> StackEvents:
        return StackEvents(self._cloudformation, stack_id, self._timing.clock, self._timing.sleep)

    def _follow(self, events: StackEvents) -> None:
        try:
            outcome = events.follow(self._console.say)
        except (KeyboardInterrupt, *AWS_ERRORS):
            self._console.say(
                f"The change goes on; to follow it again: {command('deploy')} {self._name} --watch"
            )
            raise
        if not outcome.succeeded:
            raise CommandFailed(f"{self._name} ended in {outcome.status}: {outcome.reason}")

    def _show_outputs(self, before: Mapping[str, str] | None) -> None:
        stack = stacks.find(self._cloudformation, self._name)
        if stack is None or not stack.outputs:
            return
        self._console.say("Outputs:")
        for line in table(sorted(stack.outputs.items())):
            self._console.say(f"  {line}")
        for line in next_steps.of(stack, before):
            self._console.say(line)
