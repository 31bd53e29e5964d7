"""The settings of the fulfillment Lambda: template parameters, and the variables they become."""

from __future__ import annotations

from typing import Any

from troposphere import If, Parameter, Ref, Sub

from fulfillment.settings import DEFAULT_MODEL_ID, DEFAULT_SYSTEM_PROMPT
from websocket_stack.cloudformation import conversation_table, monitoring
from websocket_stack.cloudformation.parameters import (
    STREAMING,
    choice,
    comma_list,
    number,
    streaming_switch,
    switch,
    text,
)
from websocket_stack.cloudformation.websocket_api import STAGE

# An inference profile's id begins with its own name, before the model's: "global.", "us.", "eu." …
DEFAULT_FOUNDATION_MODEL_ID = DEFAULT_MODEL_ID.partition(".")[2]

# A function's environment has 4 KB for all its variables. CloudFormation counts characters, of
# which those that are not ASCII have two to four bytes in UTF-8.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_PROMPT = 2000
MAX_PROMPT_NOT_ASCII = 900
SHORT_ENOUGH = (
    r"(?:[\x00-\x7F]*(?:[^\x00-\x7F][\x00-\x7F]*){0,400}"
    rf"|[\s\S]{{0,{MAX_PROMPT_NOT_ASCII}}})"
)


def streaming_parameters() -> list[Parameter]:
    return [
        streaming_switch(),
        # No pattern: it is not known yet in a change set of nested stacks, which then fails on it.
        text(
            "WebSocketId",
            "The id of the WebSocket API: output WebSocketId of streaming-support, of ours or of"
            " Lex Web UI's. Left out, nothing is streamed.",
        ),
        text("SessionTableName", "The session table: output DynamoTableName of that stack."),
        text("WaitingText", "Shown while nothing has been written yet.", MaxLength=80),
        flush_interval(),
        switch("PlainFrames", "Leave Markdown marks out of what is streamed.", default=False),
    ]


def flush_interval() -> Parameter:
    return number("FlushIntervalSeconds", "Least time between flushes.", 0.2, 0, 10)


def model_parameters() -> list[Parameter]:
    return [
        text("ModelId", "Bedrock model or inference profile.", DEFAULT_MODEL_ID),
        text(
            "FoundationModelId",
            "The foundation model behind the inference profile, or the same id as ModelId.",
            DEFAULT_FOUNDATION_MODEL_ID,
        ),
        comma_list(
            "ModelArns",
            "What may be asked where ModelId is an ARN: an application inference profile and its"
            " models, a provisioned or imported model, a prompt router; FoundationModelId is then"
            " not needed.",
            AllowedPattern="|arn:[^:]+:bedrock:.+",
        ),
        text(
            "FallbackModelIds",
            "Separated by commas, tried in order as long as nothing has been written.",
            MaxLength=300,
        ),
        comma_list(
            "FallbackModelArns",
            "ARNs of the fallback models: each profile and its foundation model.",
        ),
        text("GuardrailId", "A Bedrock guardrail.", AllowedPattern="|[a-z0-9]+"),
        text("GuardrailVersion", "The guardrail's version.", "DRAFT"),
        choice(
            "GuardrailMode",
            "sync: text is shown after the guardrail has checked it; async: at once, and withdrawn"
            " if it objects.",
            ["sync", "async"],
            "sync",
        ),
        choice(
            "PromptCacheTtl",
            "How long Bedrock caches a prompt for the next question, with models that support it;"
            " empty for not at all.",
            ["", "5m", "1h"],
            "",
        ),
        text(
            "SystemPrompt",
            f"The system prompt, of at most {MAX_PROMPT} characters, or {MAX_PROMPT_NOT_ASCII} in a"
            " script other than Latin.",
            DEFAULT_SYSTEM_PROMPT,
            MaxLength=MAX_PROMPT,
            AllowedPattern=SHORT_ENOUGH,
        ),
        number("MaxTokens", "The most tokens of a reply.", 1024, 1, 1_000_000),
    ]


def turn_parameters() -> list[Parameter]:
    return [
        number("TurnSeconds", "A turn returns within this; Lex waits 30 seconds.", 25, 1, 29),
        switch(
            "AllowPictures",
            "Keep Markdown images in a reply; clients fetch them from anywhere.",
            default=False,
        ),
        switch(
            "AllowHtml", "Pass raw HTML in a reply through; Lex Web UI executes it.", default=False
        ),
    ]


def model_variables() -> dict[str, Any]:
    """Return the variables of whatever asks the model."""
    return {
        "MODEL_ID": Ref("ModelId"),
        "FALLBACK_MODEL_IDS": Ref("FallbackModelIds"),
        "GUARDRAIL_ID": Ref("GuardrailId"),
        "GUARDRAIL_VERSION": Ref("GuardrailVersion"),
        "GUARDRAIL_MODE": Ref("GuardrailMode"),
        "PROMPT_CACHE_TTL": Ref("PromptCacheTtl"),
        "SYSTEM_PROMPT": Ref("SystemPrompt"),
        "MAX_TOKENS": Ref("MaxTokens"),
        "FLUSH_INTERVAL_SECONDS": Ref("FlushIntervalSeconds"),
        **conversation_table.variables(),
        **names(),
    }


def names() -> dict[str, Any]:
    """Return the variables that tell two stacks of an account apart in logs and metrics."""
    return {
        "POWERTOOLS_SERVICE_NAME": Ref("AWS::StackName"),
        "POWERTOOLS_METRICS_NAMESPACE": monitoring.NAMESPACE,
    }


def variables() -> dict[str, Any]:
    """Return the Lambda's environment variables."""
    return {
        **model_variables(),
        "STREAMING_ENDPOINT": If(
            STREAMING,
            Sub(
                f"https://${{WebSocketId}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{STAGE}"
            ),
            "",
        ),
        "SESSION_TABLE": If(STREAMING, Ref("SessionTableName"), ""),
        "TURN_SECONDS": Ref("TurnSeconds"),
        "WAITING_TEXT": Ref("WaitingText"),
        "PLAIN_FRAMES": Ref("PlainFrames"),
        "ALLOW_PICTURES": Ref("AllowPictures"),
        "ALLOW_HTML": Ref("AllowHtml"),
    }
