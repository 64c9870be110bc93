"""Persian texts, as people type and search for them."""

import pytest

from engine.platform.persian import compact, digits, normalise


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("علي كاظمي", "علی کاظمی"),
        ("می\u200cشود", "میشود"),
        ("مُحَمَّد", "محمد"),
        ("کتابـــخانه", "کتابخانه"),
        ("خانۀ ما", "خانه ما"),
        ("خانهٔ ما", "خانه ما"),
        ("مدرسة", "مدرسه"),
        ("آذر", "اذر"),
        ("۱۴۰۵-٠٠١٢", "1405 0012"),
        ("  Straße,\tNo. ۵ ", "strasse no 5"),
        ("ﻋﻠﯽ", "علی"),  # presentation forms, as old documents have them
        ("\u200fعلی\u200e", "علی"),
        ("", ""),
    ],
)
def test_texts_that_mean_the_same_are_found_by_the_same_words(typed: str, meant: str) -> None:
    assert normalise(typed) == meant
    assert normalise(meant) == meant


def test_a_word_is_found_however_it_is_parted() -> None:
    assert {compact(word) for word in ("می\u200cشود", "می شود", "میشود")} == {"میشود"}


def test_only_digits_become_ascii() -> None:
    assert digits("۰۱۲۳۴۵۶۷۸۹ ٠١٢٣٤٥٦٧٨٩ كد") == "0123456789 0123456789 كد"
