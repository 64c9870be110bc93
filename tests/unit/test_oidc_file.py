"""The file of providers: its content, and all its faults at once."""

from pathlib import Path

import pytest

from engine.identity.oidc import Providers
from engine.platform.config import Settings
from engine.platform.errors import Unusable

GOOD = """
[national]
title = "National login"
title_fa = "ورود ملی"
issuer = "https://login.example.org/realm"
client = "parvandeh"
secret = "env:OIDC_SECRET"
audience = "https://parvandeh.example.org/api"
scopes = "openid profile"
person = "national_id"
unknown = "applicant"
[national.acr]
substantial = ["urn:otp"]
high = ["urn:card", "urn:eid"]
"""


def read(tmp_path: Path, content: str) -> Providers:
    file = tmp_path / "oidc.toml"
    file.write_text(content, encoding="utf-8")
    return Providers.read(Settings.read({"OIDC": str(file), "PARVANDEH_VAR": str(tmp_path / "var")}))


def test_no_file_names_no_provider(tmp_path: Path) -> None:
    assert not list(Providers.read(Settings.read({"PARVANDEH_VAR": str(tmp_path)})))


def test_a_file_in_the_data_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "oidc.toml").write_text('[a]\nissuer = "https://a.example"\nclient = "c"\n')
    (found,) = Providers.read(Settings.read({"PARVANDEH_VAR": str(tmp_path)}))
    assert (found.name, found.unknown, found.audience, found.titles["fa"]) == ("a", "refuse", None, "a")


def test_all_that_can_stand_in_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_SECRET", "s")
    (found,) = read(tmp_path, GOOD)
    assert found.origin == "https://login.example.org"
    assert found.values("high") == ["urn:card", "urn:eid"]
    assert found.titles == {"en": "National login", "fa": "ورود ملی"}
    assert "OIDC_SECRET" in repr(found.secret)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ('issuer = "http://login.example.org"', "issuer"),
        ('issuer = "https://login.example.org/?x=1"', "issuer"),
        ('issuer = "https://me:pw@login.example.org"', "issuer"),
        ('audience = "parvandeh"', "audience"),
        ('scopes = "profile"', "scopes"),
        ('secret = "hunter2 in clear"', "secret"),
        ('secret = "env:NOT_THERE_AT_ALL"', "secret"),
        ('unknown = "administrator"', "unknown"),
        ('opens = "everybody"', "opens"),
        ('opens = ""', "opens"),
        ('unknown = "applicant"\nopens = "staff"', "opens"),
        ('staff_level = "highest"', "staff_level"),
        ('scopes = "required profile"', "scopes"),
        ('colour = "red"', "colour"),
        ('acr = {high = ["a\\"b"]}', "acr.high"),
        ('acr = {higher = ["x"]}', "acr.higher"),
        ('acr = {high = "x"}', "acr.high"),
    ],
)
def test_each_fault_is_told_with_its_key_and_no_value(tmp_path: Path, wrong: str, key: str) -> None:
    known = {"issuer": '"https://login.example.org"', "client": '"parvandeh"'}
    known.pop(wrong.partition(" ")[0], None)
    content = "[p]\n" + "".join(f"{name} = {value}\n" for name, value in known.items()) + wrong
    with pytest.raises(Unusable) as fault:
        read(tmp_path, content)
    assert f"p.{key} " in str(fault.value)
    assert "hunter2 in clear" not in str(fault.value)


def test_an_issuer_that_comes_twice_is_refused(tmp_path: Path) -> None:
    one = 'issuer = "https://a.example"\nclient = "c"\n'
    with pytest.raises(Unusable, match="twice"):
        read(tmp_path, f"[a]\n{one}[b]\n{one}")


@pytest.mark.parametrize(
    ("lines", "opened"),
    [
        ("", "both"),
        ('unknown = "refuse"', "both"),
        ('unknown = "applicant"', "applicants"),
        ('unknown = "applicant"\nopens = "both"', "both"),
        ('opens = "staff"', "staff"),
    ],
)
def test_a_provider_of_strangers_opens_applicants_unless_the_file_says_otherwise(
    tmp_path: Path, lines: str, opened: str
) -> None:
    (found,) = read(tmp_path, f'[a]\nissuer = "https://a.example"\nclient = "c"\n{lines}\n')
    assert (found.opened, found.staff_level) == (opened, "low")


@pytest.mark.parametrize(
    ("scopes", "asked", "required"),
    [
        ("required", "openid", True),
        ("required openid profile", "openid profile", True),
        ("openid required", "openid required", False),
        ("openid", "openid", False),
    ],
)
def test_scopes_of_logins_and_of_tokens_are_told_apart(
    tmp_path: Path, scopes: str, asked: str, required: bool
) -> None:
    (found,) = read(tmp_path, f'[a]\nissuer = "https://a.example"\nclient = "c"\nscopes = "{scopes}"\n')
    assert (found.scopes, found.scopes_required) == (asked, required)
