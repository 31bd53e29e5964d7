"""The schema of the API."""

from collections.abc import Mapping
from importlib import resources

# What lets callers see what the Lambda function returns and sends, by how they sign in; the
# function's own way, IAM, is there in any case.
# https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html
DIRECTIVES: Mapping[str, str] = {
    "API_KEY": "@aws_api_key ",
    "AMAZON_COGNITO_USER_POOLS": "@aws_cognito_user_pools ",
    "OPENID_CONNECT": "@aws_oidc ",
    "AWS_IAM": "",
}


def schema(directive: str = DIRECTIVES["API_KEY"]) -> str:
    """Return the schema, in GraphQL.

    Args:
        directive: one of :data:`DIRECTIVES`.
    """
    text = (resources.files("websocket_stack.graphql") / "schema.graphql").read_text("utf-8")
    return text.replace(DIRECTIVES["API_KEY"], directive)
