"""The organisation of a large history: agencies with offices, their calendars, and their officials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from uuid import UUID

from sqlalchemy import insert, text

from bench.history import diagrams, interruptions
from bench.history.catalogue import DELEGATE, HEAD, HEALTH, INSPECTOR, LEGAL, OFFICIAL, SERVICES
from demo.history.offices import Actor, Hours, Office, Span, open_days, without
from demo.history.plans import World
from engine import definitions
from engine.cases.case_numbers import Numbering, numbering
from engine.design import publishing
from engine.identity import accounts
from engine.models import ROOT, Delegation, Membership, Role, Unit, User
from engine.organisation import calendars
from engine.organisation.candidate_groups import CandidateGroups, CaseScope
from engine.organisation.units import place
from engine.platform.db import Database, UnitOfWork, finish
from engine.platform.ids import uuid7

FRIDAY = "iran-friday"
OFFICIALS = 5  # of each role in a unit
APPLICANTS = 200
AHEAD = timedelta(days=400)  # of the end of the history: terms of open cases end there


@dataclass(frozen=True, slots=True)
class Place:
    """A unit. `roles` are those of its officials."""

    key: str
    name: str
    parent: str | None = None
    kind: str = "unit"
    calendar: str | None = None
    roles: Sequence[str] = (OFFICIAL, HEAD)


PLACES = (
    Place("municipality", "شهرداری | Municipality", kind="agency", roles=()),
    *(Place(f"district-{n}", f"منطقهٔ {n} | District {n}", "municipality") for n in range(1, 7)),
    Place("land-registry", "ثبت اسناد | Land registry", kind="agency", calendar=FRIDAY, roles=()),
    Place("registry-north", "ثبت شمال | Registry north", "land-registry"),
    Place("registry-south", "ثبت جنوب | Registry south", "land-registry"),
    Place("welfare", "بهزیستی | Welfare", kind="agency", roles=()),
    Place("welfare-tehran", "بهزیستی تهران | Welfare Tehran", "welfare"),
    Place("welfare-tabriz", "بهزیستی تبریز | Welfare Tabriz", "welfare", calendar=FRIDAY),
    Place(HEALTH, "شبکهٔ بهداشت | Health network", kind="agency", roles=(INSPECTOR, HEAD)),
    Place(LEGAL, "دفتر حقوقی | Legal office", kind="agency"),
    Place(DELEGATE, "دفتر پیشخوان | Service office", kind="delegate"),
)
OFFICES: Mapping[str, Sequence[str]] = {
    "trade-permit": [f"district-{n}" for n in range(1, 7)],
    "property-certificate": ["registry-north", "registry-south"],
    "welfare-allowance": ["welfare-tehran", "welfare-tabriz"],
    "permit-appeal": [f"district-{n}" for n in range(1, 7)],
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a history needs of the database: the world, versions, groups, applicants, names of officials."""

    world: World
    versions: Mapping[tuple[str, int], str]
    groups: Mapping[tuple[str, str, str], str]
    applicants: Sequence[tuple[Actor, str]]
    names: Mapping[str, str]
    first_number: int
    numbering: Numbering


def prepare(database: Database, zone: tzinfo, period: Span, cases: int) -> Setting:
    """Create organisation, services and accounts. The database must have been migrated and be empty."""
    begin, now = datetime.fromtimestamp(period[0] / 1000, UTC), datetime.now(zone)
    with database.transaction() as session:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        units = _units(uow, begin)
        people, names = _officials(uow, units, begin)
        applicants = _applicants(uow, begin)
    versions = {
        (key, service.version): _deploy(database, diagrams.files(service), key, period, number)
        for key, services in SERVICES.items()
        for number, service in enumerate(services)
    }
    with database.transaction() as session:
        uow = UnitOfWork(session, uow.actor, now)
        interruptions.record(uow, period)
        world = World(
            _offices(uow, units, people, period),
            Actor(str(uow.actor.id), "system"),
            _account(uow, begin, "portal"),
            _account(uow, begin, "service"),
            _account(uow, begin, "administrator"),
            interruptions.outages(period),
            {("interview", DELEGATE): _delegate(uow, units, begin)},
            interruptions.suspensions(period),
            interruptions.migrate(uow, period, versions),
        )
        taken = text("SELECT setval('case_numbers', nextval('case_numbers') + :cases)")
        wanted = 2 * cases  # each may be appealed
        last = uow.connection.execute(taken, {"cases": wanted}).scalar_one()
        setting = Setting(world, versions, {}, applicants, names, last - wanted, numbering(uow))
        return replace(setting, groups=_groups(uow, setting))


def _account(uow: UnitOfWork, begin: datetime, role: Role) -> Actor:
    """Create the account of a system, or of the administrator of all units."""
    user = accounts.find_or_create(uow.session, begin, f"history-{role}", role)
    return Actor(str(user.id), role, None if accounts.is_system(role) else "root", user.name)


def _units(uow: UnitOfWork, begin: datetime) -> Mapping[str, UUID]:
    units: dict[str, UUID] = {}
    for one in PLACES:
        unit = Unit(key=one.key, name=one.name, kind=one.kind, created_at=begin)
        unit.parent_id = units[one.parent] if one.parent else ROOT
        place(uow.session, unit)
        uow.session.flush()
        units[one.key] = unit.id
        if one.calendar:
            calendars.choose(uow, one.key, one.calendar)
    return units


def _officials(
    uow: UnitOfWork, units: Mapping[str, UUID], begin: datetime
) -> tuple[Mapping[str, Mapping[str, Sequence[Actor]]], Mapping[str, str]]:
    people: dict[str, dict[str, Sequence[Actor]]] = {}
    users, memberships = [], []
    for one in PLACES:
        for role in one.roles:
            names = [f"{one.key}-{role}-{number}" for number in range(1, OFFICIALS + 1)]
            rows = [
                {"id": uuid7(), "name": name, "role": "caseworker", "created_at": begin} for name in names
            ]
            users += rows
            memberships += [
                {
                    "id": uuid7(),
                    "user_id": row["id"],
                    "unit_id": units[one.key],
                    "role": role,
                    "valid_from": begin,
                }
                for row in rows
            ]
            people.setdefault(one.key, {})[role] = [
                Actor(str(row["id"]), "caseworker", one.key, str(row["name"])) for row in rows
            ]
    uow.connection.execute(insert(User), users)
    uow.connection.execute(insert(Membership), memberships)
    return people, {str(row["id"]): str(row["name"]) for row in users}


def _applicants(uow: UnitOfWork, begin: datetime) -> Sequence[tuple[Actor, str]]:
    persons = [f"{7_000_000_000 + number}" for number in range(APPLICANTS)]
    rows = [
        {
            "id": uuid7(),
            "name": f"history-{person}",
            "role": "applicant",
            "created_at": begin,
            "person": person,
        }
        for person in persons
    ]
    uow.connection.execute(insert(User), rows)
    return [(Actor(str(row["id"]), "applicant", None, str(row["name"])), str(row["person"])) for row in rows]


def _deploy(database: Database, files: Mapping[str, bytes], key: str, period: Span, number: int) -> str:
    """Deploy a version through the engine, as published at the begin or in the middle of the period."""

    def command(uow: UnitOfWork) -> str:
        definitions.deploy(uow, files, publishing="direct")
        publishing.offer(uow, key)  # applicants start cases themselves
        at = datetime.fromtimestamp((period[0] + number * (period[1] - period[0]) // 2) / 1000, UTC)
        found = text(
            "UPDATE definition_versions SET published_at = :at WHERE id ="
            " (SELECT current_version_id FROM definitions WHERE key = :key) RETURNING id"
        )
        return str(uow.connection.execute(found, {"at": at, "key": key}).scalar_one())

    return database.run(lambda session, now: command(UnitOfWork(session, accounts.system(session, now), now)))


def _offices(
    uow: UnitOfWork,
    units: Mapping[str, UUID],
    people: Mapping[str, Mapping[str, Sequence[Actor]]],
    period: Span,
) -> Mapping[str, Office]:
    first, last = (datetime.fromtimestamp(at / 1000, uow.now.tzinfo).date() for at in period)
    zone = uow.now.utcoffset() or timedelta(0)
    offset = zone // timedelta(milliseconds=1)
    closed = {key: list(interruptions.outages(period)) for key in units}
    for key, spans in interruptions.suspensions(period).items():
        for office in OFFICES[key]:  # which have no other service
            closed[office] += spans
    offices = {}
    for key, unit in units.items():
        found = calendars.of_unit(uow, unit)
        open_ = open_days(found.calendar, first - timedelta(days=10), _known(last))
        works = Hours(without(open_, closed[key]))
        own = people.get(key, {})
        name = next(one.name for one in PLACES if one.key == key)
        counter = next(iter(own.values()), ())
        offices[key] = Office(
            *(key, str(unit), Hours(open_), works, offset, own),
            *(found.version, name, counter),
        )
    return offices


def _known(last: date) -> date:
    """Return the last day of the office hours: shipped holidays end with the year 1406."""
    return min(last + AHEAD, date(2028, 3, 19))


def _delegate(uow: UnitOfWork, units: Mapping[str, UUID], begin: datetime) -> str:
    made = Delegation(id=uuid7(), definition="welfare-allowance", elements=["interview"])
    made.unit_id, made.delegate_id = units["welfare"], units[DELEGATE]
    made.valid_from = made.created_at = made.confirmed_at = begin
    made.created_by = made.confirmed_by = uow.actor.id
    uow.session.add(made)
    uow.session.flush()
    return str(made.id)


def _groups(uow: UnitOfWork, setting: Setting) -> Mapping[tuple[str, str, str], str]:
    """Create the candidate groups of all tasks."""
    found: dict[tuple[str, str, str], str] = {}
    for key, offices in OFFICES.items():
        for office in (setting.world.offices[name] for name in offices):
            made = CandidateGroups(CaseScope(UUID(office.id), key, False))
            for work in (work for service in SERVICES[key] for work in service.works):
                if work.side == "delegate":
                    delegation = setting.world.delegations[work.element, str(work.unit)]
                    group: UUID | None = made.delegate_group(UUID(delegation), str(work.unit))
                else:
                    group = made.group_for([(work.role, work.unit)])
                if group is not None:
                    found[key, office.key, work.element] = str(group)
            asked = made.group_for([(OFFICIAL, LEGAL)])
            found[key, office.key, f"opinion {LEGAL}"] = str(asked)
            found[key, office.key, f"escalation {office.key}"] = str(made.group_for([(HEAD, None)]))
            made.write(uow)
            finish(uow.session)
    return found


def offset_of(setting: Setting) -> int:
    """Return how far the offices' clocks are ahead of UTC, in milliseconds."""
    return next(iter(setting.world.offices.values())).offset
