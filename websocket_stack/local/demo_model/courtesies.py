"""What the demo model says to greetings, thanks and questions about itself."""

from __future__ import annotations

import re

from websocket_stack.local.demo_model.words import plain_words

INTRODUCTION = (
    "I am the **demo model**: I look up passages of this project's README and docs, and write them"
    " out at a model's pace. I understand nothing else.\n\n"
    "Ask me, for example:\n\n"
    "- What is Lex Streaming?\n"
    "- How does a turn work?\n"
    "- What does it cost?\n"
    "- How do I write a bot?\n\n"
    "A real model answers after a start with `--model bedrock` or `--model openai`."
)
NAMES = "(?: (?:there|all|everyone|bot|again))?"
ANSWER = (
    "(?:yes|no|maybe|perhaps|sure|ok|okay|fine|great|cool|nice)(?: (?:please|thanks|thank you))?"
)
COURTESIES = (
    (
        f"(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)){NAMES}",
        f"Hello! {INTRODUCTION}",
    ),
    (
        "(?:ok |okay |great |cool )*(?:many thanks|thanks|thank you|thx|ty|cheers)"
        "(?: (?:a lot|so much|very much|again|for .*))?",
        "You are welcome. Ask me more whenever you like.",
    ),
    ("(?:good)?bye(?: bye)?|see you(?: later)?|good night", "Goodbye! Thank you for trying this."),
    (
        ANSWER,
        f"That means nothing to me: I do not follow a conversation. {INTRODUCTION}",
    ),
    ("how are you(?: doing)?(?: today)?", f"Fine, thank you. {INTRODUCTION}"),
    (
        "(?:please )?help(?: me)?|(?:who|what) are you|what (?:can|do) you do|what do you know"
        "|what (?:can|should|may) i (?:ask|do|say)(?: you)?(?: here)?|introduce yourself"
        "|are you (?:an? )?(?:real |human|person|ai|bot|robot|claude|gpt|chatgpt|llm|model)+"
        "|(?:which|what) model (?:are you|is this)",
        INTRODUCTION,
    ),
)


def courtesy(text: str) -> str:
    """Return what to say to a greeting and its like, or nothing if the text is none."""
    words = " ".join(plain_words(text))
    return next((reply for spoken, reply in COURTESIES if re.fullmatch(spoken, words)), "")


def is_answer(text: str) -> bool:
    """Return whether a text is a yes or a no, which somebody else must have asked for."""
    return re.fullmatch(ANSWER, " ".join(plain_words(text))) is not None
