"""The historical cases of a fresh demonstration: hundreds of the last three months, in several offices."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import select, text, update

from demo.history import applications, commitments, flagged, opening, people, publishing
from demo.history.composing import appeal, compose
from demo.history.offices import DAY, HOUR, MINUTE, Actor, Hours, Office, milliseconds, open_days
from demo.history.plans import Plan, World
from demo.history.shapes import Service
from demo.history.shipped import ADDRESS, EARLIER, LICENCE, OBJECTION, PATHS, PERMIT
from demo.history.stories import Story
from demo.history.writing import Groups, numbered, write
from engine import cases
from engine.access import validity
from engine.cases.case_numbers import Numbering, numbering
from engine.events import administration_log
from engine.identity import accounts
from engine.models import (
    CASE_NUMBERS,
    Definition,
    DefinitionVersion,
    Delegation,
    Deployment,
    Role,
    ServiceClass,
    Unit,
)
from engine.organisation import calendars, rates
from engine.organisation.candidate_groups import CandidateGroups, CaseScope
from engine.organisation.rates import NewRate
from engine.oversight.publication.months import Month
from engine.platform.db import Database, UnitOfWork, finish

CASES = 360  # begun; those that have not ended are left out, since nobody could continue them
DAYS = 92
AHEAD = timedelta(days=200)  # of today: terms that began in the history end there
SEED = 1
OFFICES: Mapping[str, Mapping[str, int]] = {
    LICENCE: {"guild-tehran": 5, "guild-isfahan": 3, "guild-shiraz": 2},
    PERMIT: {"municipality-tehran": 3, "municipality-isfahan": 2},
    ADDRESS: {"civil-registry": 1},
    OBJECTION.key: {},  # that of the case
}
APPEALED = 0.5  # of refused licences
HOURLY = {"caseworker": 1_200_000, "supervisor": 1_900_000, "inspector": 1_500_000}  # rials
WEEKLY = 44  # hours of a person
DECIDED_WITHIN = 14 * DAY  # for appeals
CLASSES: Mapping[str, ServiceClass] = {ADDRESS: "ordinary", PERMIT: "low"}
# The office and path of the case that is late without a cause in its log, for how many hours, and how many
# days ago it began at least.
STALLED = ("guild-isfahan", "inspection", 150, 50)
REASONS = "مدارک تازه را پیوست کرده‌ام."
SHOPS = ("لبنیات", "پروتئینی", "نانوایی", "عطاری", "میوه‌فروشی", "قنادی")
FLOWERS = ("یاس", "نرگس", "لاله", "نیلوفر", "بنفشه", "شقایق")


@dataclass(frozen=True, slots=True)
class Past:
    """What the cases of the past need of the database."""

    world: World
    applicants: Sequence[tuple[Actor, str]]
    versions: Mapping[str, Sequence[tuple[str, int]]]  # by key of the process, the present one last
    groups: Groups
    first_number: int
    numbering: Numbering
    until: int


def seed(database: Database) -> int:
    """Write the cases of the past. Return how many: none if their processes have not been published."""
    with database.transaction() as session:
        current = select(Definition.key).join(DefinitionVersion, validity.current())
        published = set(session.execute(current).scalars())
    if missing := OFFICES.keys() - published:
        print(f"No cases of the past: {', '.join(sorted(missing))} must be published first.")
        return 0

    def command(uow: UnitOfWork) -> tuple[int, Month | None, Sequence[Story], Groups]:
        rng = Random(SEED)  # each demonstration has the same past
        past = _prepare(uow, rng)
        stories = [*_stories(rng, past), *_flagged(past, uow.now)]
        month, on_paper = publishing.on_paper(stories, uow.now)
        write(uow.session, [story for story in stories if story not in on_paper], past.groups)
        funnel: Counter[applications.Key] = Counter()
        for story in stories:
            if story.begun is not None:
                applications.count(funnel, story, story.office.offset)
        applications.store(uow.session, funnel)
        commitments.seed(uow, stories)
        return len(stories), month, on_paper, past.groups

    written, month, on_paper, groups = database.run(
        lambda session, now: command(UnitOfWork(session, accounts.system(session, now), now))
    )
    publishing.publish(database)
    if month is not None:
        database.run(lambda session, _: write(session, on_paper, groups))
        publishing.correct(database, month)
    opening.start(database, Random(SEED))
    flagged.find_and_ask(database)
    return written


def _flagged(past: Past, now: datetime) -> list[Story]:
    """Return cases with patterns that an inspector should ask about, in the last month that was searched."""
    first = datetime.combine(flagged.begins(now), datetime.min.time(), now.tzinfo)
    number = numbered(past.numbering, next(iter(past.world.offices.values())).offset)
    begin = milliseconds(first)
    called = [number(begin, past.first_number + 2 * CASES + count) for count in range(1, flagged.count() + 1)]
    version, of_process = past.versions[LICENCE][-1]
    known = flagged.Numbered(past.applicants, version, of_process, called, past.until)
    return [story for story in flagged.stories(past.world, known, begin) if story.ended is not None]


def _prepare(uow: UnitOfWork, rng: Random) -> Past:
    begin = uow.now - timedelta(days=DAYS)
    rows = uow.connection.execute(select(Unit.key, Unit.id)).all()
    units: dict[str, UUID] = {row.key: row.id for row in rows}
    names = people.named(rng)
    officials = people.officials(uow, units, begin, names)
    first, last = begin.date() - timedelta(days=10), (uow.now + AHEAD).date()
    offset = (uow.now.utcoffset() or timedelta(0)) // timedelta(milliseconds=1)
    offices = {}
    for key in {*officials, *(office for places in OFFICES.values() for office in places)}:
        found = calendars.of_unit(uow, units[key])
        hours = Hours(open_days(found.calendar, first, last))
        own = officials.get(key) or {}
        counter = next(iter((own or officials[key.partition("-")[0]]).values()))
        offices[key] = Office(key, str(units[key]), hours, hours, offset, own, found.version, key, counter)
    world = World(
        offices,
        Actor(str(uow.actor.id), "system"),
        _account(uow, "portal"),
        _account(uow, "service"),
        _account(uow, "administrator"),
        delegations=_delegations(uow),
    )
    versions = _versions(uow, begin)
    _set_classes(UnitOfWork(uow.session, uow.actor, begin))
    _set_rates(uow, begin.date())
    wanted = 2 * CASES + flagged.count()  # each of the first may be appealed
    taken = text(f"SELECT setval('{CASE_NUMBERS.name}', nextval('{CASE_NUMBERS.name}') + {wanted})")
    number = uow.connection.execute(taken).scalar_one() - wanted
    applicants = people.applicants(uow, begin, names)
    past = Past(world, applicants, versions, {}, number, numbering(uow), milliseconds(uow.now))
    return replace(past, groups=_groups(uow, past))


def _account(uow: UnitOfWork, role: Role) -> Actor:
    """Return the demonstration's own account with this role."""
    user = accounts.find_or_create(uow.session, uow.now, role, role)
    return Actor(str(user.id), role, None if accounts.is_system(role) else "root", user.name)


def _versions(uow: UnitOfWork, begin: datetime) -> Mapping[str, Sequence[tuple[str, int]]]:
    """Return the versions of the processes, as published in the past: a second one in the middle of it."""
    found: dict[str, list[tuple[str, int]]] = {}
    wanted = select(DefinitionVersion).where(DefinitionVersion.key.in_(OFFICES))
    wanted = wanted.where(DefinitionVersion.published_at.is_not(None)).order_by(DefinitionVersion.number)
    for version in uow.session.scalars(wanted).all():
        at = begin + (uow.now - begin) / 2 if found.get(version.key) else begin
        same = Deployment.id == version.deployment_id
        uow.connection.execute(update(Deployment).where(same).values(deployed_at=at))
        changed = update(DefinitionVersion).where(DefinitionVersion.id == version.id)
        uow.connection.execute(changed.values(published_at=at))
        found.setdefault(version.key, []).append((str(version.id), version.number))
    return found


def _set_classes(uow: UnitOfWork) -> None:
    """Give services a class, with its usual bound, at an instant of the past: nobody was a member then."""
    for key, chosen in CLASSES.items():
        bound = cases.BOUNDS[chosen]
        changed = update(Definition).where(Definition.key == key)
        uow.connection.execute(changed.values(service_class=chosen, serve_within=bound))
        unit = uow.connection.execute(select(Definition.unit_id).where(Definition.key == key)).scalar_one()
        said = {"definition": key, "class": chosen, "bound": bound}
        administration_log.note(uow, "service.classed", unit, said)


def _set_rates(uow: UnitOfWork, first: date) -> None:
    """State what an hour costs, and how many hours a week the people of the past had."""
    for role, amount in HOURLY.items():
        rates.set_rate(uow, NewRate("root", role, "cost", amount, "IRR", first))
    for post in people.POSTS:
        hours = post.people * WEEKLY
        rates.set_rate(uow, NewRate(post.unit, post.role, "capacity", hours, None, first))


def _delegations(uow: UnitOfWork) -> Mapping[tuple[str, str], str]:
    found = select(Delegation.id, Delegation.elements, Unit.key).join(Unit, Unit.id == Delegation.delegate_id)
    rows = uow.connection.execute(found).all()
    return {(element, row.key): str(row.id) for row in rows for element in row.elements}


def _groups(uow: UnitOfWork, past: Past) -> Groups:
    """Create the candidate groups of all tasks."""
    found: dict[tuple[str, str, str], str] = {}
    for key, places in OFFICES.items():
        services = [*(service for service, _ in PATHS.values()), OBJECTION]
        works = [work for service in services if service.key == key for work in service.works]
        for office in (past.world.offices[place] for place in places or OFFICES[LICENCE]):
            made = CandidateGroups(CaseScope(UUID(office.id), key, key == PERMIT))
            for work in works:
                if work.side == "delegate":
                    delegation = past.world.delegations.get((work.element, str(work.unit)))
                    group = delegation and made.delegate_group(UUID(delegation), str(work.unit))
                else:
                    group = made.group_for([(work.role, work.unit)])
                if group:
                    found[key, office.key, work.element] = str(group)
            found[key, office.key, f"escalation {office.key}"] = str(made.group_for([("supervisor", None)]))
            made.write(uow)
            finish(uow.session)
    return found


def _stories(rng: Random, past: Past) -> list[Story]:
    number = numbered(past.numbering, next(iter(past.world.offices.values())).offset)
    paths = [name for name, (service, _) in PATHS.items() if _known(service, past)]
    stories: list[Story] = []
    is_stalled = False
    for count in range(1, CASES + 1):
        path = rng.choices(paths, [PATHS[name][1] for name in paths])[0]
        started = _started(rng, past)
        story = _begin(rng, past, path, started, number(started, past.first_number + count))
        plan = _plan(rng, path, story)
        if not is_stalled and _may_stall(story, path):
            plan, is_stalled = Plan(plan.outcome, stalled=STALLED[2]), True
        compose(story, past.world, plan)
        if story.ended is not None:
            stories.append(story)
            stories += _appeals(rng, past, story, number(started, past.first_number + CASES + count))
    return stories


def _may_stall(story: Story, path: str) -> bool:
    office, of, _, days = STALLED
    return (story.office.key, path) == (office, of) and story.started < story.until - days * DAY


def _appeals(rng: Random, past: Past, story: Story, number: str) -> list[Story]:
    """Return the appeal of a case, if it is appealed and there was time to decide it."""
    refused = story.service.key == LICENCE and story.outcome == "refused" and story.ended is not None
    if not refused or rng.random() >= APPEALED:
        return []
    begun = (story.ended or 0) + int(rng.uniform(1, 9) * DAY)
    if begun > past.until - DECIDED_WITHIN:
        return []
    version, _ = past.versions[OBJECTION.key][-1]
    made = Story(
        *(OBJECTION, story.office, rng, number, story.applicant, story.person),
        *(begun, past.until, version),
    )
    made.data = {"reasons": REASONS}
    made.subject = REASONS
    outcome = "refused" if rng.random() < OBJECTION.refusals else "granted"
    appeal(story, made, past.world, Plan(outcome))
    return [made]


def _known(service: Service, past: Past) -> bool:
    """Return whether the process was deployed, and its steps delegated."""
    delegated = all(
        (work.element, str(work.unit)) in past.world.delegations
        for work in service.works
        if work.side == "delegate"
    )
    return service.key in past.versions and delegated


def _started(rng: Random, past: Past) -> int:
    """Return an instant of the last three months, by day."""
    offset = next(iter(past.world.offices.values())).offset
    day = (past.until + offset) // DAY * DAY - offset - rng.randrange(1, DAYS) * DAY
    return day + int(rng.triangular(7, 23, 11) * HOUR)


def _begin(rng: Random, past: Past, path: str, started: int, number: str) -> Story:
    service = PATHS[path][0]
    versions = past.versions[service.key]
    former = len(versions) > 1 and started < past.until - DAYS * DAY // 2
    version, version_number = versions[0 if former else -1]
    service = EARLIER[path] if former else service
    places = OFFICES[service.key]
    office = past.world.offices[rng.choices(list(places), list(places.values()))[0]]
    actor, person = rng.choice(past.applicants)
    story = Story(
        *(replace(service, version=version_number), office, rng, number, actor, person),
        *(started, past.until, version),
    )
    story.channel = rng.choices(("online", "assisted", "phone"), (8, 2, 1))[0]
    if story.channel == "online":
        story.begun = started - int(rng.uniform(3, 120) * MINUTE)
    story.data, story.subject = _said(rng, service.key, person)
    return story


def _said(rng: Random, key: str, person: str) -> tuple[Mapping[str, str], str]:
    """Return the data and the subject of a case."""
    if key == LICENCE:
        shop = f"{rng.choice(SHOPS)} {rng.choice(FLOWERS)}"
        return {"national_id": person, "shop_name": shop}, shop
    if key == PERMIT:
        parcel = str(rng.randrange(11_007_000, 11_009_000))
        return {"national_id": person, "parcel": parcel}, parcel
    address = f"خیابان {rng.choice(FLOWERS)}، پلاک {rng.randrange(1, 200)}"
    return {"national_id": person, "new_address": address}, address


def _plan(rng: Random, path: str, story: Story) -> Plan:
    """Return what is unusual: each office has another weakness, which the reports should name."""
    service, office = story.service, story.office.key
    outcome = "refused" if rng.random() < service.refusals else next(iter(service.ends))
    late: dict[str, float] = {}
    if path == "inspection" and rng.random() < 0.35:
        late = {"inspect_premises": rng.uniform(105, 160)}  # the health network has too few inspectors
    if service.key == PERMIT and office == "municipality-isfahan" and rng.random() < 0.4:
        late = {"plan-review/check_plans": rng.uniform(300, 380)}
    if service.key == LICENCE and outcome == "granted" and rng.random() < 0.05:
        late = {**late, "issue_licence": rng.uniform(4, 50)}  # the licence portal does not answer
    silent = path in ("desk", "incomplete") and office == "guild-isfahan" and rng.random() < 0.2
    return Plan(
        outcome,
        late,
        corrections=int(service.key == PERMIT and rng.random() < 0.2),
        suspended=rng.random() < 0.02,
        withdrawn="withdrawn" in service.effects and rng.random() < 0.04,
        retried=rng.random() < 0.08,
        silent=silent,
        stars=rng.choices((1, 2, 3, 4, 5), (2, 1, 2, 4, 5))[0] if rng.random() < 0.4 else None,
        unplanned=rng.choice(("information", "document_original")) if rng.random() < 0.1 else None,
        called="information" if rng.random() < 0.05 else None,
    )
