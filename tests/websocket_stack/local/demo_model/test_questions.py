"""The demo model finds what people ask about the project, in their own words."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from websocket_stack.local.demo_model.languages import apology_for
from websocket_stack.local.demo_model.passages import Library

ROOT = Path(__file__).parents[4]
# Question, document, and the beginning of the heading.
ANSWERS = [
    ("how much does it cost?", "docs/prices.md", "What does it cost?"),
    ("pricing", "docs/prices.md", "What does it cost?"),
    ("does it work with GPT?", "docs/faq.md", "Does it work with GPT"),
    ("waht is teh diffrence betwen lex and tihs??", "docs/faq.md", "What is the difference"),
    ("who made this?", "docs/faq.md", "Who made this?"),
    ("can I use my own bot?", "docs/faq.md", "Can I use my own bot?"),
    ("which models can I use", "docs/faq.md", "Which models can I use?"),
    ("why is nothing streaming", "docs/faq.md", "Why is nothing streaming?"),
    ("how do I install it?", "", "Install|How do I install"),
    ("is it production ready?", "docs/faq.md", "Is it production ready?"),
    ("is it secure?", "docs/faq.md", "Is it secure?"),
    ("Node.js?", "docs/faq.md", "Does it work with Node.js"),
    ("existing Lambda?", "docs/faq.md", "Can I keep my existing Lambda?"),
    ("what is the latency?", "README.md", "How fast is it?"),
    ("how do I remember conversations", "docs/guides/memory.md", "Memory"),
    ("How do I write a bot?", "docs/tutorial.md", "Tutorial"),
    ("how to test my bot", "docs/guides/testing.md", "Testing a bot"),
    ("What is Lex Streaming?", "README.md", "What is Lex Streaming?"),
    ("How does a turn work?", "docs/how-it-works.md", "How does a turn work?"),
    ("How do I deploy?", "docs/deploy.md", "Deploying to AWS"),
    ("what happens if the browser disconnects?", "docs/faq.md", "What happens if the browser"),
    ("does it work with voice?", "docs/faq.md", "Does it work with voice?"),
    ("how long can a reply take", "docs/faq.md", "How long can a reply take?"),
    ("can I use Claude Opus", "docs/faq.md", "Which models can I use?"),
    ("where are my logs", "docs/faq.md", "Where are my logs?"),
    ("how do I uninstall it", "docs/faq.md", "How do I uninstall it?"),
    ("what if I have two tabs open", "docs/faq.md", "What if a user has two tabs open?"),
    ("what data do you store about my users", "docs/faq.md", "What data is stored?"),
    ("can it answer in German", "docs/faq.md", "Which languages does it speak?"),
    ("how can I change the system prompt", "docs/faq.md", "How do I change the system prompt?"),
    ("can my bot call my API", "docs/faq.md", "Can my bot call an API of mine?"),
    ("how do i add buttons", "", "Messages and cards"),
    ("which permissions does the lambda need", "docs/faq.md", "Which permissions"),
    ("I get AccessDenied from bedrock", "docs/faq.md", "Why does Bedrock say AccessDenied?"),
    ("does it run on windows", "docs/faq.md", "Does it run on Windows?"),
    ("can I run it in docker", "", "Can I run it in Docker?|Container|Docker"),
    ("how many users can it handle", "docs/faq.md", "How many users can it handle?"),
    ("how do I switch streaming off", "docs/deploy.md", "Switching streaming off and on"),
    ("what is a frame", "", "What is a frame?|Framing"),
    ("can I use it without lex", "docs/faq.md", "Can I use it without Lex?"),
    ("how do I upgrade", "", "Updating|How do I update"),
    ("Can I use GPT-4 instead of Claude?", "docs/faq.md", "Does it work with GPT"),
    ("What happens if my handler throws an exception?", "docs/reference/faults.md", "Model and"),
    ("how do i test a bot without an aws account", "docs/faq.md", "Can I test a bot"),
    ("How do I ask the user yes or no?", "docs/faq.md", "How do I ask the user"),
    ("Explain how a turn works", "docs/how-it-works.md", "How does a turn work?"),
    ("How much money for a thousand conversations a month?", "docs/prices.md", "What does it"),
    ("Where do I put third-party packages?", "docs/faq.md", "Where do I put"),
    ("My reply takes 45 seconds, is that okay?", "docs/faq.md", "How long can a reply take?"),
]


@functools.cache
def library() -> Library:
    return Library.of_project(ROOT)


@pytest.mark.parametrize(("question", "source", "headings"), ANSWERS)
def test_a_question_finds_its_passage(question: str, source: str, headings: str) -> None:
    best = library().find(question)[0]

    assert best.heading.startswith(tuple(headings.split("|"))), best.heading
    assert best.source == source or not source


@pytest.mark.parametrize("question", [question for question, _, _ in ANSWERS])
def test_an_english_question_is_taken_as_english(question: str) -> None:
    assert apology_for(question) == ""


@pytest.mark.parametrize(
    "question",
    [
        "write me a poem",
        "what is the capital of France",
        "<img src=x onerror=alert(1)>",
        "🎉 wow",
        "Who won the world cup in 2018?",
    ],
)
def test_what_the_docs_do_not_hold_is_not_found(question: str) -> None:
    assert library().find(question) == []
