"""Names, e-mail and phone as people type and paste them, and as they are stored."""

import pytest

from engine.identity import profiles
from engine.identity.oidc.provider import described
from engine.platform.errors import Invalid
from engine.platform.formats import email, full_name, phone
from engine.platform.persian import order


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("رضا\u200f احمدی", "رضا احمدی"),  # a mark of direction, pasted along
        ("\u202eadmin\u202c", "admin"),  # what would turn the text around it
        ("\ufeffSara\u2067 Ahmadi\u2069", "Sara Ahmadi"),
        ("می\u200cنا", "می\u200cنا"),  # the zero-width non-joiner is spelling
        ("سارا\u200c", "سارا"),
        ("  Sara \t\n Ahmadi ", "Sara Ahmadi"),
        ("Zoe\u0308", "Zoë"),
        ("李雷", "李雷"),
        ("O'Neil-Smith Jr.", "O'Neil-Smith Jr."),
        ("<b>Sara</b>", "<b>Sara</b>"),  # a text like any other: pages escape it
        ("x" * 100, "x" * 100),
    ],
)
def test_a_name_is_kept_as_it_reads(typed: str, stored: str) -> None:
    assert full_name(typed) == stored
    assert full_name(stored) == stored


@pytest.mark.parametrize(
    "typed", ["", " ", "\u200f", "\u200c", "123", "...", "a\0b", "a\x07b", "a\ud800", "a\ue000", "x" * 101]
)
def test_what_cannot_be_a_name_is_refused(typed: str) -> None:
    assert full_name(typed) is None


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Sara.Ahmadi@Example.ORG", "Sara.Ahmadi@example.org"),
        (" sara@example.org\u200f", "sara@example.org"),
        ("sara@۱۲.ir", "sara@12.ir"),
        ("sara", None),
        ("sara@example", None),
        ("a..b@example.org", None),
        ("sara@-example.org", None),
        ("Sara <sara@example.org>", None),
        ("sara@example.org\nBcc: all@example.org", None),
        ("x" * 65 + "@example.org", None),
    ],
)
def test_an_address_is_one_that_a_letter_can_be_sent_to(typed: str, stored: str | None) -> None:
    assert email(typed) == stored


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("۰۹۱۲ ۳۴۵ ۶۷۸۹", "+989123456789"),
        ("٠٩١٢٣٤٥٦٧٨٩", "+989123456789"),
        ("9123456789", "+989123456789"),
        ("0098 912 345 6789", "+989123456789"),
        ("\u200e+98 (21) 8877-6655", "+982188776655"),
        ("021-88776655", "+982188776655"),
        ("+1 415 555 0100", "+14155550100"),
        ("12345678", None),
        ("+98 0912 345 6789", None),
        ("+1234567890123456", None),
        ("09123456789;ext=1", None),
    ],
)
def test_a_number_in_any_digits_is_stored_as_it_is_called_from_anywhere(
    typed: str, stored: str | None
) -> None:
    assert phone(typed) == stored


def test_all_faults_are_told_at_once_and_repeat_nothing() -> None:
    given = {"full_name_fa": "\0", "email": "secret", "phone": "1", "language": "de", "calendar": "x"}
    with pytest.raises(Invalid) as refused:
        profiles.read(given)
    told = [(fault.pointer, fault.code) for fault in refused.value.faults]
    assert told == [
        ("/full_name_fa", "full-name"),
        ("/email", "format/email"),
        ("/phone", "phone"),
        ("/language", "enum"),
        ("/calendar", "enum"),
    ]
    assert "secret" not in repr(refused.value.faults)


@pytest.mark.parametrize(
    ("claims", "profile"),
    [
        (
            {"name": "رضا احمدی", "locale": "fa-IR", "email": "r@example.org"},
            {"full_name_fa": "رضا احمدی", "language": "fa", "email": "r@example.org"},
        ),
        ({"given_name": "Reza", "family_name": "Ahmadi"}, {"full_name_en": "Reza Ahmadi"}),
        (
            {"name": "Reza", "name#fa": "رضا", "locale": "en_US"},
            {"full_name_en": "Reza", "full_name_fa": "رضا", "language": "en"},
        ),
        ({"email": "r@example.org", "email_verified": False, "phone_number": "+989123456789"},
         {"phone": "+989123456789"}),
        ({"name": ["Reza"], "email": 7, "locale": None, "phone_number": "9" * 400}, {}),
    ],
)  # fmt: skip
def test_claims_describe_a_person_as_far_as_they_can_be_used(
    claims: dict[str, object], profile: dict[str, str]
) -> None:
    assert described(claims) == profile


def test_people_are_listed_in_the_order_of_the_alphabet() -> None:
    names = ["یاسر", "گلی", "پری", "بهرام", "كاوه", "کریم", "Zahra", "ali"]
    assert sorted(names, key=order) == ["ali", "Zahra", "بهرام", "پری", "كاوه", "کریم", "گلی", "یاسر"]
