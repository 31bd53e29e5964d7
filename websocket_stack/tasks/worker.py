"""The worker: claims a task, runs it, and ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from fulfillment.assistant import Assistant
from fulfillment.bot import Bot
from fulfillment.clients import Resources
from fulfillment.handlers import Result, chunks_of, place_in
from fulfillment.memory.base import Memory
from fulfillment.models.base import Model
from fulfillment.models.tool_loop import ToolLoop
from fulfillment.notices import Notices
from fulfillment.outcome import Outcome
from fulfillment.reply import reply_of
from fulfillment.streaming.channel import Channel
from fulfillment.streaming.deadline import Deadline
from fulfillment.streaming.framing import Ending, Framing
from fulfillment.streaming.stream import Chunks
from fulfillment.streaming.threads import ThreadStream, start
from fulfillment.telemetry import TurnReport, log_turn
from websocket_stack.tasks import frame_format
from websocket_stack.tasks.conversations import conversation_of
from websocket_stack.tasks.live_run import LiveRun
from websocket_stack.tasks.owners import Owners
from websocket_stack.tasks.posting import post_all
from websocket_stack.tasks.protocol import Address
from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.runs import Run, State, group_of
from websocket_stack.tasks.task import Task
from websocket_stack.tasks.task_turn import TaskTurn, deadline_of, usage_of
from websocket_stack.tasks.watch import Watch
from websocket_stack.tasks.wiring import Parts, parts_of

# The longest that Lambda lets a function run: a model may be silent for all of it.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
MOST_SECONDS = 1_800.0
# A task that is over waits no longer for its last frames: its client can ask for them later.
LAST_POSTS_SECONDS = 8.0
# The end does not wait longer for what was said to be remembered.
SAVE_SECONDS = 2.0
TOO_LATE = "Your request waited too long. Please try again."


class Handlers(Protocol):
    """Which function answers which type of task; :class:`websocket_stack.tasks.Tasks` is it."""

    bot: Bot | None
    model: Model | None
    memory: Memory | None
    notices: Notices

    def handler_of(self, type: str) -> Callable[[Task], Result] | None:
        """Return the function for a type, or ``None`` if it is unknown."""
        ...

    def is_whole(self, type: str) -> bool:
        """Return whether the text of a type is sent in one piece at its end."""
        ...


class FrameFormat(Protocol):
    """What the clients of an API read; :mod:`.frame_format` is that of tasks and messages."""

    def framing_of(self, address: Address, *, is_whole: bool, detail: bool) -> Framing:
        """Return the framing of a run; see :func:`.frame_format.framing_of`."""
        ...

    def refusal(self, address: Address, kind: str, message: str) -> Sequence[str]:
        """Return the frames that end a run; see :func:`.frame_format.refusal`."""
        ...


class Worker:
    """Runs tasks.

    Args:
        handlers: which function answers which type.
        resources: the model, and what else tasks run on.
        runs: the runs.
        owners: what their owners run.
        channel: where frames go.
        grace_seconds: how long a task goes on once its connection has closed.
        channel_of: returns the way to the connection of a run, if it has one of its own.
        frame_format: what its clients read.
        keeps_progress: whether the text so far is kept for clients that look for it meanwhile.
        watch: sees what clients want meanwhile.
        record: receives the report of a task, instead of the log and the metrics.
    """

    def __init__(  # noqa: PLR0913
        self,
        handlers: Handlers,
        resources: Resources,
        runs: RunTable,
        owners: Owners,
        channel: Channel,
        *,
        grace_seconds: float = 60.0,
        channel_of: Callable[[Run], Channel] | None = None,
        frame_format: FrameFormat = frame_format,
        keeps_progress: bool = False,
        watch: Watch | None = None,
        record: Callable[[TurnReport], None] = log_turn,
    ) -> None:
        self._handlers = handlers
        self._resources = resources
        self._runs = runs
        self._owners = owners
        self._channel = channel
        self._grace_seconds = grace_seconds
        self._channel_of = channel_of or (lambda run: channel)
        self._format = frame_format
        self._keeps_progress = keeps_progress
        self._watch = watch or Watch(runs)
        self._record = record

    @classmethod
    def from_environ(cls, handlers: Handlers, environ: Mapping[str, str]) -> Worker:
        """Make the worker that an environment describes.

        Raises:
            SettingsError: a setting is missing, or cannot be used.
        """
        parts = parts_of(environ)
        return cls(
            handlers,
            resources_of(handlers, environ),
            parts.runs,
            parts.owners,
            parts.channel,
            grace_seconds=parts.settings.grace_seconds,
            channel_of=_relayed(parts) if parts.settings.relay_queue else None,
        )

    def work(self, event: Mapping[str, Any], context: Any) -> None:
        """Run the task of an event, unless it is run already, or over.

        Args:
            event: what :mod:`.submit` invoked this function with.
            context: the Lambda context.
        """
        seconds = context.get_remaining_time_in_millis() / 1000
        run = self._runs.begin(event["run"], context.aws_request_id, seconds)
        if run is None:
            self._end_if_late(event["run"])
            return
        try:
            handler = self._handlers.handler_of(event["type"])
            if handler is None:
                self._refuse(run, "UnknownType", "There is no task of this type.")
            else:
                self._run(run, event, handler, context.aws_request_id, seconds)
        finally:
            self._owners.leave(run)

    def _run(
        self,
        run: Run,
        event: Mapping[str, Any],
        handler: Callable[[Task], Result],
        request_id: str,
        seconds: float,
    ) -> None:
        clock = self._resources.clock
        started = clock()
        deadline = deadline_of(started, seconds)
        turn = self._begin(run, event, handler, deadline)
        stream, calls = turn.stream, turn.calls
        self._watch.add(run.key, lambda seen: self._see(turn, seen))
        try:
            stream.wait(deadline.cut_at)
            cut_at = ""
            if not stream.text.finished:
                cut_at = place_in(stream.thread)
                calls.close()
            reply = reply_of(
                stream.text,
                calls.completions,
                self._handlers.notices,
                last_text=calls.last_text,
                can_go_on=turn.conversation.is_remembered,
            )
            saving = turn.save(reply)
            usage = usage_of(stream.text, calls.completions)
            ending = Ending(
                reply.outcome, reply.notice, reply.written, usage, length=stream.text.length
            )
            stream.finish(ending)
            self._settle(turn, ending, deadline.settle_by)
            saving.join(SAVE_SECONDS)
        finally:
            self._watch.remove(run.key)
        self._record(
            TurnReport(
                names={
                    "door": run.address.door,
                    "task_type": turn.task.type,
                    "request_id": request_id,
                },
                outcome=reply.outcome,
                started=started,
                ended=clock(),
                text=stream.text,
                delivery=turn.live.delivery,
                completions=calls.completions,
                memory_error=turn.conversation.error,
                cut_at=cut_at,
            )
        )

    def _begin(
        self,
        run: Run,
        event: Mapping[str, Any],
        handler: Callable[[Task], Result],
        deadline: Deadline,
    ) -> TaskTurn:
        """Start the handler of a task, and its delivery."""
        resources = self._resources
        calls = ToolLoop(lambda: deadline.cut_at - resources.clock(), resources.stand_in)
        conversation = conversation_of(run.owner, event["data"], resources)
        assistant = Assistant(
            resources.model, resources.settings, calls, conversation, shares_id=resources.shares_id
        )
        task = Task(
            id=run.address.id,
            type=event["type"],
            data=event["data"],
            owner=run.owner,
            connection_id=run.connection_id,
            assistant=assistant,
        )
        stream = ThreadStream(resources.clock)
        start("handler", lambda: stream.write(lambda: self._chunks(task, handler)))
        is_whole = self._handlers.is_whole(task.type)
        live = LiveRun(
            run,
            stream,
            self._format.framing_of(run.address, is_whole=is_whole, detail=run.detail),
            self._channel_of,
            interval_seconds=resources.settings.flush_interval_seconds,
            grace_seconds=self._grace_seconds,
            is_whole=is_whole,
        )
        # It may have been stopped before it began.
        live.see(run)
        return TaskTurn(task, calls, conversation, stream, live, is_whole)

    def _chunks(self, task: Task, handler: Callable[[Task], Result]) -> Chunks:
        bot = self._handlers.bot
        if bot is not None and task.type == "message":
            return bot.chunks(task.prompt, task.assistant, session_id=task.owner)
        return chunks_of(handler(task), handler)

    def _see(self, turn: TaskTurn, run: Run) -> None:
        """Note the present state of a run's row, and bring the row up to date."""
        turn.live.see(run)
        if self._keeps_progress and (text := turn.text_so_far()) != run.text:
            self._runs.keep(run.key, text)

    def _settle(self, turn: TaskTurn, ending: Ending, settle_by: float) -> None:
        """Post what is left, to a client that comes back meanwhile too, and end the run."""
        live, clock = turn.live, self._resources.clock
        while True:
            turn.stream.settle(min(settle_by, clock() + LAST_POSTS_SECONDS))
            outcome = {
                "outcome": ending.outcome,
                "notice": ending.notice,
                "usage": ending.usage,
                "whole": turn.is_whole,
                "sent": live.sent,
            }
            if self._runs.end(live.run, turn.stream.text.text(), outcome):
                return
            latest = self._runs.find(live.run.key)
            if latest is None or latest.state is State.DONE:
                return
            live.see(latest)

    def _end_if_late(self, key: str) -> None:
        run = self._runs.find(key)
        if run is not None and run.state is State.QUEUED:
            self._refuse(run, "Expired", TOO_LATE)

    def _refuse(self, run: Run, kind: str, message: str) -> None:
        if self._runs.fail(run, {"outcome": Outcome.FAILED, "notice": message, "kind": kind}):
            payloads = self._format.refusal(run.address, kind, message)
            post_all(self._channel, run.connection_id, payloads)
            self._owners.leave(run)


def resources_of(handlers: Handlers, environ: Mapping[str, str]) -> Resources:
    """Return what handlers run on: the environment's, but for what they have of their own.

    Raises:
        SettingsError: a setting cannot be used.
    """
    resources = Resources.from_environ(
        environ, model=handlers.model, memory=handlers.memory, turn_seconds=MOST_SECONDS
    )
    return handlers.bot.runs_on(resources) if handlers.bot else resources


def _relayed(parts: Parts) -> Callable[[Run], Channel]:
    """Return what sends the frames of each run to the relay's queue."""
    from fulfillment.channels.sqs import QueueChannel

    client = parts.make_client("sqs", region_name=parts.region)
    queue_url = parts.settings.relay_queue or ""
    return lambda run: QueueChannel(client, queue_url, group_of(run), run.address)
