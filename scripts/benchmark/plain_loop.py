"""What people write today: one blocking post for each chunk, in the loop that reads the model.

As in the README of Lex Web UI, without the mistakes that keep that sample from running.
https://github.com/aws-samples/aws-lex-web-ui/blob/master/README-streaming-responses.md
"""

from __future__ import annotations

import os
from typing import Any

import boto3

# Untyped: the sample reads keys that boto3's stubs call optional.
dynamodb: Any = boto3.client("dynamodb")
bedrock: Any = boto3.client("bedrock-runtime")
connections: Any = boto3.client(
    "apigatewaymanagementapi", endpoint_url=os.environ["STREAMING_ENDPOINT"]
)


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    row = dynamodb.get_item(
        TableName=os.environ["SESSION_TABLE"], Key={"sessionId": {"S": event["sessionId"]}}
    )
    connection_id = row["Item"]["connectionId"]["S"]
    response = bedrock.converse_stream(
        modelId="steady",
        messages=[{"role": "user", "content": [{"text": event["inputTranscript"]}]}],
    )
    reply = ""
    for part in response["stream"]:
        if "contentBlockDelta" in part:
            text = part["contentBlockDelta"]["delta"]["text"]
            reply += text
            connections.post_to_connection(ConnectionId=connection_id, Data=text)
    intent = event["sessionState"]["intent"] | {"state": "Fulfilled"}
    return {
        "sessionState": {
            "dialogAction": {"type": "Close"},
            "intent": intent,
            "sessionAttributes": event["sessionState"]["sessionAttributes"],
        },
        "messages": [{"contentType": "CustomPayload", "content": reply}],
    }
