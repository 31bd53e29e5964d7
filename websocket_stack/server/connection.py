"""One client's socket: carries out what its messages ask for."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

from fulfillment.streaming.framing import Ending
from websocket_stack.server.limits import Bucket
from websocket_stack.server.outbox import Outbox, Socket
from websocket_stack.server.protocol import (
    NORMAL,
    POLICY,
    UNAUTHORIZED,
    Ask,
    ClientProtocol,
    Close,
    Command,
    Resume,
    SignIn,
    Stop,
    Unreadable,
    View,
    compact,
)
from websocket_stack.server.protocol_ag_ui import AgUiProtocol, resume_of
from websocket_stack.server.protocols import protocol_of
from websocket_stack.server.reader import Reader
from websocket_stack.server.run import Key, ReadableRun
from websocket_stack.server.run_log import RunLog
from websocket_stack.server.services import Services
from websocket_stack.server.sign_in import is_valid
from websocket_stack.tasks.sign_in import Identity, InvalidToken

NAME_BYTES = 24
MAX_NAME_CHARACTERS = 200
# Without sign-in, to know a name is to own it; one that can be guessed is the socket's alone.
LEAST_NAME_CHARACTERS = 16
REFUSED = "refused"
# Of one socket, over and above its questions; each costs a line in the log if it is refused.
MESSAGES_PER_MINUTE = 600
SIGN_IN = "Please sign in first."


class Connection:
    """A socket, from its first message on.

    Args:
        services: what all sockets share.
        socket: where frames go.
        address: the client's, for limits and the log.
        query: the parameters of the socket's address, without a token.
        identity: who the client is, where its handshake said so.
    """

    def __init__(
        self,
        services: Services,
        socket: Socket,
        address: str,
        query: Mapping[str, str],
        identity: Identity | None = None,
    ) -> None:
        self._services = services
        self._address = address
        self._query = query
        self._identity = identity
        self._chat = secrets.token_urlsafe(NAME_BYTES)
        self._clock = asyncio.get_running_loop().time
        self._heard_at = self._clock()
        messages = MESSAGES_PER_MINUTE + services.settings.limits.asks_per_minute
        self._messages = Bucket(messages, self._heard_at)
        self._protocol: ClientProtocol | None = None
        # By the client's names for its readings, so that it can stop what it reads.
        self._read: dict[str, ReadableRun] = {}
        self._runs: dict[Reader, tuple[ReadableRun, bool]] = {}
        self.outbox = Outbox(
            socket, services.settings.send_seconds, self._leave, services.telemetry.frames.inc
        )

    @property
    def is_signed_in(self) -> bool:
        """Whether the client is known, where it has to be."""
        return self._services.verifier is None or is_valid(self._identity)

    async def opened(self) -> None:
        """Do what the socket's address asks for: the rest of a run."""
        if resume := resume_of(self._query):
            self._use(AgUiProtocol())
            await self._do(resume)

    async def received(self, message: str) -> None:
        """Do what a message asks for."""
        self._heard_at = self._clock()
        if self._messages.take(self._heard_at):
            self._services.telemetry.refused("messages", address=self._address)
            self.outbox.put([Close(POLICY, "too many messages")])
            return
        if self._protocol is None:
            protocol = protocol_of(
                message,
                self._chat,
                lambda: secrets.token_urlsafe(NAME_BYTES),
                escapes_html=self._services.settings.escapes_html,
            )
            if protocol is not None:
                self._use(protocol)
        protocol = self._protocol or AgUiProtocol()
        await self._do(protocol.read(message))

    def beat(self, idle_seconds: float) -> None:
        """Show a client that waits that the socket is alive, if its protocol can.

        Args:
            idle_seconds: how long a socket may say and read nothing until it is closed.
        """
        if not self._runs and self._clock() - self._heard_at > idle_seconds:
            self.outbox.put([Close(NORMAL, "idle")])
        elif self._protocol is not None and self._protocol.heartbeat and not self.outbox.is_busy:
            self.outbox.put([self._protocol.heartbeat])

    def closed(self) -> None:
        """Note that the socket is gone; the runs that it read go on without it."""
        for reader in list(self._runs):
            self._leave(reader)

    # --- what messages ask for

    async def _do(self, command: Command) -> None:
        match command:
            case SignIn(token):
                await self._sign_in(token, is_asked=True)
            case Ask():
                await self._ask(command)
            case Resume():
                await self._resume(command)
            case Stop(name, leaves):
                await self._stop(name, leaves=leaves)
            case Unreadable(outputs):
                self._services.telemetry.refused("unreadable", address=self._address)
                self.outbox.put(outputs)

    async def _ask(self, ask: Ask) -> None:
        runs = self._services.runs
        if ask.token:
            await self._sign_in(ask.token)
        if not self.is_signed_in:
            self._refuse(ask.view, "sign_in", SIGN_IN)
        elif not ask.utterance.strip() or len(ask.run) > MAX_NAME_CHARACTERS:
            self._refuse(ask.view, "unreadable", "There is no question.")
        elif run := await runs.look_up(self._key(ask.run)):
            # Asked twice: it is answered once, and costs no more.
            self._join(run, ask.run, ask.view, ask)
        elif refusal := self._services.refusal(self._principal):
            self._refuse(ask.view, *refusal)
        else:
            key, chat = self._key(ask.run), self._key(ask.chat)
            run = await runs.open(key, chat, ask, self._principal)
            self._join(run, ask.run, ask.view, ask)

    async def _resume(self, resume: Resume) -> None:
        runs = self._services.runs
        if resume.token:
            await self._sign_in(resume.token)
        if not self.is_signed_in:
            self._refuse(resume.view, "sign_in", SIGN_IN)
            return
        key = self._key(resume.run or resume.chat)
        run = await (runs.look_up(key) if resume.run else runs.look_up_latest(key))
        if run is None:
            self.outbox.put(resume.view.unknown())
        elif resume.view.position > run.log.last_position:
            # What it has came from another run of that name.
            self._refuse(resume.view, "gap", "The rest of this reply is lost. Please ask again.")
        else:
            self._join(run, resume.request, resume.view)

    async def _stop(self, name: str, *, leaves: bool) -> None:
        run = self._read.get(name) or await self._services.runs.look_up(self._key(name))
        if run is None or not self.is_signed_in:
            return
        run.stop()
        if not any(each is run for each, _ in self._runs.values()):
            self._services.runs.leave(run, self.outbox.wake, can_resume=True)
        elif leaves:
            for reader in [each for each, (read, _) in self._runs.items() if read is run]:
                self.outbox.remove(reader)

    async def _sign_in(self, token: str, *, is_asked: bool = False) -> None:
        """Sign the client in; another user's runs are not read on."""
        if self._services.verifier is None:
            return
        try:
            identity = await self._services.verifier.verify(token)
        except InvalidToken as exc:
            self._services.telemetry.refused("token", address=self._address, problem=str(exc))
            if is_asked:
                answer = compact({"type": "auth_error", "requestId": "-", "text": SIGN_IN})
                self.outbox.put([answer, Close(UNAUTHORIZED, "sign in")])
            return
        if self._identity is not None and self._identity.owner != identity.owner:
            self.closed()
        self._identity = identity
        if is_asked:
            self.outbox.put([compact({"type": "auth_ok", "requestId": "-"})])

    # --- readers

    def _join(self, run: ReadableRun, name: str, view: View, ask: Ask | None = None) -> None:
        is_serial = ask is not None and ask.is_serial
        reader = Reader(run.log, view, self.outbox.last_reader if is_serial else None)
        self._read[name] = run
        self._runs[reader] = run, ask is None or ask.can_resume
        self._services.runs.join(run, self.outbox.wake)
        self.outbox.add(reader)

    def _leave(self, reader: Reader) -> None:
        entry = self._runs.pop(reader, None)
        if entry is None:
            return  # it was refused
        run, can_resume = entry
        self._read = {name: each for name, each in self._read.items() if each is not run}
        if not any(each is run for each, _ in self._runs.values()):
            self._services.runs.leave(run, self.outbox.wake, can_resume=can_resume)

    def _refuse(self, view: View, reason: str, notice: str) -> None:
        """Tell the client why it gets no reply, as the end of one."""
        self._services.telemetry.refused(reason, principal=self._principal)
        self.outbox.add(Reader(RunLog.ended(Ending(REFUSED, notice)), view))

    def _key(self, name: str) -> Key:
        """Return whose a name is; without sign-in, any client that knows it may use it."""
        if self._identity:
            return Key(self._identity.owner, name)
        return Key("" if len(name) >= LEAST_NAME_CHARACTERS else self._chat, name)

    @property
    def _principal(self) -> str:
        return self._identity.owner if self._identity else self._address

    def _use(self, protocol: ClientProtocol) -> None:
        self._protocol = protocol
        self._services.telemetry.socket_opened(type(protocol).__name__.removesuffix("Protocol"))
