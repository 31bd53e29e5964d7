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
