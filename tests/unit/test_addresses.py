"""No address that leads inside is posted to, in whatever way it is written."""

import socket
from ipaddress import ip_address, ip_network
from pathlib import Path

import httpx
import pytest

from engine.platform import egress_guard
from engine.platform.egress_guard import Refused, parse, permitted, resolve

LOOPBACK = (ip_network("127.0.0.0/8"),)

INSIDE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "4000::1",
]
OUTSIDE = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.3.1", "223.255.255.1"]
OUTSIDE += ["2606:4700:4700::1111", "2001:4860:4860::8888", "64:ff9b::8.8.8.8"]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What each name resolves to."""
    names: dict[str, list[str]] = {}

    def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in names[host]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


def refusal(text: str, *allow: egress_guard.Network) -> str:
    with pytest.raises(Refused) as caught:
        resolve(parse(text), allow)
    return caught.value.code


@pytest.mark.parametrize("text", INSIDE)
def test_address_that_is_not_public_is_refused(text: str) -> None:
    assert not permitted(ip_address(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_public_address_is_permitted(text: str) -> None:
    assert permitted(ip_address(text))


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7F.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.0x1",
        "1.2.3.4.5",
        "134744072",
        "8.8.8.8.",
        "256.0.0.1",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "[::ffff:127.0.0.1%25lo]",
        "[127.0.0.1]",
        "exa mple",
        "a%00b.example",
        "a\\@127.0.0.1",
        "",
    ],
)
def test_host_written_unusually_is_refused_unresolved(answers: dict[str, list[str]], host: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(f"https://{host}/hook")
    assert caught.value.code == "url"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127。0。0。1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::7f00:1]"]
)
def test_address_that_leads_inside_is_refused_as_it_stands(host: str) -> None:
    with pytest.raises(Refused) as caught:
        resolve(parse(f"https://{host}/hook"))
    assert caught.value.code == "address"


@pytest.mark.parametrize(
    "text",
    [
        "ftp://a.example/",
        "file:///etc/passwd",
        "//a.example/",
        "a.example/hook",
        "https:a.example",
        "https://user@a.example/",
        "https://user:word@a.example/",
        "https://a.example/#part",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example/\n",
        "https://a.example/" + "x" * 2000,
    ],
)
def test_url_that_is_no_address_to_post_to_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(text)
    assert caught.value.code == "url"


def test_name_is_judged_by_each_of_its_addresses(answers: dict[str, list[str]]) -> None:
    answers["good.example"] = ["1.1.1.1", "2606:4700:4700::1111", "1.1.1.1"]
    answers["mixed.example"] = ["1.1.1.1", "10.0.0.1"]
    assert resolve(parse("https://good.example/")) == ("1.1.1.1", "2606:4700:4700::1111")
    assert refusal("https://mixed.example/") == "address"


def test_name_without_an_address_is_refused(answers: dict[str, list[str]]) -> None:
    assert refusal("https://none.example/") == "name"


def test_network_that_is_allowed_is_permitted_and_no_other(answers: dict[str, list[str]]) -> None:
    answers.update({"in.example": ["127.0.0.1"], "elsewhere.example": ["10.0.0.1"]})
    assert resolve(parse("https://in.example/"), LOOPBACK) == ("127.0.0.1",)
    assert refusal("https://elsewhere.example/", *LOOPBACK) == "address"
    assert not permitted(ip_address("::ffff:127.0.0.1"), LOOPBACK)


def test_plain_http_is_for_networks_that_are_allowed(answers: dict[str, list[str]]) -> None:
    answers.update(
        {"in.example": ["127.0.0.1"], "out.example": ["1.1.1.1"], "both.example": ["127.0.0.1", "1.1.1.1"]}
    )
    assert resolve(parse("http://in.example/"), LOOPBACK) == ("127.0.0.1",)
    assert refusal("http://out.example/", *LOOPBACK) == "address"
    assert refusal("http://both.example/", *LOOPBACK) == "address"


def test_public_network_that_this_machine_is_attached_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "route").write_text(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t01010808\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"  # the way to all else
        "ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"  # also without a gateway
        "eth0\t00010808\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"  # 8.8.1.0/24
        "eth0\t00020808\t01010808\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"  # 8.8.2.0/24, behind a gateway
    )
    (tmp_path / "if_inet6").write_text("26064700470000000000000000001111 02 40 00 80     eth0\n")
    networks = list(egress_guard.own_networks(tmp_path))
    assert networks == [ip_network("8.8.1.0/24"), ip_network("2606:4700:4700::/64")]
    monkeypatch.setattr(egress_guard, "own_networks", lambda: networks)
    assert not permitted(ip_address("8.8.1.9"))
    assert not permitted(ip_address("2606:4700:4700::9"))
    assert permitted(ip_address("8.8.2.9"))
    assert permitted(ip_address("8.8.1.9"), [ip_network("8.8.1.0/28")])


def test_public_address_of_this_very_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress_guard, "_source", lambda _: "8.8.8.8")
    assert not permitted(ip_address("8.8.8.8"))
    assert permitted(ip_address("8.8.4.4"))


def test_machine_knows_its_own_address() -> None:
    assert egress_guard._source(ip_address("127.0.0.1")) == "127.0.0.1"


def test_machine_that_tells_no_networks_has_none(tmp_path: Path) -> None:
    assert list(egress_guard.own_networks(tmp_path)) == []


def test_url_stays_as_it_was_given() -> None:
    assert str(parse("https://a.example:8443/b?c=d")) == "https://a.example:8443/b?c=d"
    assert parse("https://bücher.example/") == httpx.URL("https://xn--bcher-kva.example/")
