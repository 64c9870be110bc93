"""A provider as the installation's file describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from engine.access import ASSURANCES, Assurance, assures
from engine.errors import NotRecognised
from engine.exchange.secret import Secret

Unknown = Literal["refuse", "applicant"]


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a provider vouches for, and how well it knows. `name` is that of the provider."""

    issuer: str
    subject: str
    person: str | None  # a national id
    acr: Assurance
    authenticated_at: datetime | None
    unknown: Unknown
    provider: str


@dataclass(frozen=True, slots=True)
class Provider:
    """`name` stands in addresses, `titles` (by language) on buttons.

    `audience` is what access tokens for this API are made for; without one none is taken. `subject` and
    `person` are claims.
    """

    name: str
    issuer: str
    client: str
    secret: Secret | None
    audience: str | None
    scopes: str = "openid"
    titles: Mapping[str, str] = field(default_factory=dict)
    subject: str = "sub"
    person: str | None = None
    acr: Mapping[str, Assurance] = field(default_factory=dict)
    unknown: Unknown = "refuse"

    @property
    def origin(self) -> str:
        """Where its pages are."""
        scheme, _, rest = self.issuer.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}"

    def vouched(self, claims: Mapping[str, Any]) -> Person:
        """Whom these verified claims speak of. Raises NotRecognised if they name nobody."""
        subject = claims.get(self.subject)
        if not isinstance(subject, str) or not 0 < len(subject) <= 255 or "\0" in subject:
            raise NotRecognised(f"The provider {self.name} named nobody.")
        national = claims.get(self.person) if self.person else None
        return Person(
            issuer=self.issuer,
            subject=subject,
            person=national if isinstance(national, str) and 0 < len(national) <= 50 else None,
            acr=self.level(claims.get("acr")),
            authenticated_at=_instant(claims.get("auth_time")),
            unknown=self.unknown,
            provider=self.name,
        )

    def level(self, acr: object) -> Assurance:
        """What a value of `acr` stands for; what is not mapped is low."""
        return self.acr.get(acr, "low") if isinstance(acr, str) else "low"

    def values(self, needed: str) -> list[str]:
        """The values of `acr` that are enough, the lowest level first."""
        enough = [
            (ASSURANCES.index(level), value) for value, level in self.acr.items() if assures(level, needed)
        ]
        return [value for _, value in sorted(enough)]


def _instant(value: object) -> datetime | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 36:
        return datetime.fromtimestamp(value, UTC)
    return None
