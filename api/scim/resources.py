"""The SCIM resources of this service: which attributes they have, and what these mean here.

Attributes of the standard that are not listed are accepted and dropped, as directories send many.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    ExtensibleStringEnum,
    Extension,
    Filter,
    Meta,
    Mutability,
    MutabilityException,
    Pagination,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    Returned,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)
from scim2_models.resources.resource import AnyExtension
from scim2_models.urn import URN

from engine.organisation import provisioning
from engine.organisation.provisioning import NewGroup, Person, UnitView, Wanted

PREFIX = "/scim/v2"
OWN = "urn:parvandeh:params:scim:schemas:2.0"


class Name(ComplexAttribute):
    """The name of a person."""

    formatted: str | None = None
    """The full name as it is displayed. In Arabic letters it is the Persian name, else the Latin one."""
    given_name: str | None = None
    """The given name as the directory has it; with the family name it makes up `formatted`, if that is
    not given itself."""
    family_name: str | None = None
    """The family name as the directory has it."""


class Email(ComplexAttribute):
    """An address of e-mail. One is stored: the primary one, else the first."""

    value: str | None = None
    """The address."""
    type: Annotated[str | None, Mutability.write_only, Returned.never] = None
    """What the directory calls it; work if it says nothing."""
    primary: Annotated[bool | None, Mutability.write_only, Returned.never] = None
    """Whether it is the one to use."""


class PhoneNumber(Email):
    """A phone number. One is stored: the primary one, else the first."""

    value: str | None = Field(None, examples=["+982112345678", "+989121234567"])
    """The number; it is returned as in E.164."""


class GroupOfUser(ComplexAttribute):
    """A unit in which the person works."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    """The id of the unit."""
    display: Annotated[str | None, Mutability.read_only] = None
    """Its name."""


class UserType(StrEnum):
    """The role of an account. A directory can't make administrators."""

    caseworker = "caseworker"
    designer = "designer"
    manager = "manager"
    auditor = "auditor"
    administrator = "administrator"


class PreferredLanguage(ExtensibleStringEnum):
    """The languages of pages. Others are accepted and mean none."""

    fa = "fa"
    en = "en"


class User(Resource[AnyExtension]):
    """An account of a person."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[
        str | None, Uniqueness.server, Required.true, Mutability.immutable, CaseExact.true
    ] = None
    """The name of the account. Logs show it, so it never changes."""
    name: Name | None = None
    """The full name."""
    display_name: Annotated[str | None, Mutability.read_only] = None
    """The name that is shown to others."""
    user_type: Annotated[UserType | None, Mutability.immutable] = Field(None, examples=["caseworker"])
    """The role of the account; caseworker if none is given."""
    active: bool | None = None
    """Whether the account can be used. An account that was closed here can't be reopened by a directory."""
    preferred_language: PreferredLanguage | None = None
    """The language of pages."""
    emails: list[Email] | None = None
    """The address of e-mail."""
    phone_numbers: list[PhoneNumber] | None = None
    """The phone number."""
    groups: Annotated[list[GroupOfUser] | None, Mutability.read_only] = None
    """The units in which the person works."""


class Work(ComplexAttribute):
    """A unit and a role there."""

    unit: Annotated[str | None, Required.true, CaseExact.true] = Field(None, examples=["root"])
    """The key of the unit."""
    role: Annotated[str | None, CaseExact.true] = None
    """The role in the unit, such as inspector; caseworker if none is given."""


class PersonExtension(Extension):
    """What this service knows of a person beyond the standard."""

    __schema__ = URN(f"{OWN}:Person")

    national_id: Annotated[str | None, CaseExact.true] = None
    """The national ID. It can't be removed, and not changed once the account may have acted."""
    full_name_fa: str | None = None
    """The full name in Persian, instead of `name`."""
    full_name_en: str | None = None
    """The full name in Latin letters, instead of `name`."""
    memberships: list[Work] | None = None
    """All units and roles of the person in the directory's units; without it they stay as they are."""


class MemberOfGroup(ComplexAttribute):
    """A person who works in a unit."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    """The id of the person."""
    ref: Annotated[Reference[User[Any]] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the person."""
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    """Always User: units below a unit are not its members."""
    display: Annotated[str | None, Mutability.read_only] = None
    """The name that is shown to others."""


class Group(Resource[AnyExtension]):
    """A unit: an agency, a part of one, or a private body."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    """The name of the unit."""
    members: list[MemberOfGroup] | None = None
    """The people who work in it. One who is added is a caseworker; of one who is removed all memberships in
    the unit end."""


class Kind(StrEnum):
    """What a unit is."""

    agency = "agency"
    unit = "unit"
    delegate = "delegate"


class UnitExtension(Extension):
    """What this service knows of a unit beyond the standard."""

    __schema__ = URN(f"{OWN}:Unit")

    key: Annotated[str | None, Mutability.immutable, CaseExact.true, Uniqueness.server] = None
    """The key, by which diagrams name the unit; made up if none is given."""
    kind: Annotated[Kind | None, Mutability.immutable] = None
    """An agency, a part of one (default), or a private body that executes for agencies."""
    parent: Annotated[str | None, CaseExact.true] = Field(None, examples=["root"])
    """The key of the unit above; the directory's own unit if none is given."""
    region: str | None = None
    """The region that it serves, if not all."""


Account: Any = User[PersonExtension]
Unit: Any = Group[UnitExtension]

CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=provisioning.PAGE),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=False),
    etag=ETag(supported=False),
    pagination=Pagination(
        cursor=False, index=True, default_page_size=provisioning.PAGE, max_page_size=provisioning.PAGE
    ),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Token",
            description="A token of a service account that names the scope people.provision.",
            primary=True,
        )
    ],
    meta=Meta(resource_type="ServiceProviderConfig", location=f"{PREFIX}/ServiceProviderConfig"),
)
PROVIDER = ScimProvider(
    models=[User, PersonExtension, Group, UnitExtension],
    resource_types=[ResourceType.from_resource(Account), ResourceType.from_resource(Unit)],
    config=CONFIG,
    policy=ScimPolicy(
        unknown=ScimPolicy.Unknown.ignore,
        remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    ),
)


def account_of(person: Person) -> Any:
    """Return an account as a resource."""
    shown = person.profile.full_name_fa or person.profile.full_name_en
    profile, works = person.profile, [Work(unit=one.unit, role=one.role) for one in person.members]
    units = {one.unit_id: one.unit_name for one in person.members}
    found = Account(
        id=str(person.id),
        external_id=person.external_id,
        user_name=person.name,
        name=_name(person, shown),
        display_name=shown or person.name,
        user_type=person.role,
        active=person.active,
        preferred_language=profile.language,
        emails=[Email(value=profile.email, type="work", primary=True)] if profile.email else None,
        phone_numbers=[PhoneNumber(value=profile.phone, type="work", primary=True)]
        if profile.phone
        else None,
        groups=[GroupOfUser(value=str(unit), display=name) for unit, name in units.items()] or None,
        meta=_meta("User", "Users", person),
    )
    found[PersonExtension] = PersonExtension(
        national_id=person.person,
        full_name_fa=profile.full_name_fa,
        full_name_en=profile.full_name_en,
        memberships=works or None,
    )
    return found


def _name(person: Person, shown: str | None) -> Name | None:
    given, family = person.given_name, person.family_name
    if not (shown or given or family):
        return None
    return Name(formatted=shown, given_name=given, family_name=family)


def unit_of(unit: UnitView) -> Any:
    """Return a unit as a resource."""
    members = [
        MemberOfGroup(
            value=str(one), ref=Reference(f"{PREFIX}/Users/{one}"), type="User", display=shown["fa"]
        )
        for one, shown in unit.members.items()
    ]
    found = Unit(
        id=str(unit.id),
        external_id=unit.external_id,
        display_name=unit.name,
        members=members or None,
        meta=_meta("Group", "Groups", unit),
    )
    found[UnitExtension] = UnitExtension(
        key=unit.key, kind=Kind(unit.kind), parent=unit.parent, region=unit.region
    )
    return found


def _meta(kind: str, endpoint: str, one: Person | UnitView) -> Meta:
    location = f"{PREFIX}/{endpoint}/{one.id}"
    return Meta(resource_type=kind, created=one.created_at, location=location)


def wanted_account(sent: Any, before: Any = None) -> Wanted:
    """Return how an account should be: as a resource that is new, or that replaces the one before."""
    own, name = sent[PersonExtension] or PersonExtension(), sent.name or Name()
    language = (sent.preferred_language or "")[:2].lower()
    profile = {
        **_full_names(name, own, before),
        "email": _contact(sent.emails),
        "phone": _contact(sent.phone_numbers),
        "language": language if language in ("fa", "en") else None,
    }
    works = own.memberships
    if works is None and before is not None and "memberships" in own.model_fields_set:
        works = []  # removed, and not merely left out
    return Wanted(
        name=sent.user_name,
        role=sent.user_type.value if sent.user_type else "caseworker",
        active=_is_active(sent, before),
        external_id=sent.external_id,
        given_name=name.given_name,
        family_name=name.family_name,
        person=own.national_id,
        profile=profile,
        works=None if works is None else [(one.unit or "", one.role or "caseworker") for one in works],
    )


def _is_active(sent: Any, before: Any) -> bool:
    """Return whether an account should be open. What isn't said stays: a closed account isn't reopened."""
    said = before.active if sent.active is None and before is not None else sent.active
    return said is not False


def _full_names(name: Name, own: PersonExtension, before: Any) -> Mapping[str, str | None]:
    """Return the full names by script. Of several ways to write them, the one that says something new counts.

    The extension before `formatted`, and that before given and family name.
    """
    old_name = (before and before.name) or Name()
    old = (before and before[PersonExtension]) or PersonExtension()
    found = {"full_name_fa": own.full_name_fa, "full_name_en": own.full_name_en}
    shown = name.formatted
    if shown is None and old_name.formatted and found == {key: getattr(old, key) for key in found}:
        return dict.fromkeys(found)  # the name was removed
    parts = (name.given_name, name.family_name)
    if shown in (None, old_name.formatted) and parts != (old_name.given_name, old_name.family_name):
        shown = " ".join(part for part in parts if part) or None
    if shown == old_name.formatted or shown is None:
        return found
    script = "full_name_fa" if any("\u0600" <= sign <= "\u06ff" for sign in shown) else "full_name_en"
    if found[script] in (None, getattr(old, script)):
        found[script] = shown
    return found


def _contact(contacts: Iterable[Email] | None) -> str | None:
    given = [one for one in contacts or () if one.value]
    chosen = next((one for one in given if one.primary), given[0] if given else None)
    return None if chosen is None else chosen.value


def require_kept(before: Any, after: Any) -> None:
    """Raise MutabilityException if a change removes what every account or unit must have."""
    for extension, attribute in ((PersonExtension, "national_id"), (UnitExtension, "parent")):
        if extension not in before.get_extension_models().values():
            continue
        was, now = (getattr(one[extension], attribute, None) for one in (before, after))
        if was is not None and now is None:
            raise MutabilityException(detail=f"{attribute} can be changed, and not removed.")


def wanted_unit(sent: Any) -> NewGroup:
    """Return how a unit should be."""
    own: Any = sent[UnitExtension] or UnitExtension(parent=None)
    return NewGroup(
        name=sent.display_name,
        key=own.key,
        kind=own.kind.value if own.kind else "unit",
        parent=own.parent,
        region=own.region,
        external_id=sent.external_id,
        members=members_of(sent),
    )


def members_of(sent: Any) -> list[UUID]:
    """Return the ids of the members of a unit. Raises ValueError for text that is no id."""
    return [UUID(one.value or "") for one in sent.members or ()]
