"""Router: handlers by intent, dialog or error. A bot of several modules has one in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fulfillment.errors import RegistrationError
from fulfillment.handlers import AnyErrorHandler, AnyHandler, check_handler, name_of

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])
Key = TypeVar("Key", str, type[Exception])


class Router:
    """Handlers by intent, for a bot to include::

    orders = Router()

    @orders.intent("TrackOrder")
    def track(turn):
        yield "Looking up your order…\\n"

    bot.include(orders)
    """

    def __init__(self) -> None:
        self._intents: Registry[str] = Registry("intent", "turn")
        self._dialogs: Registry[str] = Registry("dialog", "turn")
        self._errors: Registry[type[Exception]] = Registry("error", "turn, error")

    def intent(self, *names: str) -> Callable[[AnyHandler], AnyHandler]:
        """Register the handler that fulfils these intents once their slots are filled.

        Raises:
            RegistrationError: the function cannot be a handler, or an intent already has one.
        """
        return self._intents.adding(_names(names, "intent"))

    def dialog(self, *names: str) -> Callable[[AnyHandler], AnyHandler]:
        """Register the handler that validates the dialog of these intents, at each of its turns.

        The handler may elicit a slot again, confirm, or close. If it decides nothing, Lex goes on,
        and the handler must not write anything, because Lex would not say it.

        Raises:
            RegistrationError: the function cannot be a handler, or a dialog already has one.
        """
        return self._dialogs.adding(_names(names, "dialog"))

    def error(self, *kinds: type[Exception]) -> Callable[[AnyErrorHandler], AnyErrorHandler]:
        """Register the handler that answers when another handler raises one of these exceptions.

        It is called with the turn and the exception, and returns or yields text that follows what
        was already written. If several handlers match, the one for the nearest class is called. The
        intent ends as failed, unless the handler decides otherwise.

        Raises:
            RegistrationError: the function cannot be a handler, or an exception already has one.
        """
        if not kinds or not all(isinstance(e, type) and issubclass(e, Exception) for e in kinds):
            raise RegistrationError("it takes exceptions, as in @bot.error(OrderNotFound)")
        return self._errors.adding(kinds)


class Registry(dict[Key, Any]):
    """Handlers of one kind, by what they are for.

    Args:
        kind: what a second one is refused as.
        parameters: what they are called with.
    """

    def __init__(self, kind: str, parameters: str) -> None:
        super().__init__()
        self._kind = kind
        self._parameters = parameters

    def adding(self, keys: Iterable[Key]) -> Callable[[AnyFunction], AnyFunction]:
        """Return a decorator that adds a handler for all of these."""

        def add(function: AnyFunction) -> AnyFunction:
            check_handler(function, self._parameters)
            for key in keys:
                self._add(key, function)
            return function

        return add

    def include(self, other: Registry[Key]) -> None:
        """Add the handlers of another."""
        for key, function in other.items():
            self._add(key, function)

    def _add(self, key: Key, function: Callable[..., Any]) -> None:
        if (other := self.setdefault(key, function)) != function:
            name = key if isinstance(key, str) else key.__name__
            functions = f"{name_of(other)} and {name_of(function)}"
            raise RegistrationError(f"two handlers for the {self._kind} {name}: {functions}")


def _names(names: tuple[str, ...], decorator: str) -> tuple[str, ...]:
    if not names or not all(isinstance(name, str) for name in names):
        raise RegistrationError(f'it takes names, as in @bot.{decorator}("TrackOrder")')
    return names
