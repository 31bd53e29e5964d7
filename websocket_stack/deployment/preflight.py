"""What would fail late, found before anything is built, uploaded or made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from websocket_stack.aws_errors import AWS_ERRORS, error_code, one_line
from websocket_stack.command_line import CommandFailed

# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_CreateBot.html
BOT_NAME = re.compile(r"([0-9a-zA-Z][_-]?)+")
MAX_BOT_NAME = 100
# What a nested stack's name adds to its parent's, and the bot's to that.
NESTED_SUFFIX = "-FulfillmentStack-0123456789ABC"
BOT_SUFFIX = "-bot"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_ENVIRONMENT_BYTES = 4096
# The names of all variables, and the values that people do not write.
OTHER_ENVIRONMENT_BYTES = 1100
FREE_TEXTS = ("SystemPrompt", "WaitingText", "ModelId", "FallbackModelIds")
ONE_WORD = {
    "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
    "inferenceConfig": {"maxTokens": 1},
}


def check_name(name: str) -> None:
    """Check a stack's name, or let its ARN be.

    Raises:
        CommandFailed: no stack can have the name.
    """
    if not STACK_NAME.fullmatch(name) and not name.startswith("arn:"):
        raise CommandFailed(
            f"a stack cannot be called {name!r}: at most 128 letters, digits and hyphens,"
            " a letter first"
        )


def check(
    name: str, values: Mapping[str, str], previous: Mapping[str, str], *, is_nested: bool
) -> None:
    """Check what the templates cannot.

    Args:
        name: the stack's name.
        values: the values that its parameters will have.
        previous: the values that they have now; empty for a new stack.
        is_nested: whether the bot is in a nested stack.

    Raises:
        CommandFailed: the deployment would fail, or be rolled back.
    """
    if values.get("CreateBot") == "true":
        bot = name + (NESTED_SUFFIX if is_nested else "") + BOT_SUFFIX
        if len(bot) > MAX_BOT_NAME or not BOT_NAME.fullmatch(bot):
            raise CommandFailed(
                f"a Lex bot cannot be called {bot}: at most {MAX_BOT_NAME} letters and digits, with"
                " single hyphens between them; choose another name for the stack"
            )
        wanted = values.get("BotLocaleId", "")
        locale = previous.get("BotLocaleId", wanted)
        if wanted and previous.get("CreateBot") == "true" and locale != wanted:
            raise CommandFailed(
                f"the bot's locale stays {locale}: a version of a bot cannot be changed; for"
                " another locale deploy another stack, or first set CreateBot=false"
            )
    size = sum(len(values.get(each, "").encode()) for each in FREE_TEXTS)
    if size > MAX_ENVIRONMENT_BYTES - OTHER_ENVIRONMENT_BYTES:
        raise CommandFailed(
            f"{', '.join(FREE_TEXTS)} have {size} bytes in UTF-8, and Lambda's environment has room"
            f" for {MAX_ENVIRONMENT_BYTES - OTHER_ENVIRONMENT_BYTES}; shorten them"
        )


def warnings(
    session: boto3.Session, values: Mapping[str, str], previous: Mapping[str, str]
) -> list[str]:
    """Return what the caller should know, one line each.

    Args:
        session: a boto3 session in the stack's Region.
        values: the values that the parameters will have.
        previous: the values that they have now; empty for a new stack.
    """
    if "ModelId" not in values:
        return []
    found = []
    region = str(session.region_name)
    partition = session.get_partition_for_region(region)
    regions = session.get_available_regions("lexv2-models", partition)
    if "CreateBot" in values and region not in regions:
        found.append(f"Amazon Lex may not be in {region}, where CloudFormation then refuses this")
    model = values["ModelId"]
    if model != previous.get("ModelId") and (problem := _model_problem(session, model)):
        found.append(f"model {model}: {problem}")
    return found


def _model_problem(session: boto3.Session, model: str) -> str | None:
    """Ask the model for one word with the caller's credentials; return what is wrong.

    The first use of a model in an account needs permissions that the Lambda's role has not.
    https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html
    """
    make: Any = session.client
    config = Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 1})
    try:
        make("bedrock-runtime", config=config).converse(modelId=model, **ONE_WORD)
    except ClientError as exc:
        if error_code(exc) == "AccessDeniedException":
            return (
                "you may not ask it, or your account has never used it; have an administrator open"
                " it once in the Bedrock playground (it then works within 15 minutes)"
            )
        return f"{error_code(exc)}: {one_line(exc.response['Error'].get('Message', ''))}"
    except AWS_ERRORS as exc:
        return f"could not be asked ({type(exc).__name__})"
    return None
