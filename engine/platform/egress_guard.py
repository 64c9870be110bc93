"""Where this installation may send requests: the guard against SSRF, access to internal systems through it.

A name is resolved once, each of its addresses is checked, and connections go only to checked addresses; so a
name that changes its address in between has no effect. This module sends nothing.
"""

import re
import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal

import httpx

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL = 2000
_NUMBER = r"\d+|0[xX][0-9a-fA-F]*"
_UP, _GATEWAY = 0x1, 0x2  # flags of a route: in use; through a gateway, so not directly attached

# Own lists instead of `ipaddress.is_global`, whose answers differ between versions of Python.
# https://www.iana.org/assignments/iana-ipv4-special-registry
_SPECIAL_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, where cloud providers serve credentials
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
# https://www.iana.org/assignments/iana-ipv6-special-registry
_GLOBAL_6 = IPv6Network(
    "2000::/3"
)  # all else is loopback, mapped, private, link-local, multicast, unassigned
_SPECIAL_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries any IPv4 address
        "3fff::/20",
    )
)
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: the last 32 bits are the IPv4 address


class Refused(Exception):
    """Requests to this address are not allowed.

    `code` is `url` (malformed), `name` (can't be resolved) or `address` (internal).
    """

    def __init__(self, code: Literal["url", "name", "address"], detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def parse(text: str) -> httpx.URL:
    """Parse a URL to send to, with the parser of the HTTP client. Raises Refused."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as fault:
        raise Refused("url", "is not a URL") from fault
    if len(text) > MAX_URL:
        raise Refused("url", f"is longer than {MAX_URL} characters")
    if url.scheme not in ("https", "http") or not url.raw_host:
        raise Refused("url", "is not an https address")
    if url.userinfo or url.fragment:
        raise Refused("url", "must not hold a user, a password or a fragment")
    if url.port is not None and not 1 <= url.port <= 65535:
        raise Refused("url", "has a port that does not exist")
    _require_host(url.raw_host.decode("ascii"))
    return url


def _require_host(host: str) -> None:
    """Require a name, or an IP address in its usual notation; other notations (127.1) raise Refused."""
    try:
        usual = not getattr(ip_address(host), "scope_id", None)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        usual = bool(re.fullmatch(r"[A-Za-z0-9._-]+", host)) and not re.fullmatch(_NUMBER, last)
    if not usual:
        raise Refused("url", "has a host that is neither a name nor an IP address as usual")


def resolve(url: httpx.URL, allow: Sequence[Network] = ()) -> tuple[str, ...]:
    """Return the addresses to connect to for this URL, all of them checked. Blocks during DNS. Raises
    Refused.

    `allow` names networks that are allowed although they aren't public; only for them, plain http is too.
    """
    host = url.raw_host.decode("ascii")
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        raise Refused("name", "has a host that cannot be resolved") from fault
    found = tuple(dict.fromkeys(ip_address(answer[4][0]) for answer in answers))
    if not all(permitted(address, allow) for address in found):
        raise Refused("address", "leads to an address that is neither public nor in WEBHOOK_ALLOW")
    if url.scheme == "http" and not all(_within(address, allow) for address in found):
        raise Refused("address", "must begin with https: plain http is for networks in WEBHOOK_ALLOW")
    return tuple(str(address) for address in found)


def permitted(address: Address, allow: Sequence[Network] = ()) -> bool:
    """Return whether requests may go there: public and not in a network of this machine, or allowed."""
    return _within(address, allow) or (_public(address) and not _own(address))


def own_networks(proc: Path = Path("/proc/net")) -> Iterator[Network]:
    """Return the networks that this machine is directly attached to, as Linux reports them."""
    for line in _lines(proc / "route")[1:]:
        _, destination, _, flags, *_, mask = line.split()[:8]
        if int(flags, 16) & (_UP | _GATEWAY) == _UP and int(mask, 16):
            yield IPv4Network((_network_order(destination), str(IPv4Address(_network_order(mask)))))
    for line in _lines(proc / "if_inet6"):
        text, _, prefix, *_ = line.split()
        if int(prefix, 16):
            yield ip_network((bytes.fromhex(text), int(prefix, 16)), strict=False)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").splitlines() if path.exists() else []


def _network_order(text: str) -> bytes:
    """Convert an address that the kernel printed in the machine's byte order to network order."""
    return socket.htonl(int(text, 16)).to_bytes(4, "big")


def _public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not _within(address, _SPECIAL_4)
    if address in _TRANSLATED:
        return _public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_6 and not _within(address, _SPECIAL_6)


def _own(address: Address) -> bool:
    """Return whether it is this machine's address, or in a directly attached network."""
    return _within(address, tuple(own_networks())) or _source(address) == str(address)


def _source(address: Address) -> str | None:
    """Return the source address for connections to that one; the same address if it is this machine's."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))  # of a datagram socket: nothing is sent
            return str(probe.getsockname()[0])
    except OSError:
        return None  # there is no route to it


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
