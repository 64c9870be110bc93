"""Which variables of a running case can be set, and to what: as its process and its forms declare them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import bpmn, cases
from engine.bpmn import Form, Spec, outcomes
from engine.bpmn.forms import documents_in
from engine.bpmn.values import differing, plain
from engine.cases import working_time
from engine.cases.proposals.rows import outdated
from engine.definitions import forms
from engine.models import Deployment
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Place:
    """A scope of a case: the case itself, or one inside it. `prefix` begins the paths of its elements."""

    token: UUID | None
    path: str | None
    prefix: str
    variables: Mapping[str, Any]


def find_place(uow: UnitOfWork, case: cases.LockedCase, spec: Spec, token: UUID | None) -> Place:
    """Returns a scope of a running case. Raises NotFound if the case has no such scope (any more)."""
    state = cases.require_active(case)
    if token is None:
        return Place(None, None, "", case.data)
    for scope in bpmn.inner_scopes(spec, state, uow.now):
        if scope.token == token:
            return Place(token, scope.path, scope.prefix, scope.variables)
    raise NotFound(f"The case has no scope {token}.")


def checked(
    uow: UnitOfWork, case: cases.LockedCase, seen: cases.Seen, place: Place, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the variables that would change, as the case stores them.

    Raises Invalid for names that the process or the actor doesn't know or that only the engine sets, for
    values that no form accepts, and for data that are too large.
    """
    _require_settable(uow, case, seen, place, data)
    around = {**place.variables, **data}
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for name in data:
        declaring = _declaring(seen.spec, place, name)
        try:
            found[name] = forms.check_variable(declaring, name, around)
        except Invalid as refusal:
            faults += refusal.faults
            continue
        faults += _new_documents(declaring, place, {name: found[name]})
    if faults:
        raise Invalid("The data does not match the forms of the process.", faults)
    if place.token is None:
        found = forms.declared(seen.spec.outcome_variables, found)
        after = {**case.data, **found}
        # Who removes the ground of a refusal refuses without one.
        answer = after if outcomes.grounds(case.data) else found
        forms.require_ground(seen.spec.outcome_variables, answer, after)
    cases.require_size({**case.data, **place.variables, **found})
    changed = differing(plain(dict(place.variables)), found)
    if not changed:
        raise Invalid("Nothing would change.", [Fault("/data", "has the present values", "unchanged")])
    return changed


def apply_variables(
    uow: UnitOfWork, case: cases.LockedCase, seen: cases.Seen, change: Mapping[str, Any]
) -> tuple[bpmn.Step, Mapping[str, Any]]:
    """Returns the step that sets proposed variables, and what the log says of it.

    Raises Conflict if a value is another than when the change was proposed, its scope has ended, or the
    process would no longer accept the proposal: in another version, or after another change.
    """
    token = change["scope"] and UUID(change["scope"])
    try:
        place = find_place(uow, case, seen.spec, token)
    except NotFound as gone:
        raise outdated("The part of the case to which the variables belong has ended.") from gone
    data, before = change["data"], change["before"]
    present = plain({name: place.variables[name] for name in data if name in place.variables})
    if differing(before, present) or differing(present, before):
        raise outdated("A variable has changed since the change was proposed.")
    try:
        again = checked(uow, case, seen, place, data)
    except Invalid as refusal:
        raise outdated("The process would no longer accept the change.") from refusal
    if plain(again) != data:
        raise outdated("The process would no longer store the values that were proposed.")
    counted = working_time.counted(uow, case.home.unit_id, seen.spec)
    step = bpmn.set_variables(counted, cases.require_active(case), token, data, uow.now)
    return step, cases.scoped({"changes": data, "before": before}, data, step.scopes)


def _require_settable(
    uow: UnitOfWork, case: cases.LockedCase, seen: cases.Seen, place: Place, data: Mapping[str, Any]
) -> None:
    if not data:
        raise Invalid("Name at least one variable.", [Fault("/data", "contains no variable", "required")])
    known = set(place.variables)
    if place.token is None:
        known.update(_declared(uow, case, seen.spec))
    faults = []
    for name in data:
        pointer = "/data/" + name.replace("~", "~0").replace("/", "~1")
        if name in bpmn.COUNTERS:
            faults.append(Fault(pointer, "is set by the engine alone", "reserved"))
        elif name not in known or name not in seen.cut({name: data[name]}):
            faults.append(Fault(pointer, "is not a variable of this part of the case", "unknown-variable"))
    if faults:
        raise Invalid("These variables can't be set.", faults)


def _new_documents(declaring: Iterable[Form], place: Place, data: Mapping[str, Any]) -> Iterator[Fault]:
    """Yields the documents in these variables that they don't contain already: nobody has checked those."""
    for form in declaring:
        present = Counter(
            (one.field.pointer, str(one.value)) for one in documents_in(form.fields, place.variables)
        )
        for one in documents_in(form.fields, data):
            document = (one.field.pointer, str(one.value))
            present[document] -= 1
            if present[document] < 0:
                detail = "is not a document of this field: upload a file at a task"
                yield Fault(f"/data{one.pointer}", detail, "document-unknown")


def _declared(uow: UnitOfWork, case: cases.LockedCase, spec: Spec) -> Iterator[str]:
    """Yields the names that forms and the process declare, or that its elements use."""
    yield from spec.process.data_objects
    for element in spec.elements.values():
        if element.form is not None and "/" not in element.path:
            yield from element.form.schema.get("properties", {})
    report = select(Deployment.report).where(Deployment.id == case.version.deployment_id)
    for owner in uow.connection.execute(report).scalar_one().get("owners", ()):
        if owner["kind"] == "case" and owner["process"] == spec.key:
            yield from owner["variables"]


def _declaring(spec: Spec, place: Place, name: str) -> list[Form]:
    """Returns the forms in a scope's process in which a variable can be answered."""
    return [
        element.form
        for path, element in spec.elements.items()
        if element.form is not None
        and path.rpartition("/")[0] == place.prefix.rstrip("/")
        and element.form.schema.get("properties", {}).get(name, {"not": {}}).get("not") != {}
    ]
