"""What a Lex response may hold, by AWS's documentation. Pure."""

from __future__ import annotations

# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_RecognizeText.html
MAX_MESSAGES = 10
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_ImageResponseCard.html
MAX_CARD_CHARACTERS = 250
MAX_BUTTONS = 5
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_Button.html
MAX_BUTTON_CHARACTERS = 50

# One for the reply, and one for the question that follows it.
MAX_ADDED_MESSAGES = MAX_MESSAGES - 2

# Of V2 this is known from reports only. Beyond it, Lex drops the whole response.
MAX_RESPONSE_BYTES = 50_000

# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_CreateIntent.html
MAX_INTENT_NAME = 100
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_SessionState.html
MAX_CONTEXTS = 20
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_ActiveContext.html
MAX_CONTEXT_ATTRIBUTES = 10
MAX_CONTEXT_NAME = 100
MAX_CONTEXT_TEXT = 1024
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_ActiveContextTimeToLive.html
MIN_CONTEXT_SECONDS = 5
MAX_CONTEXT_SECONDS = 86_400
MAX_CONTEXT_TURNS = 20
