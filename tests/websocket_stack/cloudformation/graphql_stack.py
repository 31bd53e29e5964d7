"""``templates/graphql-chat.yaml``, evaluated with the parameters that it requires."""

from __future__ import annotations

from tests.evaluator import Stack, evaluate

NAME = "graphql-chat"
REQUIRED = {"CodeBucket": "artifacts", "CodeKey": "code/0123abcd.zip"}
KEY: dict[str, str] = {}
COGNITO = {"SignIn": "AMAZON_COGNITO_USER_POOLS", "UserPoolId": "eu-central-1_aB3"}
OIDC = {"SignIn": "OPENID_CONNECT", "OidcIssuer": "https://issuer.example"}
IAM = {"SignIn": "AWS_IAM"}
EACH_SIGN_IN = (KEY, COGNITO, OIDC, IAM)
AT_ONCE = {"AskReturns": "at-once"}
API_ARN = "arn:aws:appsync:eu-central-1:123456789012:apis/abc123"

URL = "https://abc123.appsync-api.eu-central-1.amazonaws.com/graphql"


def evaluated(**given: str) -> Stack:
    known = {
        "ChatApi.ApiId": "abc123",
        "ChatApi.Arn": API_ARN,
        "ChatApi.GraphQLUrl": URL,
        "ChatRole": "chat-ChatRole-1A2B",
    }
    return evaluate(NAME, REQUIRED | given, known)
