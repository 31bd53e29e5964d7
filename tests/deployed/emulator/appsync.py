"""AppSync: a GraphQL API's address for subscriptions, and its web ACL.

MiniStack serves no subscriptions, waits where ``invocationType`` is ``Event``, and does not enforce
the directives of a schema: the local stack's own tests cover those.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-appsync-graphqlapi.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import appsync
from ministack.services.cloudformation import provisioners


def install() -> None:
    appsync._resolve_lambda = _resolve
    handlers = provisioners._RESOURCE_HANDLERS
    api = handlers["AWS::AppSync::GraphQLApi"]
    for operation in ("create", "update"):
        api[operation] = _with_realtime_url(api[operation])
    handlers.setdefault(
        "AWS::WAFv2::WebACLAssociation",
        {"create": _associate, "delete": lambda physical_id, props: None},
    )


def _with_realtime_url(own: Callable[..., Any]) -> Callable[..., Any]:
    def provision(*arguments: Any, **more: Any) -> Any:
        physical_id, attributes = own(*arguments, **more)
        url = appsync._apis[physical_id]["uris"]["REALTIME"]
        return physical_id, {**attributes, "RealtimeUrl": url}

    return provision


def _resolve(  # noqa: PLR0913
    api_id: str,
    resolver: dict[str, Any],
    data_source: dict[str, Any],
    args: dict[str, Any],
    field_name: str,
    identity: Any,
    request_headers: dict[str, str],
    source: Any,
    variables: Any = None,
) -> Any:
    """Call a function without code in between; MiniStack takes no truth value, and no error.

    https://docs.aws.amazon.com/appsync/latest/devguide/direct-lambda-reference.html
    """
    event = {
        "arguments": args,
        "identity": identity,
        "source": source or None,
        "request": {"headers": request_headers},
        "prev": None,
        "stash": {},
        "info": {
            "fieldName": field_name,
            "parentTypeName": resolver["typeName"],
            "variables": variables or {},
        },
    }
    return appsync._invoke_lambda_with_event(data_source, event)


def _associate(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    return f"{props['WebACLArn']}|{props['ResourceArn']}", {}
