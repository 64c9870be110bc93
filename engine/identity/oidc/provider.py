"""A provider as configured in the installation's file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from engine import access
from engine.access import ASSURANCES, Assurance, assures
from engine.connectors.secret import Secret
from engine.platform.errors import NotRecognised

Unknown = Literal["refuse", "applicant"]
Opens = Literal["applicants", "staff", "both"]
# Claims that describe a person and are not used for decisions.
DESCRIBING = frozenset(
    {"name", "name#fa", "name#en", "given_name", "family_name", "locale"}
    | {"email", "email_verified", "phone_number", "phone_number_verified"}
)
LONGEST = 300  # characters of a claim; longer ones are ignored


@dataclass(frozen=True, slots=True)
class Person:
    """A person authenticated by a provider, and the assurance level. `name` is that of the provider.

    `scopes` are the permissions that an access token names; None for a login in a browser, which has none.
    `opens`, `staff_level` and `scopes_required` are those of the provider.
    """

    issuer: str
    subject: str
    person: str | None  # a national id
    acr: Assurance
    authenticated_at: datetime | None
    unknown: Unknown
    provider: str
    profile: tuple[tuple[str, str], ...] = ()  # further claims: fields of `profiles`, unchanged
    opens: Opens = "both"
    staff_level: Assurance = "low"
    scopes: frozenset[str] | None = None
    scopes_required: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """`name` is part of addresses, `titles` (by language) are shown on buttons.

    Without `client`, empty, nobody logs in there with a browser; only its access tokens are accepted.
    `audience` is that of access tokens for this API; without one none is accepted. `subject` and `person` are
    claims. `opens` is which accounts of people it opens; None: the file doesn't say. `staff_level` is the
    lowest assurance level of logins to accounts for work. `scopes_required`: tokens without a permission
    allow nothing.
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
    opens: Opens | None = None
    staff_level: Assurance = "low"
    scopes_required: bool = False

    @property
    def opened(self) -> Opens:
        """Returns which accounts of people it opens.

        Where strangers become applicants the provider is one of citizens, unless the file says otherwise.
        """
        return self.opens or ("applicants" if self.unknown == "applicant" else "both")

    @property
    def origin(self) -> str:
        """Returns the origin of its pages."""
        scheme, _, rest = self.issuer.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}"

    def person_of(self, claims: Mapping[str, Any]) -> Person:
        """Returns the person of these verified claims. Raises NotRecognised if they name nobody."""
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
            profile=tuple(described(claims).items()),
            opens=self.opened,
            staff_level=self.staff_level,
            scopes_required=self.scopes_required,
        )

    def bearer_of(self, claims: Mapping[str, Any]) -> Person:
        """Returns the person, or the machine, of these verified claims of an access token.

        A machine is nobody's: no account is made for it, nor found by a national id. A token that doesn't
        name a person may be a machine's. Raises NotRecognised.
        """
        found = replace(self.person_of(claims), scopes=_permissions(claims))
        if found.person is None or claims.get("client_id", claims.get("azp")) == claims.get("sub"):
            return replace(found, person=None, unknown="refuse")
        return found

    def level(self, acr: object) -> Assurance:
        """Returns the assurance level of a value of `acr`; unmapped values are low."""
        return self.acr.get(acr, "low") if isinstance(acr, str) else "low"

    def values(self, needed: str) -> list[str]:
        """Returns the sufficient values of `acr`, lowest level first."""
        enough = [
            (ASSURANCES.index(level), value) for value, level in self.acr.items() if assures(level, needed)
        ]
        return [value for _, value in sorted(enough)]


def _permissions(claims: Mapping[str, Any]) -> frozenset[str]:
    """Returns the permissions that a token names in `scope` (RFC 8693 §4.2).

    Some providers call the claim `scp`, or send a list. Other words, such as `openid`, are for others. Raises
    NotRecognised for a claim of another type.
    """
    claim = claims.get("scope", claims.get("scp", ""))
    words = claim.split() if isinstance(claim, str) else claim
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise NotRecognised("The scope of the token cannot be read.")
    return access.scopes(words) & {*access.PERMISSIONS}


_ARABIC = re.compile("[\u0600-\u06ff]")


def described(claims: Mapping[str, Any]) -> dict[str, str]:
    """Returns the description of a person in claims (OpenID Connect Core §5.1), as fields of a profile.

    A name is used for the script in which it is written, unless the claim has a language tag. An address or
    number that the provider reports as unverified is omitted.
    """
    found = {}
    for language in ("fa", "en"):
        found[f"full_name_{language}"] = _text(claims, f"name#{language}")
    given = _text(claims, "name") or " ".join(
        filter(None, (_text(claims, "given_name"), _text(claims, "family_name")))
    )
    script = "full_name_fa" if _ARABIC.search(given) else "full_name_en"
    found[script] = found[script] or given
    for name, claim in (("email", "email"), ("phone", "phone_number")):
        found[name] = "" if claims.get(f"{claim}_verified") is False else _text(claims, claim)
    found["language"] = re.split("[-_]", _text(claims, "locale"), maxsplit=1)[0].lower()
    return {name: text for name, text in found.items() if text}


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) and len(value) <= LONGEST else ""


def _instant(value: object) -> datetime | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 36:
        return datetime.fromtimestamp(value, UTC)
    return None
