"""Tells in which language a question is, and says in it that the demo model speaks only English."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import NamedTuple

from websocket_stack.local.demo_model.words import STOP_WORDS, plain_words

# A text is in a language if so many of its words, or of its letters, are that language's.
LEAST_SHARE = 0.3


class Language(NamedTuple):
    """A language other than English.

    Attributes:
        apology: that the demo model speaks only English.
        words: frequent words that are hardly used in English; none where the script tells.
        script: how the Unicode names of its letters begin; empty for Latin letters.
    """

    apology: str
    words: frozenset[str] = frozenset()
    script: str = ""


def _latin(apology: str, words: str) -> Language:
    return Language(apology, frozenset(words.split()))


def _script(apology: str, script: str) -> Language:
    return Language(apology, script=script)


LANGUAGES = (
    _latin(
        "Entschuldigung, ich bin nur das Demo-Modell und spreche nur Englisch. Bitte stellen Sie"
        " Ihre Frage auf Englisch.",
        "aber auf das dem den der die du ein eine es für gibt guten hallo ich ist kann kannst"
        " können mein mit nicht oder sie sind tag und von was warum welche wenn wer wie wird wo zu"
        " danke bitte",
    ),
    _latin(
        "Désolé, je ne suis que le modèle de démonstration et je ne parle qu'anglais. Posez votre"
        " question en anglais, s'il vous plaît.",
        "avec bonjour c ce combien comment dans de des du elle est et il j je l la le les merci"
        " mon où ou pas pour pourquoi puis qu que quel quelle quels qui quoi sont sur un une vous"
        " salut ça",
    ),
    _latin(
        "Lo siento, solo soy el modelo de demostración y solo hablo inglés. Por favor, haz tu"
        " pregunta en inglés.",
        "buenos cómo como con cuál cuánto cuesta de del dónde el en es está esto gracias hay hola"
        " la las los mi para pero por puedo qué que quién se son un una y",
    ),
    _latin(
        "Mi dispiace, sono solo il modello dimostrativo e parlo soltanto inglese. Per favore, fai"
        " la tua domanda in inglese.",
        "buongiorno che chi ciao come con cosa cosè costa da dei del della di dove è e gli grazie"
        " il la lo ma mio non per perché posso quale quanto questo si sono un una",
    ),
    _latin(
        "Desculpe, sou apenas o modelo de demonstração e só falo inglês. Por favor, faça a sua"
        " pergunta em inglês.",
        "bom com como custa da de do e é em está eu isto isso não o obrigado olá onde os para"
        " pode por porque posso qual quanto que quem são um uma você",
    ),
    _latin(
        "Sorry, ik ben alleen het demomodel en ik spreek alleen Engels. Stel je vraag alsjeblieft"
        " in het Engels.",
        "aan dag dank dat de dit een en er het hoe hoeveel ik is kan kost maar met mijn niet of op"
        " te van voor waar waarom wat welke wie wordt zijn hallo bedankt",
    ),
    _latin(
        "Tyvärr är jag bara demomodellen och talar bara engelska. Ställ din fråga på engelska.",
        "att av den det du en ett för fungerar hej hur inte jag kan kostar med men min och om på"
        " som tack till vad var varför vem vilka är",
    ),
    _latin(
        "Przepraszam, jestem tylko modelem demonstracyjnym i mówię tylko po angielsku. Proszę"
        " zadać pytanie po angielsku.",
        "ale co cześć czy dlaczego do dzień gdzie i ile jak jaki jakie jest kosztuje kto mogę na"
        " nie się są to w z za że dziękuję",
    ),
    _latin(
        "Üzgünüm, ben yalnızca tanıtım modeliyim ve yalnızca İngilizce konuşuyorum. Lütfen"
        " sorunuzu İngilizce sorun.",
        "ama bir bu çok daha için ile kadar kim merhaba mi mı nasıl ne neden nedir nerede"
        " teşekkürler var ve yok",
    ),
    _script(
        "Извините, я всего лишь демонстрационная модель и говорю только по-английски. Пожалуйста,"
        " задайте вопрос на английском.",
        "CYRILLIC",
    ),
    _script(
        "Λυπάμαι, είμαι μόνο το μοντέλο επίδειξης και μιλάω μόνο αγγλικά. Παρακαλώ κάντε την"
        " ερώτησή σας στα αγγλικά.",
        "GREEK",
    ),
    _script("סליחה, אני רק מודל ההדגמה ואני מדבר רק אנגלית. נא לשאול את השאלה באנגלית.", "HEBREW"),
    _script(
        "عذرًا، أنا مجرد نموذج تجريبي ولا أتحدث إلا الإنجليزية. يُرجى طرح سؤالك بالإنجليزية.",
        "ARABIC",
    ),
    _script(
        "क्षमा करें, मैं केवल एक डेमो मॉडल हूँ और केवल अंग्रेज़ी बोलता हूँ। कृपया अपना प्रश्न अंग्रेज़ी में पूछें।",
        "DEVANAGARI",
    ),
    _script("ขออภัย ฉันเป็นเพียงโมเดลสาธิตและพูดได้เฉพาะภาษาอังกฤษ กรุณาถามเป็นภาษาอังกฤษ", "THAI"),
    _script(
        "죄송합니다. 저는 데모 모델일 뿐이며 영어만 할 수 있습니다. 영어로 질문해 주세요.", "HANGUL"
    ),
    # Before Chinese: Japanese uses its characters too.
    _script(
        "申し訳ありません。私はデモ用のモデルで、英語しか話せません。英語で質問してください。",
        "HIRAGANA",
    ),
    _script("抱歉，我只是演示模型，只会说英语。请用英语提问。", "CJK"),
)


def apology_for(question: str) -> str:
    """Return an apology in a question's language, or nothing if it may be English."""
    words = plain_words(question)
    scripts = Counter(
        unicodedata.name(letter, "").split(" ")[0] for letter in question if letter.isalpha()
    )
    for language in LANGUAGES:
        if language.script and scripts[language.script] >= LEAST_SHARE * max(1, scripts.total()):
            return language.apology
    english = sum(word in STOP_WORDS for word in words)
    count, best = max(
        (sum(word in language.words for word in words), -number)
        for number, language in enumerate(LANGUAGES)
    )
    if count > english and count >= LEAST_SHARE * len(words):
        return LANGUAGES[-best].apology
    return ""
