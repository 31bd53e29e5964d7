"""``AWS::ApiGatewayV2::Deployment``: a stage serves the routes as they were when it was deployed.

One that deploys itself serves them as they are.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-websocket-deployment.html
"""

from __future__ import annotations

import copy
import uuid
from typing import Any

from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

_deployed_routes: dict[str, dict[str, Any]] = {}


def install() -> None:
    provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Deployment"] = {
        "create": _create,
        "update": _update,
        "delete": _delete,
    }
    stage = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Stage"]
    stage["create"] = _with_deployment(stage["create"])
    own_route = apigateway._match_ws_route

    def route(api_id: str, route_key: str) -> dict[str, Any] | None:
        (stage,) = apigateway._stages[api_id].values()
        if stage["autoDeploy"]:
            found: dict[str, Any] | None = own_route(api_id, route_key)
            return found
        return _route(stage["deploymentId"], route_key)

    apigateway._match_ws_route = route


def _create(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
    api_id, deployment_id = props["ApiId"], uuid.uuid4().hex[:6]
    _deployed_routes[deployment_id] = copy.deepcopy(apigateway._routes.get(api_id, {}))
    apigateway._deployments.setdefault(api_id, {})[deployment_id] = {"deploymentId": deployment_id}
    return deployment_id, {"DeploymentId": deployment_id}


def _update(physical_id: str, old: Any, new: Any, stack_name: str) -> tuple[str, dict[str, str]]:
    # A description can change, what was deployed cannot.
    return physical_id, {"DeploymentId": physical_id}


def _delete(physical_id: str, props: dict[str, Any]) -> None:
    stages = apigateway._stages.get(props["ApiId"], {})
    if any(stage.get("deploymentId") == physical_id for stage in stages.values()):
        raise ValueError("Active stages pointing to this deployment must be moved or deleted")
    apigateway._deployments.get(props["ApiId"], {}).pop(physical_id, None)
    _deployed_routes.pop(physical_id, None)


def _with_deployment(own: Any) -> Any:
    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        if props["StageName"] in apigateway._stages.get(props["ApiId"], {}):
            raise ValueError("Stage already exists")
        return own(logical_id, props, stack_name)

    return create


def _route(deployment_id: str, route_key: str) -> dict[str, Any] | None:
    routes = _deployed_routes[deployment_id].values()
    by_key = {route["routeKey"]: route for route in routes}
    return by_key.get(route_key) or by_key.get("$default")
