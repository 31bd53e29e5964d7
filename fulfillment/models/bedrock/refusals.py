"""Why Bedrock refused a request, in words of ours: its own may quote what a user wrote. Pure."""

from __future__ import annotations

# What is in Bedrock's message, in small letters, and what that means. The bot's operator can do
# something about each.
CAUSES = (
    (
        "on-demand throughput",
        "on-demand throughput isn't supported for this model: call it through an inference profile,"
        " with us., eu. or global. before its id",
    ),
    ("model identifier is invalid", "there is no model with this id in this Region"),
    ("model use case details", "the account has not sent the model's use case form"),
    ("have access to the model", "the account has no access to this model"),
    ("not authorized to perform", "the role may not call this model or guardrail"),
    ("marked by provider as legacy", "this model is retired for accounts that have not used it"),
    ("end of its life", "this model is retired"),
    ("maximum tokens you requested", "MAX_TOKENS is above the limit of this model"),
    ("too many input tokens", "the conversation is too long for this model"),
    ("input is too long", "the conversation is too long for this model"),
    ("prompt is too long", "the conversation is too long for this model"),
    ("guardrail identifier", "there is no guardrail with this id and version"),
    ("support tool use", "this model takes no tools, or none while it streams"),
    ("support the model that you provided", "this model cannot be called through Converse"),
    ("support system", "this model takes no system prompt"),
    ("temperature", "this model does not take this temperature or top_p"),
    ("top_p", "this model does not take this temperature or top_p"),
    ("additionalmodelrequestfields", "this model does not take these MODEL_FIELDS"),
    ("extraneous key", "this model does not take these MODEL_FIELDS"),
)


def reason_of(code: str, message: str) -> str:
    """Return the code of a refusal, with its cause where that is known.

    Args:
        code: the error's code, such as ``ValidationException``.
        message: what Bedrock says of it; nothing of it is in the reason.
    """
    message = message.lower()
    cause = next((cause for words, cause in CAUSES if words in message), "")
    return f"{code}: {cause}" if cause else code
