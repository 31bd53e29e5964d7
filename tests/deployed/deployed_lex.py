"""Lex as a stack defines its bot, and as it calls the Lambda: by an alias that may."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import anyio.to_thread
import boto3
import cfn_flip

from websocket_stack.lex_bot.description import Locale
from websocket_stack.local.functions.function import FunctionError


class DeployedFunction:
    """The Lambda that the outputs of a bot alias's stack name.

    Args:
        session: a boto3 session in the account.
    """

    def __init__(self, session: boto3.Session) -> None:
        make: Any = session.client
        self._lambda = make("lambda")
        self._cloudformation = make("cloudformation")

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        return await anyio.to_thread.run_sync(self._call, event)

    def _call(self, event: Mapping[str, Any]) -> bytes:
        alias_arn = ":".join(
            [
                "arn:aws:lex:us-east-1:123456789012",
                f"bot-alias/{event['bot']['id']}/{event['bot']['aliasId']}",
            ]
        )
        function = self._function(event["bot"]["id"])
        if not self._lets_in(function, alias_arn):
            raise FunctionError("AccessDeniedException")
        response = self._lambda.invoke(FunctionName=function, Payload=json.dumps(event))
        payload: bytes = response["Payload"].read()
        if "FunctionError" in response:
            raise FunctionError(json.loads(payload).get("errorType", "Unknown"))
        return payload

    def _function(self, bot_id: str) -> str:
        for stack in self._cloudformation.describe_stacks()["Stacks"]:
            outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
            if outputs.get("BotId") == bot_id:
                return str(outputs["FunctionArn"])
        raise AssertionError(f"no stack has bot {bot_id}")

    def _lets_in(self, function: str, alias_arn: str) -> bool:
        try:
            policy = json.loads(self._lambda.get_policy(FunctionName=function)["Policy"])
        except self._lambda.exceptions.ResourceNotFoundException:
            return False
        return any(
            each["Principal"] == {"Service": "lexv2.amazonaws.com"}
            and each["Condition"]["ArnLike"]["AWS:SourceArn"] == alias_arn
            for each in policy["Statement"]
        )


def deployed_locales(template: str) -> dict[str, Locale]:
    """Return what the bot of a template understands, read from its ``AWS::Lex::Bot``."""
    bot = json.loads(cfn_flip.to_json(template))["Resources"]["Bot"]["Properties"]
    return {each["LocaleId"]: _locale(each) for each in bot["BotLocales"]}


def _locale(defined: Mapping[str, Any]) -> Locale:
    intents = {
        each["Name"]: {
            "description": each.get("Description", ""),
            "parent": each.get("ParentIntentSignature"),
            "utterances": [sample["Utterance"] for sample in each.get("SampleUtterances", [])],
            "slots": {slot["Name"]: _slot(slot) for slot in each.get("Slots", [])},
            "confirmation": _confirmation(each.get("IntentConfirmationSetting")),
            "dialog_hook": each.get("DialogCodeHook", {}).get("Enabled", False),
            "fulfillment_hook": each.get("FulfillmentCodeHook", {}).get("Enabled", False),
        }
        for each in defined["Intents"]
    }
    slot_types = {
        each["Name"]: {
            "description": each.get("Description", ""),
            "restricted": each["ValueSelectionSetting"]["ResolutionStrategy"] == "TOP_RESOLUTION",
            "values": {
                value["SampleValue"]["Value"]: [
                    synonym["Value"] for synonym in value.get("Synonyms", [])
                ]
                for value in each["SlotTypeValues"]
            },
        }
        for each in defined.get("SlotTypes", [])
    }
    return Locale.model_validate({"intents": intents, "slot_types": slot_types})


def _slot(defined: Mapping[str, Any]) -> dict[str, Any]:
    elicitation = defined["ValueElicitationSetting"]
    slot = {
        "type": defined["SlotTypeName"],
        "required": elicitation["SlotConstraint"] == "Required",
        "description": defined.get("Description", ""),
    }
    if prompt := elicitation.get("PromptSpecification"):
        slot |= {"prompt": _sentence(prompt), "retries": prompt["MaxRetries"]}
    return slot


def _confirmation(defined: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if defined is None:
        return None
    return {
        "prompt": _sentence(defined["PromptSpecification"]),
        "retries": defined["PromptSpecification"]["MaxRetries"],
        "declined": _sentence(defined["DeclinationResponse"]),
    }


def _sentence(defined: Mapping[str, Any]) -> str:
    (group,) = defined["MessageGroupsList"]
    return str(group["Message"]["PlainTextMessage"]["Value"])
