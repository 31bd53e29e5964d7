"""Events of asynchronous invocations that fail: none is tried again, and a function tells clients.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, Template, awslambda
from troposphere.awslambda import Alias, Function

from websocket_stack.cloudformation.lambda_functions import allow

# An event that waits longer is dropped, and its client told: nothing is silent for 70 seconds.
EVENT_SECONDS = 60


def add(
    template: Template, function: Function, alias: Alias, failures: Function, **attributes: Any
) -> None:
    """Send the events that a function fails to another one.

    Args:
        template: where to add that.
        function: the function.
        alias: the alias that it is invoked by.
        failures: the function that tells clients.
        attributes: the resource's attributes, such as its condition.
    """
    template.add_resource(
        awslambda.EventInvokeConfig(
            f"{function.title}Events",
            FunctionName=Ref(function),
            # That of the function itself is not that of its alias.
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-eventinvokeconfig.html
            Qualifier=alias.Name,
            DependsOn=[alias.title],
            # A text that was begun is not begun again: it would come twice.
            MaximumRetryAttempts=0,
            MaximumEventAgeInSeconds=EVENT_SECONDS,
            DestinationConfig=awslambda.DestinationConfig(
                OnFailure=awslambda.OnFailure(Destination=GetAtt(failures, "Arn"))
            ),
            **attributes,
        )
    )


def may_tell(failures: Function) -> dict[str, Any]:
    """Return the statement for the role of the function that fails, with which Lambda does so."""
    return allow("TellOfFailures", "lambda:InvokeFunction", GetAtt(failures, "Arn"))
