"""What the doors of the local stack run on: its address, its AWS services, and its functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from websocket_stack.local.dynamodb import DynamoDb
from websocket_stack.local.functions.function import Function, Handler, Invocable
from websocket_stack.local.functions.reloading import BotFunction
from websocket_stack.local.journal.watching import Observer
from websocket_stack.local.sqs import Sqs


class Services(NamedTuple):
    """What every door runs on.

    Attributes:
        origin: the address at which boto3 finds every service.
        environment: the environment of the Lambda functions.
        database: where tables are.
        queues: where queues are.
        observer: watches the functions that answer.
    """

    origin: str
    environment: Mapping[str, str]
    database: DynamoDb
    queues: Sqs
    observer: Observer

    def with_variables(self, variables: Mapping[str, str]) -> Services:
        """Return the services with more variables in the functions' environment."""
        return self._replace(environment={**self.environment, **variables})

    def answering_function(
        self,
        name: str,
        handler: str,
        builders: str | None,
        *,
        seconds: float = 30,
        adapt: Callable[[Any], Handler] | None = None,
        reloaded: Callable[[], None] = lambda: None,
    ) -> Invocable:
        """Return the function that answers, which the observer watches.

        Args:
            name: its name.
            handler: the handler that answers unless a builder has something of their own, as
                ``module.attribute``.
            builders: a builder's bot or tasks, as ``module:attribute``.
            seconds: how long its calls may take.
            adapt: makes a handler of what a builder has.
            reloaded: is called whenever what a builder has was loaded again.

        Raises:
            BotNotLoaded: what the builder has cannot be loaded.
        """
        function: Invocable
        if builders:
            function = BotFunction(builders, self.environment, name, seconds, adapt, reloaded)
        else:
            function = Function(name, handler, self.environment, seconds)
        return self.observer.watched(name, function)
