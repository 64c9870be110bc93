"""The settings of an installation, read from the environment once and passed as an argument. They are listed
in docs/operations.md.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, cast, get_args
from zoneinfo import ZoneInfo

from engine.platform import media
from engine.platform.language import CALENDARS, Calendar
from engine.platform.red_flags import USUAL, Thresholds, read

# Whether a deployment is published immediately, or creates drafts that another person publishes.
Publishing = Literal["direct", "four-eyes"]

ROOT = Path(__file__).resolve().parents[2]

API_QUOTA = 60_000  # requests of a token per minute; more than two cores can answer
EVIDENCE_OF_PERSON = 20  # requests for evidence in an hour: about one person,
EVIDENCE_OF_PORTAL = 1_000  # and through one portal
EVIDENCE_TIMEOUT = 10  # seconds that an applicant waits for another agency
OUTAGE_AFTER = 60  # seconds; workers report every 15


@dataclass(frozen=True, slots=True)
class Settings:
    """`database_url` is None on the embedded server, whose data is stored below `var`.

    `workers` is how many processes serve the queue `cases`. `connectors` is None if no file is configured:
    then `connectors.toml` below `var` is read if it exists; likewise `oidc`. `demo_connectors` is a file with
    the connectors of a demonstration, which needn't exist; None: there are none. `public_url` is the origin
    at which browsers reach the installation, None if it is the host of the request. `trusted_proxies` is the
    number of proxies in front. Session limits are in minutes. `documents` is a folder or the URL of a bucket;
    `clamd` is None if they aren't scanned. `demo`: anybody can log in as one of the demonstration's people;
    never if a public origin is set. `api_quota` is how many requests a token may make per minute, 0 for any
    number. `outage_after`: the seconds without a running worker that count as an outage. `audit_key` is the
    file of the private key that signs checkpoints, which needn't exist; `checkpoint_minutes` is how often
    they are taken, 0 for only on demand; they are sent to a folder, and to a URL and a mail address
    (`connector:address`) if these are set. `evidence_of_person` and `evidence_of_portal` are the requests for
    evidence allowed in an hour, 0 for any number; each waits for `evidence_timeout` seconds at most.
    `published_calendar` is that whose months have public statistics. `red_flags` are the
    thresholds of the patterns that are looked for in the logs.
    """

    database_url: str | None
    var: Path
    port: int
    web_workers: int
    workers: int
    time_zone: ZoneInfo
    connectors: Path | None
    demo_connectors: Path | None
    webhook_allow: tuple[IPv4Network | IPv6Network, ...]
    publishing: Publishing
    oidc: Path | None
    public_url: str | None
    trusted_proxies: int
    session_idle: int
    session_most: int
    documents: str
    document_max_mb: int
    document_types: frozenset[str]
    clamd: str | None
    demo: bool
    audit_key: Path
    checkpoint_minutes: int
    checkpoint_folder: Path
    checkpoint_webhook: str | None
    checkpoint_mail: str | None
    api_quota: int = API_QUOTA
    outage_after: int = OUTAGE_AFTER
    evidence_of_person: int = EVIDENCE_OF_PERSON
    evidence_of_portal: int = EVIDENCE_OF_PORTAL
    evidence_timeout: int = EVIDENCE_TIMEOUT
    published_calendar: Calendar = "jalali"
    red_flags: Mapping[str, Thresholds] = field(default_factory=lambda: USUAL, hash=False)

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings. Raises ValueError with the variable whose value can't be used."""
        cores = os.cpu_count() or 1
        url = environ.get("DATABASE_URL") or None
        connectors = environ.get("CONNECTORS")
        public_url = _origin(environ.get("PUBLIC_URL") or "")
        var = Path(environ.get("PARVANDEH_VAR") or ROOT / "var").resolve()
        usual = str(var / "demo-connectors.toml") if url is None else None
        demo_connectors = environ.get("DEMO_CONNECTORS") or usual
        return cls(
            database_url=url,
            var=var,
            port=number(environ, "PORT", default=8000),
            web_workers=number(environ, "WEB_WORKERS", default=cores + 1),
            workers=number(environ, "WORKERS", default=cores),
            time_zone=_zone(environ.get("TIME_ZONE") or "Asia/Tehran"),
            connectors=Path(connectors).resolve() if connectors else None,
            demo_connectors=Path(demo_connectors).resolve() if demo_connectors else None,
            webhook_allow=_networks(environ, "WEBHOOK_ALLOW"),
            publishing=_publishing(environ.get("PUBLISHING") or "direct"),
            oidc=Path(oidc).resolve() if (oidc := environ.get("OIDC")) else None,
            public_url=public_url,
            trusted_proxies=number(environ, "TRUSTED_PROXIES", default=0, least=0),
            session_idle=number(environ, "SESSION_IDLE", default=30),
            session_most=number(environ, "SESSION_MOST", default=720),
            documents=_documents(environ.get("DOCUMENTS") or str(var / "documents")),
            document_max_mb=number(environ, "DOCUMENT_MAX_MB", default=20),
            document_types=_types(environ.get("DOCUMENT_TYPES") or ",".join(media.DEFAULT)),
            clamd=_clamd(environ.get("CLAMD") or None),
            demo=yes(environ, "DEMO", "yes" if url is None else "no") and not public_url,
            audit_key=Path(environ.get("AUDIT_KEY") or var / "audit.key").resolve(),
            checkpoint_minutes=number(environ, "CHECKPOINT_MINUTES", default=60, least=0, most=10080),
            checkpoint_folder=Path(environ.get("CHECKPOINT_FOLDER") or var / "checkpoints").resolve(),
            checkpoint_webhook=_webhook(environ.get("CHECKPOINT_WEBHOOK") or None),
            checkpoint_mail=_mail(environ.get("CHECKPOINT_MAIL") or None),
            api_quota=number(environ, "API_QUOTA", default=API_QUOTA, least=0, most=10**9),
            outage_after=number(environ, "OUTAGE_AFTER", default=OUTAGE_AFTER, least=30, most=86_400),
            evidence_of_person=number(environ, "EVIDENCE_OF_PERSON", default=EVIDENCE_OF_PERSON, least=0),
            evidence_of_portal=number(environ, "EVIDENCE_OF_PORTAL", default=EVIDENCE_OF_PORTAL, least=0),
            evidence_timeout=number(environ, "EVIDENCE_TIMEOUT", default=EVIDENCE_TIMEOUT, most=30),
            published_calendar=_calendar(environ.get("PUBLISHED_CALENDAR") or "jalali"),
            red_flags=read(environ.get("RED_FLAGS") or ""),
        )

    @property
    def embedded(self) -> bool:
        """Whether this installation runs its own PostgreSQL."""
        return self.database_url is None

    @property
    def demo_accounts(self) -> Path:
        """The file with a demonstration's accounts; exists only in a demonstration."""
        return self.var / "demo.json"


def number(environ: Mapping[str, str], name: str, *, default: int, least: int = 1, most: int = 65535) -> int:
    """Return the number in a variable. Raises ValueError with the variable's name if it isn't one."""
    text = environ.get(name) or str(default)
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not digits or not least <= int(text) <= most:
        raise ValueError(f"{name}={text!r} is not a number between {least} and {most}")
    return int(text)


def _origin(text: str) -> str | None:
    if text and not re.fullmatch(
        r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?", text
    ):
        raise ValueError(f"PUBLIC_URL={text!r} is not like https://parvandeh.example.org, without a path")
    return text or None


def _calendar(name: str) -> Calendar:
    for calendar in CALENDARS.values():
        if name == calendar:
            return calendar
    raise ValueError(f"PUBLISHED_CALENDAR={name!r} is none of {', '.join(CALENDARS.values())}")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as cause:
        raise ValueError(f"TIME_ZONE={name!r} is not a time zone of the tz database") from cause


def _networks(environ: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    given = [part.strip() for part in (environ.get(name) or "").split(",")]
    try:
        return tuple(ip_network(part) for part in given if part)
    except ValueError as cause:
        raise ValueError(f"{name}: {cause}; write networks as 10.1.2.0/24, with commas between") from cause


def _publishing(text: str) -> Publishing:
    if text not in get_args(Publishing):
        raise ValueError(f"PUBLISHING={text!r} must be direct or four-eyes")
    return cast(Publishing, text)


def yes(environ: Mapping[str, str], name: str, default: str) -> bool:
    """Return whether a variable is `yes`, not `no`. Raises ValueError with its name for any other value."""
    text = environ.get(name) or default
    if text not in ("yes", "no"):
        raise ValueError(f"{name}={text!r} must be yes or no")
    return text == "yes"


def _documents(text: str) -> str:
    """Return a folder as an absolute path, or the URL of a bucket."""
    if "://" not in text:
        return str(Path(text).resolve())
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{2,62}(/[\w./-]*)?", text, re.ASCII) or ".." in text:
        raise ValueError(f"DOCUMENTS={text!r} must be a folder or a URL like s3://bucket/prefix")
    return text.rstrip("/")


def _types(text: str) -> frozenset[str]:
    given = {part.strip() for part in text.split(",")} - {""}
    if not given or not given <= set(media.BY_NAME):
        known = ", ".join(media.BY_NAME)
        raise ValueError(f"DOCUMENT_TYPES={text!r} must name some of {known}, with commas between")
    return frozenset(given)


def _webhook(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", text):
        raise ValueError(f"CHECKPOINT_WEBHOOK={text!r} is not a URL like https://example.org/checkpoints")
    return text


def _mail(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(r"[a-z0-9-]+:[^\s@:]+@[^\s@:]+", text):
        raise ValueError(
            f"CHECKPOINT_MAIL={text!r} must be the name of a connector and an address: mail:audit@example.org"
        )
    return text


def _clamd(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(r"unix:/.+|tcp:.+:[0-9]{1,5}", text):
        raise ValueError(f"CLAMD={text!r} must be unix:/path/of/its/socket or tcp:host:port")
    return text
