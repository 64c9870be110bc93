"""The words of the drawing tools: all that people see is said in Persian."""

import re
from collections import Counter

from tests.web.modeler_words import asked, plain
from web.texts import TEXTS

LABELS = {
    str(told["en"]): str(told["fa"]) for key, told in TEXTS.texts.items() if key.startswith("modeler.label.")
}
OWN = {"Tools", "Token Simulation"}  # words of our own modules


def test_every_word_that_the_tools_ask_for_has_its_persian() -> None:
    known = {plain(word) for word in LABELS}
    assert not {word for word in asked() | OWN if plain(word) not in known}


def test_no_word_stands_there_that_nobody_asks_for() -> None:
    wanted = {plain(word) for word in asked() | OWN}
    assert not {word for word in LABELS if plain(word) not in wanted}


def test_no_word_has_two_texts() -> None:
    many = Counter(plain(word) for word in LABELS)
    assert not [word for word, count in many.items() if count > 1]


def test_words_keep_the_places_for_values() -> None:
    places = re.compile(r"{\w+}")
    assert all(places.findall(word) == places.findall(said) for word, said in LABELS.items())
