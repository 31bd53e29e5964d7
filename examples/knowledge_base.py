"""Answers questions from a Bedrock knowledge base and names the sources.

    scripts/serve --bot examples.knowledge_base:bot

Then ask: how does a turn work? On your machine, this project's docs are the knowledge base. On
AWS, set KNOWLEDGE_BASE_ID and MODEL_ARN, and allow the function's role to call
bedrock:RetrieveAndGenerate, bedrock:Retrieve and the model.
"""

import os
from collections.abc import Iterator

import boto3
from botocore.config import Config

from fulfillment import Bot, Turn
from fulfillment.models.bedrock.knowledge_bases import KnowledgeBaseModel

# boto3's default time-outs and retries take longer than a turn may.
CONFIG = Config(connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 1})

bot = Bot()
documents = KnowledgeBaseModel(
    boto3.client("bedrock-agent-runtime", config=CONFIG),
    os.environ.get("KNOWLEDGE_BASE_ID", "LOCALKB001"),
    os.environ.get("MODEL_ARN", "arn:aws:bedrock:us-east-1::foundation-model/local"),
)


@bot.fallback
def answer(turn: Turn) -> Iterator[str]:
    yield from turn.ask(model=documents)


lambda_handler = bot.lambda_handler
