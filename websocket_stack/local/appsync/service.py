"""A GraphQL API: its schema, who may call which field, its resolvers, and its subscriptions.

Knows no HTTP server and no socket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute,
    get_argument_values,
    get_variable_values,
    parse,
)
from graphql.pyutils import is_awaitable

from websocket_stack.local.appsync.errors import (
    Error,
    field_error,
    validation_errors,
    variable_errors,
)
from websocket_stack.local.appsync.resolver_context import context_of, context_of_start, selected

Mode: TypeAlias = Literal["api_key", "iam", "oidc", "cognito"]
"""How a request is authorized: with the API's key, signed, or with a token."""

Resolver: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[Any]]
"""Resolves a field, given the context that a Lambda resolver hands to its function."""

# What AppSync knows by itself.
# https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html
DIRECTIVES = """
directive @aws_api_key on FIELD_DEFINITION | OBJECT
directive @aws_iam on FIELD_DEFINITION | OBJECT
directive @aws_cognito_user_pools on FIELD_DEFINITION | OBJECT
directive @aws_oidc on FIELD_DEFINITION | OBJECT
directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
scalar AWSJSON
"""
MODES: Mapping[str, Mode] = {
    "aws_api_key": "api_key",
    "aws_iam": "iam",
    "aws_oidc": "oidc",
    "aws_cognito_user_pools": "cognito",
}


class FieldError(Exception):
    """A resolver failed.

    Args:
        kind: the error's type, as the client reads it.
        message: what it says.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Refused(Exception):
    """A request is answered with errors, and none of it is run."""

    def __init__(self, errors: list[Error]) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, eq=False)
class Subscription:
    """What a client subscribed to.

    Attributes:
        document: its request.
        variables: the variables of that.
        field: the field.
        arguments: what events have to equal.
        deliver: is given each answer.
    """

    document: DocumentNode
    variables: Mapping[str, Any]
    field: str
    arguments: Mapping[str, Any]
    deliver: Callable[[Mapping[str, Any]], Awaitable[None]]


class GraphQlApi:
    """A GraphQL API.

    Args:
        schema: its schema, in GraphQL, without what AppSync adds.
        resolvers: what resolves its fields, by type and field, such as ``Mutation.ask``; a field
            without one is null.
        sign_in: how a field may be called that does not say.
    """

    def __init__(
        self, schema: str, resolvers: Mapping[str, Resolver], sign_in: Mode = "api_key"
    ) -> None:
        self._sign_in: Mode = sign_in
        self._schema: GraphQLSchema = build_schema(DIRECTIVES + schema)
        self._resolvers = resolvers
        self._subscriptions: set[Subscription] = set()

    async def query(
        self, request: Mapping[str, Any], mode: Mode, identity: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """Run a query or a mutation; return the answer.

        Args:
            request: ``query``, ``operationName`` and ``variables``.
            mode: how it is authorized.
            identity: who calls, if not with the API's key.

        Raises:
            GraphQLSyntaxError: the document cannot be parsed.
        """
        try:
            document, operation, variables = self._checked(request)
        except Refused as refused:
            return {"data": None, "errors": refused.errors}
        errors: list[Error] = []

        async def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
            if source is not None:
                return source.get(info.field_name) if isinstance(source, Mapping) else None
            return await self._resolve(info, arguments, mode, identity, variables, errors)

        result = execute(
            self._schema,
            document,
            variable_values=dict(variables),
            operation_name=operation.name.value if operation.name else None,
            field_resolver=resolve,
        )
        awaited: ExecutionResult = await result if is_awaitable(result) else result  # type: ignore[assignment]
        errors += [_core_error(error) for error in awaited.errors or ()]
        return {"data": awaited.data, **({"errors": errors} if errors else {})}

    async def subscribe(
        self,
        request: Mapping[str, Any],
        mode: Mode,
        identity: Mapping[str, Any] | None,
        deliver: Callable[[Mapping[str, Any]], Awaitable[None]],
    ) -> Callable[[], None]:
        """Begin a subscription; return what ends it.

        Args:
            request: ``query`` and ``variables``.
            mode: how it is authorized.
            identity: who subscribes, if not with the API's key.
            deliver: is given each answer.

        Raises:
            GraphQLSyntaxError: the document cannot be parsed.
            Refused: it is not one that may be had.
        """
        try:
            document, operation, variables = self._checked(request)
        except Refused as refused:
            # These say less than those of requests over HTTP.
            raise Refused([{"message": error["message"]} for error in refused.errors]) from None
        field = operation.selection_set.selections[0]
        if operation.operation is not OperationType.SUBSCRIPTION or not isinstance(
            field, FieldNode
        ):
            message = "unknown not supported through the realtime channel"
            raise Refused([{"errorType": "UnsupportedOperation", "message": message}])
        name = field.name.value
        if mode not in self._modes("Subscription", name):
            message = f"Not Authorized to access {name} on type Subscription"
            raise Refused([{"errorType": "Unauthorized", "message": message}])
        root = self._schema.subscription_type
        assert root is not None
        values = get_variable_values(
            self._schema, operation.variable_definitions or (), dict(variables)
        )
        if isinstance(values, list):
            raise Refused([{"message": error.message} for error in values])
        arguments = get_argument_values(root.fields[name], field, values)
        if resolver := self._resolvers.get(f"Subscription.{name}"):
            try:
                await resolver(context_of_start(name, arguments, identity, variables))
            except FieldError as error:
                raise Refused([{"errorType": error.kind, "message": str(error)}]) from None
        subscription = Subscription(document, variables, name, arguments, deliver)
        self._subscriptions.add(subscription)
        return lambda: self._subscriptions.discard(subscription)

    def _checked(
        self, request: Mapping[str, Any]
    ) -> tuple[DocumentNode, OperationDefinitionNode, Mapping[str, Any]]:
        document = parse(request["query"])
        if errors := validation_errors(self._schema, document):
            raise Refused(errors)
        wanted = request.get("operationName")
        operations = [
            each
            for each in document.definitions
            if isinstance(each, OperationDefinitionNode)
            and (not wanted or (each.name and each.name.value == wanted))
        ]
        if len(operations) != 1:
            # AppSync's own words are not known.
            message = f"Unknown operation named '{wanted}'."
            raise Refused([{"path": None, "locations": None, "message": message}])
        variables = request.get("variables") or {}
        if errors := variable_errors(self._schema, operations[0], variables):
            raise Refused(errors)
        return document, operations[0], variables

    async def _resolve(
        self,
        info: GraphQLResolveInfo[Any],
        arguments: Mapping[str, Any],
        mode: Mode,
        identity: Mapping[str, Any] | None,
        variables: Mapping[str, Any],
        errors: list[Error],
    ) -> Any:
        """Resolve a field of a root type, and tell its subscribers."""
        kind, name, node = info.parent_type.name, info.field_name, info.field_nodes[0]
        path = info.path.as_list()
        if mode not in self._modes(kind, name):
            message = f"Not Authorized to access {name} on type {kind}"
            errors.append(field_error(node, path, "Unauthorized", message))
            return None
        resolver = self._resolvers.get(f"{kind}.{name}")
        if resolver is None:
            return None
        context = context_of(info, arguments, identity, variables)
        try:
            result = await resolver(context)
        except FieldError as error:
            errors.append(field_error(node, path, error.kind, str(error)))
            return None
        if kind == "Mutation" and isinstance(result, Mapping):
            await self._publish(name, selected(result, info))
        return result

    async def _publish(self, mutation: str, result: Mapping[str, Any]) -> None:
        """Hand the result of a mutation, as far as it was selected, to those who wait for it."""
        for subscription in list(self._subscriptions):
            if mutation not in self._mutations_of(subscription.field):
                continue
            # https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-data.html
            if any(
                result.get(name) != value
                for name, value in subscription.arguments.items()
                if value is not None
            ):
                continue
            answer = execute(
                self._schema,
                subscription.document,
                root_value={subscription.field: result},
                variable_values=dict(subscription.variables),
            )
            assert isinstance(answer, ExecutionResult)
            await subscription.deliver({"data": answer.data})

    def _modes(self, kind: str, field: str) -> set[Mode]:
        """Return how a field may be called: as it says, or its type, or by default."""
        root: Any = self._schema.type_map[kind]
        for node in (root.fields[field].ast_node, root.ast_node):
            directives = [each.name.value for each in (node.directives or ())] if node else []
            modes: set[Mode] = {MODES[name] for name in directives if name in MODES}
            if modes:
                return modes
        return {self._sign_in}

    def _mutations_of(self, subscription: str) -> list[str]:
        root = self._schema.subscription_type
        assert root is not None
        node = root.fields[subscription].ast_node
        assert node is not None
        (directive,) = [
            each for each in node.directives or () if each.name.value == "aws_subscribe"
        ]
        names: Any = directive.arguments[0].value
        return [each.value for each in names.values]


def _core_error(error: GraphQLError) -> Error:
    return {"path": error.path, "locations": None, "message": error.message}
