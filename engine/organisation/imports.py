"""Imports units and people from a file, all or nothing. Existing ones are not changed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import RowMapping, select

from engine.identity import accounts, profiles
from engine.models import Membership, Substitution, Unit, User
from engine.organisation import people, recorded_changes, substitutes, units
from engine.organisation.import_files import Reading, Row
from engine.organisation.people import NewPerson, Work
from engine.organisation.substitutes import Leave
from engine.organisation.units import NewUnit
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, Refusal
from engine.platform.messages.phrases import Phrase
from engine.platform.messages.refusals import text_of

Done = Counter[str]
Apply = Callable[[UnitOfWork, Mapping[str, Any]], str | None]
# The names of values in commands, and in files.
_NAMES = {"valid_from": "from", "valid_to": "to"}


def apply(uow: UnitOfWork, reading: Reading, more: Mapping[str, Apply] | None = None) -> Done:
    """Applies the file. Returns how often each thing was done.

    `more` handles rows of other kinds. Raises Invalid with everything that cannot be done, and its place.
    """
    faults, done = list(reading.faults), Done()
    acts: Mapping[str, Apply] = {
        "units": _unit,
        "works": _work,
        "substitutes": _substitute,
        **(more or {}),
    }
    for name, act in acts.items():
        for row in getattr(reading, name):
            if row.sound:
                try:
                    done[act(uow, row.values) or "unchanged"] += 1
                except Refusal as refusal:  # before anything was written
                    faults += _faults_of(row, refusal)
    if faults:
        raise Invalid("Nothing was imported.", faults)
    return done


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How often `apply` would do each thing, and the newest log records that it would write."""

    done: Done
    records: Sequence[RowMapping]


def rehearse(uow: UnitOfWork, reading: Reading, more: Mapping[str, Apply] | None = None) -> Rehearsal:
    """Returns what `apply` would do; writes nothing. Raises as `apply` does."""
    done, tried = Done(), Refusal("Dry run: nothing was imported.")
    records: list[RowMapping] = []

    def part() -> None:
        done.update(apply(uow, reading, more))
        newest = recorded_changes.page(uow, newest=True)
        records.extend(row for row in newest if (row["at"], row["actor_id"]) == (uow.now, uow.actor.id))
        raise tried  # so that everything is rolled back

    outcome = uow.attempt(part)
    if isinstance(outcome, Refusal) and outcome is not tried:
        raise outcome
    return Rehearsal(done, records)


def _faults_of(row: Row, refusal: Refusal) -> list[Fault]:
    """Returns the faults with their places in the file."""
    found = refusal.faults if isinstance(refusal, Invalid) else ()
    faults = []
    for fault in found or [Fault("", refusal.detail, "refused", {"reason": Phrase(*text_of(refusal))})]:
        name = fault.pointer.rpartition("/")[2]
        name = "account" if fault.pointer == "/role" else _NAMES.get(name, name)
        faults.append(replace(fault, pointer=row.at(name if name in row.values else "")))
    return faults


def _unit(uow: UnitOfWork, values: Mapping[str, Any]) -> str | None:
    kind = uow.session.scalars(select(Unit.kind).where(Unit.key == values["key"])).one_or_none()
    if kind is None:
        units.create(uow, NewUnit(**values))
        return "unit.made"
    if kind != values["kind"]:
        raise fixed("/kind", f"is {kind!r} and can't be changed")
    changes = {name: values[name] for name in ("name", "parent", "region") if name in values}
    return "unit.changed" if units.change(uow, values["key"], changes) else None


def fixed(pointer: str, detail: str) -> Invalid:
    """Returns the refusal of a row that contradicts something that cannot be changed."""
    return Invalid("The kind of a unit can't be changed.", [Fault(pointer, detail, "fixed")])


def _work(uow: UnitOfWork, values: Mapping[str, Any]) -> str | None:
    """Adds one membership of a person, creating the account if needed."""
    work = Work(values["unit"], values["role"], values.get("from"), values.get("to"))
    accounts.check(values["name"], values["account"])
    named = select(User).where(User.name == values["name"]).with_for_update(key_share=True)
    user = uow.session.scalars(named).one_or_none()
    profile = {name: values[name] for name in profiles.FIELDS if name in values}
    if user is None:
        new = NewPerson(values["name"], values["account"], values.get("person"), [work], profile)
        people.create(uow, new)
        return "person.made"
    if user.role != values["account"]:
        raise fixed("/role", f"is {user.role!r} and can't be changed")
    profiles.read(profile)  # before anything is written
    known = "person" in values and people.identify(uow, user, values["person"])
    known = people.describe(uow, user, profile) or known
    found = _same(uow, user, work)
    if found is None:
        people.add_membership(uow, user, work, "/memberships/0")
        return "membership.given"
    changes = {"valid_to": work.valid_to, **({"valid_from": work.valid_from} if work.valid_from else {})}
    changed = people.change_span(uow, found, changes)
    return "membership.changed" if changed else "person.changed" if known else None


def _same(uow: UnitOfWork, user: User, work: Work) -> Membership | None:
    """Returns the membership of a row: that of its first day, or else the newest overlapping one."""
    unit = select(Unit.id).where(Unit.key == work.unit).scalar_subquery()
    like = (Membership.user_id == user.id, Membership.unit_id == unit, Membership.role == work.role)
    rows = uow.session.scalars(select(Membership).where(*like).order_by(Membership.valid_from.desc())).all()
    begin = work.valid_from or uow.now
    exact = [row for row in rows if row.valid_from == work.valid_from]
    exact += [row for row in rows if work.valid_from is None and work.valid_to == row.valid_to is not None]
    near = [
        row
        for row in rows
        if (row.valid_to is None or row.valid_to > begin)
        and (work.valid_to is None or row.valid_from < work.valid_to)
    ]
    return next(iter([*exact, *near]), None)


def _substitute(uow: UnitOfWork, values: Mapping[str, Any]) -> str | None:
    absent, substitute = (
        select(User.id).where(User.name == values[name]).scalar_subquery()
        for name in ("absent", "substitute")
    )
    same = select(Substitution).where(
        Substitution.absent_id == absent,
        Substitution.substitute_id == substitute,
        Substitution.valid_from == values["from"],
    )
    found = uow.session.scalars(same).one_or_none()
    if found is None:
        leave = Leave(values["absent"], values["substitute"], values["from"], values["to"])
        substitutes.appoint(uow, leave)
        return "substitution.agreed"
    if found.valid_to == values["to"]:
        return None
    raise fixed("/to", "differs from the existing substitution: end that one and create a new one")
