"""Questions in other languages."""

from __future__ import annotations

import pytest

from websocket_stack.local.demo_model.languages import apology_for

QUESTIONS = {
    "Wie kann ich das auf AWS installieren?": "nur Englisch",
    "Was kostet das?": "nur Englisch",
    "Combien ça coûte ?": "qu'anglais",
    "Bonjour": "qu'anglais",
    "¿Cuánto cuesta?": "solo hablo inglés",
    "¿Cómo puedo instalar esto en AWS?": "solo hablo inglés",
    "Quanto costa?": "soltanto inglese",
    "Como posso instalar isto?": "só falo inglês",
    "Hoeveel kost het?": "alleen Engels",
    "Hur fungerar det?": "bara engelska",
    "Ile to kosztuje?": "po angielsku",
    "Bu nasıl kurulur?": "İngilizce",
    "Сколько это стоит?": "по-английски",
    "Πόσο κοστίζει;": "αγγλικά",
    "כמה זה עולה?": "אנגלית",
    "كم يكلف هذا؟": "الإنجليزية",
    "इसकी कीमत क्या है?": "अंग्रेज़ी",
    "ราคาเท่าไหร่": "ภาษาอังกฤษ",
    "얼마예요?": "영어",
    "Lex とは何ですか?": "英語",
    "多少钱？": "英语",
}


@pytest.mark.parametrize(("question", "part"), QUESTIONS.items())
def test_an_apology_is_in_the_language_of_the_question(question: str, part: str) -> None:
    assert part in apology_for(question)


@pytest.mark.parametrize(
    "question",
    [
        "What does it cost?",
        "Node.js?",
        "Does it work in São Paulo, or in Malmö?",
        "How do I set SYSTEM_PROMPT_de_DE?",
        "What does “Wie geht es?” mean for Lex?",
        "existing Lambda?",
        "🎉🤖 wow",
        "42",
        "",
    ],
)
def test_a_question_that_may_be_english_needs_none(question: str) -> None:
    assert apology_for(question) == ""
