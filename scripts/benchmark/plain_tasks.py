"""A worker of socket tasks as people write it today: one blocking post for each chunk.

As in Bedrock Streaming Response, but for frames that carry nothing; the others are Socket LLM's.
"""

from __future__ import annotations

import json
import os
from typing import Any

import boto3

# Untyped, as plain_loop.py is.
dynamodb: Any = boto3.client("dynamodb")
bedrock: Any = boto3.client("bedrock-runtime")
connections: Any = boto3.client(
    "apigatewaymanagementapi", endpoint_url=os.environ["STREAMING_ENDPOINT"]
)
TABLE = os.environ["TASK_TABLE"]


def lambda_handler(event: dict[str, Any], context: object) -> None:
    row = dynamodb.get_item(TableName=TABLE, Key={"id": {"S": event["run"]}})
    connection_id = row["Item"]["connectionId"]["S"]
    _, task_id = json.loads(row["Item"]["address"]["S"])

    def post(response: object) -> None:
        frame = {"task_id": task_id, "status": "Success", "response": response}
        connections.post_to_connection(ConnectionId=connection_id, Data=json.dumps(frame))

    response = bedrock.converse_stream(
        modelId="steady",
        messages=[{"role": "user", "content": [{"text": event["data"]["question"]}]}],
    )
    for part in response["stream"]:
        if "contentBlockDelta" in part:
            post(part["contentBlockDelta"]["delta"]["text"])
    post({"statusCode": 200, "body": json.dumps({"output": "Finished"})})
