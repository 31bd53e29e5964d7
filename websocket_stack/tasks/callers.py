"""Who is on a connection: lets clients connect, takes their tokens, and names their owners."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from websocket_stack.tasks.connections import Connections
from websocket_stack.tasks.conversations import ANONYMOUS
from websocket_stack.tasks.protocol import Address, InvalidRequest
from websocket_stack.tasks.sign_in import InvalidToken, Verifier, owner_at_connect


class Callers:
    """Knows the owners of connections.

    Args:
        sign_in: how clients say who they are; see :class:`.settings.TaskSettings`.
        connections: who is on which connection.
        expect_sign_in: has a connection looked at when it must have signed in.
        verifier: verifies tokens, where clients sign in with them.
        now: the wall clock, in epoch seconds.
    """

    def __init__(
        self,
        sign_in: str,
        connections: Connections,
        *,
        expect_sign_in: Callable[[str], object] = lambda connection_id: None,
        verifier: Verifier | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sign_in = sign_in
        self._connections = connections
        self._expect_sign_in = expect_sign_in
        self._verifier = verifier
        self._now = now

    def connect(self, context: Mapping[str, Any]) -> int:
        """Let a client connect; return the status of its upgrade.

        Args:
            context: the request context of its ``$connect`` event.
        """
        connection_id = context["connectionId"]
        if self._sign_in == "jwt":
            self._expect_sign_in(connection_id)
        elif self._sign_in != "none":
            owner = owner_at_connect(self._sign_in, context)
            if not owner:
                return 401
            self._connections.put(connection_id, owner)
        return 200

    def leave(self, connection_id: str) -> None:
        """Forget a connection that has closed."""
        if self._sign_in != "none":
            self._connections.forget(connection_id)

    def sign_in(self, connection_id: str, token: str) -> None:
        """Take a client's token, its first or its next.

        Raises:
            InvalidRequest: it is not valid, or another user is on the connection.
        """
        address = Address("task")
        if self._verifier is None:
            raise InvalidRequest(address, "clients of this API do not sign in", "NoSignIn")
        try:
            identity = self._verifier.verify(token)
        except InvalidToken as exc:
            problem = f"the token is refused: {exc}"
            raise InvalidRequest(address, problem, "InvalidToken") from exc
        before = self._connections.find(connection_id)
        if before.owner not in ("", identity.owner):
            problem = "another user is signed in on this connection"
            raise InvalidRequest(address, problem, "InvalidToken")
        self._connections.put(connection_id, identity.owner, identity.until)

    def owner_of(self, connection_id: str, address: Address) -> str:
        """Return the owner of a connection.

        Args:
            connection_id: the connection.
            address: what the answer is about if there is none.

        Raises:
            InvalidRequest: the client has not signed in, or not again.
        """
        if self._sign_in == "none":
            return f"{ANONYMOUS}{connection_id}"
        caller = self._connections.find(connection_id)
        if not caller.owner:
            raise InvalidRequest(address, "sign in first", "NotSignedIn")
        if caller.until <= self._now():
            raise InvalidRequest(address, "sign in again", "SignInExpired")
        return caller.owner
