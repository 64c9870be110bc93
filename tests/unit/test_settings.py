"""Settings that cannot be used stop the start, and say which they are."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from engine.cli import children
from engine.platform.config import Settings


def test_networks_are_read_with_commas_between() -> None:
    read = Settings.read({"WEBHOOK_ALLOW": "10.1.2.0/24, fd00:1::/64,127.0.0.1,"})
    assert read.webhook_allow == tuple(map(ip_network, ("10.1.2.0/24", "fd00:1::/64", "127.0.0.1/32")))
    assert Settings.read({}).webhook_allow == ()


def test_one_person_is_enough_to_publish_unless_told_otherwise() -> None:
    assert Settings.read({}).publishing == "direct"
    assert Settings.read({"PUBLISHING": "four-eyes"}).publishing == "four-eyes"


@pytest.mark.parametrize("text", ["four eyes", "Direct", "2", " "])
def test_way_of_publishing_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="PUBLISHING"):
        Settings.read({"PUBLISHING": text})


@pytest.mark.parametrize("text", ["10.1.2.3/24", "localhost", "10.0.0.0/33", "10.0.0.0/8;127.0.0.0/8"])
def test_networks_that_are_none_are_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="WEBHOOK_ALLOW"):
        Settings.read({"WEBHOOK_ALLOW": text})


@pytest.mark.parametrize(
    "environ",
    [
        {"TRUSTED_PROXIES": "-1"},
        {"TRUSTED_PROXIES": "yes"},
        {"SESSION_IDLE": "0"},
        {"SESSION_MOST": "x"},
        {"PUBLIC_URL": "parvandeh.example.org"},
        {"PUBLIC_URL": "https://parvandeh.example.org/"},
        {"PUBLIC_URL": "ftp://parvandeh.example.org"},
        {"PUBLIC_URL": "https://a@b"},
    ],
)
def test_settings_of_the_login_that_mean_nothing_are_refused_by_name(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(environ))):
        Settings.read(environ)


def test_settings_of_the_login_are_read() -> None:
    found = Settings.read({"TRUSTED_PROXIES": "2", "PUBLIC_URL": "https://[::1]:8443", "SESSION_IDLE": "5"})
    assert (found.trusted_proxies, found.public_url, found.session_idle) == (2, "https://[::1]:8443", 5)
    assert (Settings.read({}).trusted_proxies, Settings.read({}).public_url) == (0, None)


def test_documents_lie_below_the_data_folder_unless_told_otherwise() -> None:
    assert Settings.read({"PARVANDEH_VAR": "/data"}).documents == "/data/documents"
    assert Settings.read({"DOCUMENTS": "/papers/"}).documents == "/papers"
    assert Settings.read({"DOCUMENTS": "s3://papers/of/cases/"}).documents == "s3://papers/of/cases"


@pytest.mark.parametrize(
    "text", ["s3://", "s3://P", "gs://papers", "file:///papers", "s3://papers/../a", "s3://a b"]
)
def test_places_for_documents_that_are_none_are_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="DOCUMENTS"):
        Settings.read({"DOCUMENTS": text})


def test_kinds_of_documents_are_those_that_are_named() -> None:
    assert Settings.read({"DOCUMENT_TYPES": "pdf, odp"}).document_types == {"pdf", "odp"}
    assert "odp" not in Settings.read({}).document_types
    assert "pdf" in Settings.read({}).document_types


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DOCUMENT_TYPES", "exe"),
        ("DOCUMENT_TYPES", ","),
        ("DOCUMENT_MAX_MB", "0"),
        ("DOCUMENT_MAX_MB", "20MB"),
        ("CLAMD", "127.0.0.1:3310"),
        ("CLAMD", "tcp:host"),
        ("CLAMD", "unix:clamd"),
    ],
)
def test_settings_of_documents_that_cannot_be_used_are_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings.read({name: text})


def test_scanner_is_none_or_where_it_listens() -> None:
    assert Settings.read({}).clamd is None
    for address in ("unix:/run/clamav/clamd.ctl", "tcp:scanner.example:3310"):
        assert Settings.read({"CLAMD": address}).clamd == address


def test_an_installation_is_a_demonstration_only_where_nobody_uses_it_in_earnest() -> None:
    assert Settings.read({}).demo
    assert not Settings.read({"DEMO": "no"}).demo
    assert not Settings.read({"DATABASE_URL": "postgresql+psycopg:///x"}).demo
    assert Settings.read({"DATABASE_URL": "postgresql+psycopg:///x", "DEMO": "yes"}).demo
    assert not Settings.read({"DEMO": "yes", "PUBLIC_URL": "https://parvandeh.example.org"}).demo
    with pytest.raises(ValueError, match="DEMO"):
        Settings.read({"DEMO": "1"})


@pytest.mark.parametrize("told", [{}, {"DEMO": "no"}])
def test_processes_of_an_installation_have_the_settings_of_the_one_that_starts_them(
    told: dict[str, str],
) -> None:
    settings, url = Settings.read(told), "postgresql+psycopg:///x"
    assert Settings.read(children.environ(settings, url)) == replace(settings, database_url=url)
