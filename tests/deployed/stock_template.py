"""What Lex Web UI 0.24's own ``streaming-support.yaml`` consists of, and where it nests it.

https://github.com/aws-samples/aws-lex-web-ui/blob/40eb7ca/templates/streaming-support.yaml
https://github.com/aws-samples/aws-lex-web-ui/blob/40eb7ca/templates/codebuild-deploy.yaml
"""

from __future__ import annotations

from typing import Any

PARAMETERS = [
    "ParentStackName",
    "SourceBucket",
    "StreamingLambdaCodeObject",
    "TableName",
    "ParentOrigin",
    "VpcSubnetId",
    "VpcSecurityGroupId",
]
OUTPUTS = {"WebSocketId": {"Ref": "StreamingWebSocket"}, "DynamoTableName": {"Ref": "TableName"}}
# Properties that CloudFormation cannot change in place, or that clients rely on.
IDENTITIES: dict[str, tuple[str, dict[str, Any]]] = {
    "ConnectionsTable": (
        "AWS::DynamoDB::Table",
        {
            "TableName": {"Ref": "TableName"},
            "AttributeDefinitions": [{"AttributeName": "sessionId", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "sessionId", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    ),
    "StreamingWebSocket": (
        "AWS::ApiGatewayV2::Api",
        {
            "Name": {"Fn::Sub": "${ParentStackName}-Streaming-API"},
            "ProtocolType": "WEBSOCKET",
            "RouteSelectionExpression": "$request.body.action",
        },
    ),
    "Stage": (
        "AWS::ApiGatewayV2::Stage",
        {
            "StageName": "Prod",
            "DeploymentId": {"Ref": "Deployment"},
            "ApiId": {"Ref": "StreamingWebSocket"},
        },
    ),
    "ConnectRoute": (
        "AWS::ApiGatewayV2::Route",
        {
            "ApiId": {"Ref": "StreamingWebSocket"},
            "RouteKey": "$connect",
            "AuthorizationType": "AWS_IAM",
            "Target": {"Fn::Sub": "integrations/${ConnectInteg}"},
        },
    ),
    "PingRoute": (
        "AWS::ApiGatewayV2::Route",
        {
            "ApiId": {"Ref": "StreamingWebSocket"},
            "RouteKey": "ping",
            "Target": {"Fn::Sub": "integrations/${PingIntegration}"},
        },
    ),
}
# The rest of it comes and goes with the template. The Lambda's code is a stand-in of ours.
REGISTRATION = """\
import os, time, boto3

def handler(event, context):
    boto3.client("dynamodb").put_item(
        TableName=os.environ["TABLE_NAME"],
        Item={
            "sessionId": {"S": event["queryStringParameters"]["sessionId"]},
            "connectionId": {"S": event["requestContext"]["connectionId"]},
            "ttl": {"N": str(int(time.time()) + 7200)},
        },
    )
    return {"statusCode": 200}
"""
FURTHER: dict[str, tuple[str, dict[str, Any]]] = {
    "StreamingLambdaExecutionRole": (
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            "Policies": [
                {
                    "PolicyName": "streaming-execution-policy",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                                "Resource": "*",
                            },
                            {
                                "Effect": "Allow",
                                "Action": "dynamodb:PutItem",
                                "Resource": {
                                    "Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}"
                                    ":${AWS::AccountId}:table/${TableName}"
                                },
                            },
                        ],
                    },
                }
            ],
        },
    ),
    "StreamingLambda": (
        "AWS::Lambda::Function",
        {
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["StreamingLambdaExecutionRole", "Arn"]},
            "Runtime": "python3.13",
            "Timeout": 30,
            "Environment": {"Variables": {"TABLE_NAME": {"Ref": "TableName"}}},
            "Code": {"ZipFile": REGISTRATION},
        },
    ),
    "StreamingLambdaInvokePermission": (
        "AWS::Lambda::Permission",
        {
            "FunctionName": {"Ref": "StreamingLambda"},
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {
                "Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
                ":${StreamingWebSocket}/*"
            },
        },
    ),
    "ConnectInteg": (
        "AWS::ApiGatewayV2::Integration",
        {
            "ApiId": {"Ref": "StreamingWebSocket"},
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": {
                "Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
                "${StreamingLambda.Arn}/invocations"
            },
        },
    ),
    "PingIntegration": (
        "AWS::ApiGatewayV2::Integration",
        {
            "ApiId": {"Ref": "StreamingWebSocket"},
            "IntegrationType": "MOCK",
            "RequestTemplates": {"application/json": '{"statusCode":200}'},
        },
    ),
    "Deployment": ("AWS::ApiGatewayV2::Deployment", {"ApiId": {"Ref": "StreamingWebSocket"}}),
}
DEPENDENCIES = {"Deployment": ["ConnectRoute", "PingRoute"]}


def streaming_support() -> dict[str, Any]:
    """Return the template."""
    return {
        "Parameters": {name: {"Type": "String", "Default": ""} for name in PARAMETERS},
        "Resources": {
            name: {
                "Type": type,
                "Properties": properties,
                **({"DependsOn": DEPENDENCIES[name]} if name in DEPENDENCIES else {}),
            }
            for name, (type, properties) in (IDENTITIES | FURTHER).items()
        },
        "Outputs": {name: {"Value": value} for name, value in OUTPUTS.items()},
    }


def parent() -> dict[str, Any]:
    """Return a template that nests streaming support as Lex Web UI does."""
    passed = {
        "ParentStackName": {"Ref": "AWS::StackName"},
        "SourceBucket": "aws-bigdata-blog",
        "StreamingLambdaCodeObject": "artifacts/aws-lex-web-ui/artifacts/streaming-lambda.zip",
        "TableName": {"Fn::Sub": "${AWS::StackName}-streaming"},
        "VpcSubnetId": "",
        "VpcSecurityGroupId": "",
        "ParentOrigin": "https://example.com",
    }
    nested = {"TemplateURL": {"Ref": "StreamingSupportTemplate"}, "Parameters": passed}
    return {
        "Parameters": {"StreamingSupportTemplate": {"Type": "String"}},
        "Resources": {
            "StreamingSupport": {"Type": "AWS::CloudFormation::Stack", "Properties": nested}
        },
        "Outputs": {
            "WebSocketEndpoint": {
                "Value": {
                    "Fn::Sub": "wss://${StreamingSupport.Outputs.WebSocketId}.execute-api"
                    ".${AWS::Region}.amazonaws.com/Prod"
                }
            },
            "DynamoTableName": {
                "Value": {"Fn::GetAtt": ["StreamingSupport", "Outputs.DynamoTableName"]}
            },
        },
    }
