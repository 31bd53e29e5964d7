"""Other values for all parameters of the templates, and what belongs together."""

from __future__ import annotations

ARN = "arn:aws:iam::123456789012:policy/documents"
PARTNER = "anthropic.claude-sonnet-5-5"

# Another value than the default for each parameter that can change alone.
OTHER_VALUES = {
    "AlarmFirstChunkSeconds": "7",
    "AlarmFirstFrameSeconds": "7",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
    "AllowHtml": "true",
    "AllowPictures": "true",
    "ApiKeyExpires": "1900000000",
    "Architecture": "x86_64",
    "AskReturns": "at-once",
    "AsksAMinute": "30",
    "AsksAtOnce": "5",
    "ClientIds": "web",
    "ConnectAuthorization": "NONE",
    "CreateDashboard": "false",
    "FallbackModelArns": f"arn:aws:bedrock:us-east-1::foundation-model/{PARTNER}",
    "FallbackModelIds": PARTNER,
    "FlushIntervalSeconds": "0.5",
    "FoundationModelId": PARTNER,
    "GraceSeconds": "30",
    "GuardrailId": "abc123",
    "GuardrailMode": "async",
    "GuardrailVersion": "2",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/0000-1111",
    "LogRetentionDays": "7",
    "ManageApiGatewayLogs": "true",
    "MaxTokens": "500",
    "MemorySeconds": "3600",
    "MemorySize": "512",
    "MessageBytes": "16384",
    "ModelArns": f"arn:aws:bedrock:us-east-1::foundation-model/{PARTNER}",
    "ModelId": f"global.{PARTNER}",
    "ParentOrigin": "https://example.com",
    "ParentStackName": "bots",
    "PermissionsBoundaryArn": ARN,
    "PlainFrames": "true",
    "PolicyArns": ARN,
    "PromptCacheTtl": "5m",
    "PromptCharacters": "500",
    "RelayFrames": "true",
    "RememberConversations": "false",
    "ReplySeconds": "600",
    "ReservedConcurrency": "5",
    "Runtime": "python3.14",
    "SnapStart": "true",
    "SourceBucket": "sources",
    "StreamingLambdaCodeObject": "streaming.zip",
    "SystemPrompt": "Be brief.",
    "TaskSeconds": "300",
    "TasksAMinute": "30",
    "TasksAtOnce": "5",
    "ThrottlingBurst": "50",
    "ThrottlingRate": "20",
    "Tracing": "true",
    "TurnSeconds": "20",
    "VpcSecurityGroupId": "sg-0123",
    "VpcSubnetId": "subnet-0123,subnet-4567",
    "WaitingText": "One moment…",
    "WebAclArn": "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/chat/0123",
    "WriteApiLogs": "true",
}
# With others alone, or tested apart: what a stack is given of another one, and switches.
APART = {
    "AllowStreamingResponses",
    "AuthorizerArn",
    "AuthorizerIdentitySource",
    "BotAliasArn",
    "BotLocaleId",
    "CreateBot",
    "Handler",
    "JwtAudience",
    "JwtIssuer",
    "JwtKeysUrl",
    "OidcIssuer",
    "ProvisionedConcurrency",
    "SessionTableName",
    "SignIn",
    "StageName",
    "TableName",
    "UserPoolId",
    "WebSocketId",
}


def settings(values: dict[str, str]) -> list[str]:
    """Return values as arguments of ``scripts/deploy``."""
    return [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
