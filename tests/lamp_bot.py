"""A Lex bot with everything that the file of one may hold."""

from __future__ import annotations

from websocket_stack.lex_bot.reading import parse

LAMPS = parse(
    """\
name: Lamps
description: Sells lamps.
idle_session_seconds: 600
locales:
  en_US:
    voice: Joanna
    engine: neural
    confidence: 0.6
    intents:
      OrderLamp:
        description: Orders a lamp.
        utterances:
          - I want a lamp
          - order a {Size} lamp
        slots:
          Size:
            type: Sizes
            prompt: Small or large?
            retries: 1
          Delivery:
            type: AMAZON.Date
        confirmation:
          prompt: A {Size} lamp, right?
          declined: Then not.
      Hours:
        utterances: [when are you open]
        dialog_hook: false
      Help:
        parent: AMAZON.HelpIntent
        fulfillment_hook: false
        dialog_hook: false
    slot_types:
      Sizes:
        restricted: true
        values:
          small: [little, tiny]
          large:
      Colours:
        description: Examples.
        values: [red, blue]
  de_DE:
    intents:
      OrderLamp:
        utterances: [Ich möchte eine Lampe]
""",
    "lamps.yaml",
)
