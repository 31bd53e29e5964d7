"""The GraphQL API of the chat: who may call it, what answers each field, and what it logs."""

from __future__ import annotations

from importlib import resources
from typing import Any

from troposphere import GetAtt, If, NoValue, Ref, Sub, Template, appsync, iam, wafv2
from troposphere.awslambda import Alias

from websocket_stack.cloudformation import appsync_js
from websocket_stack.cloudformation.checkov import skip
from websocket_stack.cloudformation.graphql_settings import (
    API,
    AT_ONCE,
    HAS_CLIENTS,
    HAS_WEB_ACL,
    KEY_EXPIRES,
    LOGS_API,
    WITH_COGNITO,
    WITH_IAM,
    WITH_KEY,
    WITH_OIDC,
)
from websocket_stack.cloudformation.lambda_functions import (
    TRACED,
    allow,
    log_group,
    permissions_boundary,
    trust_policy,
)
from websocket_stack.graphql.schema import DIRECTIVES, schema

KEY = "ApiKey"
SCHEMA = "Schema"
# What the function answers, and where callers are told apart, who may subscribe.
FIELDS = {"AskResolver": ("Mutation", "ask"), "StopResolver": ("Mutation", "stop")} | {
    "ChatStateResolver": ("Query", "chatState"),
    "ChatResolver": ("Subscription", "chat"),
}
# No field of the schema is deeper; the question for the schema itself is.
MOST_DEPTH = 3
MOST_DEPTH_OF_INTROSPECTION = 15
# One request could otherwise ask many times, under as many aliases.
MOST_FIELDS = 5


def add_api(template: Template) -> None:
    """Add the API with its key and its schema, and nothing yet that answers."""
    role = _add_log_role(template)
    api = appsync.GraphQLApi(
        API,
        Name=Sub("${AWS::StackName}-chat"),
        **_sign_in(),
        IntrospectionConfig=If(WITH_KEY, "ENABLED", "DISABLED"),
        QueryDepthLimit=If(WITH_KEY, MOST_DEPTH_OF_INTROSPECTION, MOST_DEPTH),
        ResolverCountLimit=MOST_FIELDS,
        LogConfig=If(
            LOGS_API,
            appsync.LogConfig(
                CloudWatchLogsRoleArn=GetAtt(role, "Arn"),
                FieldLogLevel="ERROR",
                ExcludeVerboseContent=True,
            ),
            NoValue,
        ),
        XrayEnabled=If(TRACED, True, False),
    )
    may_log = "Where WriteApiLogs is true: logs have what callers wrote into their queries."
    template.add_resource(skip(api, CKV_AWS_193=may_log, CKV_AWS_194=may_log))
    # AppSync names it, and would keep it for ever.
    name = Sub(f"/aws/appsync/apis/${{{API}.ApiId}}")
    template.add_resource(log_group("ApiLog", LogGroupName=name, Condition=LOGS_API))
    expires = If(KEY_EXPIRES, Ref("ApiKeyExpires"), NoValue)
    template.add_resource(appsync.ApiKey(KEY, Condition=WITH_KEY, ApiId=_api_id(), Expires=expires))
    template.add_resource(
        appsync.GraphQLSchema(SCHEMA, ApiId=_api_id(), Definition=_schema_by_sign_in())
    )
    template.add_resource(
        wafv2.WebACLAssociation(
            "WebAcl",
            Condition=HAS_WEB_ACL,
            ResourceArn=GetAtt(API, "Arn"),
            WebACLArn=Ref("WebAclArn"),
        )
    )


def add_resolvers(template: Template, function: Alias) -> None:
    """Add what answers each field; ``function`` is what asks the model."""
    role = template.add_resource(_caller_role(function))
    chat = template.add_resource(
        appsync.DataSource(
            "ChatSource",
            ApiId=_api_id(),
            Name="chat",
            Type="AWS_LAMBDA",
            ServiceRoleArn=GetAtt(role, "Arn"),
            LambdaConfig=appsync.LambdaConfig(LambdaFunctionArn=Ref(function)),
        )
    )
    nothing = template.add_resource(
        appsync.DataSource("NoSource", ApiId=_api_id(), Name="none", Type="NONE")
    )
    runtime = appsync.AppSyncRuntime(Name="APPSYNC_JS", RuntimeVersion="1.0.0")
    for title, (kind, field) in FIELDS.items():
        # Without code, the function gets all there is, and its errors keep their names.
        at_once = {
            "Code": If(AT_ONCE, _code("ask_at_once"), NoValue),
            "Runtime": If(AT_ONCE, runtime, NoValue),
        }
        template.add_resource(
            _resolver(title, kind, field, chat, **(at_once if field == "ask" else {}))
        )
    template.add_resource(
        _resolver(
            "SendResolver",
            "Mutation",
            "send",
            nothing,
            Code=If(WITH_IAM, Sub(_code("send_with_iam")), _code("send")),
            Runtime=runtime,
        )
    )


def may_send() -> dict[str, Any]:
    """Return the policy statement for the function that tells subscribers."""
    return allow(
        "TellSubscribers", "appsync:GraphQL", Sub(f"${{{API}.Arn}}/types/Mutation/fields/send")
    )


def _sign_in() -> dict[str, Any]:
    """Return the API's properties for who may call it."""
    # The function sends with it.
    iam_too = [appsync.AdditionalAuthenticationProvider(AuthenticationType="AWS_IAM")]
    client_ids = If(HAS_CLIENTS, Ref("ClientIds"), NoValue)
    pool = appsync.UserPoolConfig(
        UserPoolId=Ref("UserPoolId"),
        AwsRegion=Ref("AWS::Region"),
        AppIdClientRegex=client_ids,
        DefaultAction="ALLOW",
    )
    issuer = appsync.OpenIDConnectConfig(Issuer=Ref("OidcIssuer"), ClientId=client_ids)
    return {
        "AuthenticationType": Ref("SignIn"),
        "AdditionalAuthenticationProviders": If(WITH_IAM, NoValue, iam_too),
        "UserPoolConfig": If(WITH_COGNITO, pool, NoValue),
        "OpenIDConnectConfig": If(WITH_OIDC, issuer, NoValue),
    }


def _api_id() -> GetAtt:
    return GetAtt(API, "ApiId")


def _schema_by_sign_in() -> Sub:
    directive = If(
        WITH_KEY,
        DIRECTIVES["API_KEY"],
        If(
            WITH_COGNITO,
            DIRECTIVES["AMAZON_COGNITO_USER_POOLS"],
            If(WITH_OIDC, DIRECTIVES["OPENID_CONNECT"], DIRECTIVES["AWS_IAM"]),
        ),
    )
    return Sub(schema("${SignedIn}"), SignedIn=directive)


def _resolver(
    title: str, kind: str, field: str, source: appsync.DataSource, **properties: Any
) -> appsync.Resolver:
    return appsync.Resolver(
        title,
        ApiId=_api_id(),
        TypeName=kind,
        FieldName=field,
        DataSourceName=GetAtt(source, "Name"),
        DependsOn=SCHEMA,
        **properties,
    )


def _code(name: str) -> str:
    return (resources.files(appsync_js) / f"{name}.js").read_text("utf-8")


# --- roles


def _caller_role(function: Alias) -> iam.Role:
    may_call = allow("CallTheFunction", "lambda:InvokeFunction", Ref(function))
    return _role("ApiRole", GetAtt(API, "Arn"), may_call)


def _add_log_role(template: Template) -> iam.Role:
    # Before the API there is no name of its own.
    apis = "${AWS::Region}:${AWS::AccountId}"
    may_log = allow(
        "WriteTheLogsOfApis",
        ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        Sub(f"arn:${{AWS::Partition}}:logs:{apis}:log-group:/aws/appsync/apis/*"),
    )
    source = Sub(f"arn:${{AWS::Partition}}:appsync:{apis}:apis/*")
    return template.add_resource(_role("ApiLogRole", source, may_log, Condition=LOGS_API))


def _role(title: str, api: Any, statement: dict[str, Any], **properties: Any) -> iam.Role:
    """Return a role for AppSync, and for no other account's.

    https://docs.aws.amazon.com/appsync/latest/devguide/cross-service-confused-deputy-prevention.html

    Args:
        title: its logical id.
        api: the APIs that may have it, by ARN.
        statement: what it allows.
        properties: its other properties.
    """
    return iam.Role(
        title,
        PermissionsBoundary=permissions_boundary(),
        AssumeRolePolicyDocument=trust_policy(
            "appsync.amazonaws.com",
            StringEquals={"aws:SourceAccount": Ref("AWS::AccountId")},
            ArnLike={"aws:SourceArn": api},
        ),
        Policies=[
            iam.Policy(
                PolicyName="what-the-api-does",
                PolicyDocument={"Version": "2012-10-17", "Statement": [statement]},
            )
        ],
        **properties,
    )
