"""The runs of this process, by name: an owner who knows the name may read or stop a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from fulfillment.logs import log_failure
from fulfillment.memory.base import Exchange
from fulfillment.memory.conversation import id_of
from fulfillment.notices import Notices
from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending
from websocket_stack.server.conversations import Conversations
from websocket_stack.server.protocol import Ask
from websocket_stack.server.run import Key, ReadableRun, Run
from websocket_stack.server.settings import ServerSettings
from websocket_stack.server.source import Question, Source
from websocket_stack.server.telemetry import Telemetry

RESTARTING = "The server is being restarted. Please ask again in a moment."
# For a run that is stopped to end.
STOP_SECONDS = 2.0


class Runs:
    """Starts runs, and keeps each for a while after its end.

    Args:
        source: what answers.
        conversations: what was said before.
        settings: the environment.
        telemetry: is told how each run went.
        notices: the sentences for when something goes wrong.

    Attributes:
        is_draining: whether no run is to be started any more.
    """

    def __init__(
        self,
        source: Source,
        conversations: Conversations,
        settings: ServerSettings,
        telemetry: Telemetry,
        notices: Notices | None = None,
    ) -> None:
        self._source = source
        self._conversations = conversations
        self._settings = settings
        self._telemetry = telemetry
        self._notices = notices or Notices()
        self._runs: dict[Key, Run] = {}
        self._latest: dict[Key, Run] = {}
        self._tasks: dict[Run, asyncio.Task[None]] = {}
        self._running_of: dict[str, int] = {}
        self._detached: dict[Run, asyncio.TimerHandle] = {}
        self.is_draining = False

    @property
    def running(self) -> int:
        """How many runs go on."""
        return len(self._tasks)

    def running_of(self, principal: str) -> int:
        """Return how many runs of a principal go on."""
        return self._running_of.get(principal, 0)

    async def open(self, key: Key, chat: Key, ask: Ask, principal: str) -> ReadableRun:
        """Start a run, or return it where it has been started; see :meth:`start`."""
        return self.start(key, chat, ask, principal)

    async def look_up(self, key: Key) -> ReadableRun | None:
        """Return a run, if there is one of that name."""
        return self.find(key)

    async def look_up_latest(self, chat: Key) -> ReadableRun | None:
        """Return the latest run of a conversation, if there is one."""
        return self.latest(chat)

    def find(self, key: Key) -> Run | None:
        """Return a run of this process."""
        return self._runs.get(key)

    def latest(self, chat: Key) -> Run | None:
        """Return the latest run of a conversation in this process."""
        return self._latest.get(chat)

    def start(self, key: Key, chat: Key, ask: Ask, principal: str) -> Run:
        """Start a run.

        Args:
            key: its name, which no other has.
            chat: the conversation that it belongs to.
            ask: the question.
            principal: who is said to have asked it, for the limits.
        """
        run = Run(key, chat, principal)
        self._runs[key] = self._latest[chat] = run
        self._running_of[principal] = self.running_of(principal) + 1
        self._tasks[run] = asyncio.create_task(self._write(run, ask))
        return run

    def join(self, run: ReadableRun, notify: Callable[[], None]) -> None:
        """Let a reader be told when a run has more to read."""
        run.readers.add(notify)
        if isinstance(run, Run) and (timer := self._detached.pop(run, None)):
            timer.cancel()

    def leave(self, run: ReadableRun, notify: Callable[[], None], *, can_resume: bool) -> None:
        """Note that a reader is gone: a run without readers goes on only for a while.

        Args:
            run: what was read.
            notify: as it was given to :meth:`join`.
            can_resume: whether the reader can come back at all.
        """
        run.readers.discard(notify)
        if run.readers or not isinstance(run, Run) or run not in self._tasks:
            return
        if not can_resume:
            run.stop()
        elif run not in self._detached:
            loop = asyncio.get_running_loop()
            self._detached[run] = loop.call_later(self._settings.detach_seconds, run.stop)

    async def drain(self, seconds: float) -> None:
        """Wait for the runs to end, and stop those that go on for longer."""
        self.is_draining = True
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=seconds)
        for run in list(self._tasks):
            run.stop(RESTARTING)
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=STOP_SECONDS)

    async def close(self) -> None:
        """Let go of all, once no socket is left."""
        await cancel(self._tasks.values())
        self._conversations.close()

    async def _write(self, run: Run, ask: Ask) -> None:
        try:
            await self._answer(run, ask)
        # The last resort: whatever went wrong, its readers get an end and the log the cause.
        except Exception as exc:
            log_failure("a run failed", exc)
        finally:
            self._ended(run)

    async def _answer(self, run: Run, ask: Ask) -> None:
        settings = self._settings
        conversation = id_of(*run.chat)
        earlier = ask.earlier
        if earlier is None:
            earlier = await self._conversations.load(conversation) or ()
        question = Question(ask.utterance, earlier, conversation, settings.reply_seconds)
        answer = self._source.answer(question)
        report = await run.write(
            answer, settings.reply_seconds, settings.time_between_chunks, self._notices
        )
        # The reply is there already, and must not be lost over this.
        with suppress(Exception):
            self._telemetry.run_ended(report, run.log, answer.completions)
        if not report.is_withheld:
            reply = report.reply
            exchange = Exchange(ask.utterance, reply.written, reply.truncated)
            await self._conversations.add(conversation, exchange)

    def _ended(self, run: Run) -> None:
        if run.log.ending is None:
            run.end(Ending(Outcome.FAILED, self._notices.failed))
        del self._tasks[run]
        self._running_of[run.principal] -= 1
        if not self._running_of[run.principal]:
            del self._running_of[run.principal]
        if timer := self._detached.pop(run, None):
            timer.cancel()
        asyncio.get_running_loop().call_later(self._settings.keep_seconds, self._forget, run)

    def _forget(self, run: Run) -> None:
        self._runs.pop(run.key, None)
        if self._latest.get(run.chat) is run:
            del self._latest[run.chat]


async def cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks, and wait until they have ended."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
