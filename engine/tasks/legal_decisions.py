"""Legal decisions: recording them with their task, and excluding earlier deciders from appeals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, insert, select

from engine import access, cases, definitions
from engine.bpmn import TaskRules, outcomes
from engine.definitions import forms
from engine.events import Fact
from engine.identity import names
from engine.models import Case, Decision, DefinitionVersion, Task, Unit, User
from engine.organisation import eligibility, units
from engine.platform import jobs
from engine.platform.db import UnitOfWork, table, values_of
from engine.platform.errors import Fault, FirstDecider, Invalid
from engine.platform.ids import uuid7
from engine.tasks.locked_task import LockedTask

_DECISIONS = table(Decision)
_OTHERS = ("appeal_id", "silent_units")
_INSERT = insert(_DECISIONS).values(
    values_of(_DECISIONS, "decision", (column.key for column in _DECISIONS.c if column.key not in _OTHERS))
)


@dataclass(frozen=True, slots=True)
class LegalDecision:
    """The legal decision in an answer, with its grounds."""

    outcome: str
    grounds: Sequence[Mapping[str, str]]


def read_decision(held: LockedTask, rules: TaskRules, answer: Mapping[str, Any]) -> LegalDecision | None:
    """Returns the legal decision in an answer; None if its task makes none.

    Raises Invalid for a decision without an outcome, and for a refusal without legal grounds, whatever the
    form requires. Where the process declares outcomes, the answer must have one of them.
    """
    if rules.decision is None or held.row.kind != "step":
        return None
    outcome = outcomes.text_of(answer.get(rules.decision))
    if not 0 < len(outcome) <= outcomes.MAX_OUTCOME:
        detail = f"must contain the outcome of the decision, in 1 to {outcomes.MAX_OUTCOME} characters"
        raise Invalid("The decision needs an outcome.", [Fault(f"/data/{rules.decision}", detail, "outcome")])
    forms.require_ground({rules.decision: rules.outcomes}, answer, answer)
    return LegalDecision(outcomes.law_word(outcome), outcomes.grounds(answer))


def record(uow: UnitOfWork, held: LockedTask, decision: LegalDecision | None) -> list[Fact]:
    """Records a legal decision with its task. Returns the facts for the log."""
    if decision is None:
        return []
    case, task_id = held.case, held.row.task_id
    decision_id = uuid7()
    row = {
        "id": decision_id,
        "case_id": case.id,
        "task_id": task_id,
        "decided_by": uow.actor.id,
        "unit": case.acting or uow.actor.unit,
        "outcome": decision.outcome,
        "grounds": list(decision.grounds),
        "decided_at": uow.now,
    }
    uow.write(_INSERT, {f"decision__{name}": value for name, value in row.items()})
    if case.home.appeal_of is not None:
        jobs.defer(uow, "tell_appealed", queue="cases", decision_id=decision_id)
    payload = {"decision": decision_id, "outcome": decision.outcome, "grounds": row["grounds"]}
    return [Fact("decision.made", held.row.element, task_id, payload, _stated(uow, held, decision))]


def _stated(uow: UnitOfWork, held: LockedTask, decision: LegalDecision) -> dict[str, str | None]:
    """Returns what the log states of a decision: declared words only. Any other text may be personal."""
    spec = definitions.spec(uow.session, held.case.version)
    effect = spec.effect_of(decision.outcome, held.row.element)
    form = spec.elements[held.row.element].form
    fields = [one for field in (form.fields if form else ()) for one in (field, *field.fields)]
    declared = {choice.value for field in fields for choice in field.choices}
    codes = [code for one in decision.grounds if (code := one.get("code")) in declared]
    return {
        "outcome": decision.outcome if effect else None,
        "effect": effect,
        "grounds": ",".join(filter(None, codes)) or None,
    }


def require_other_decider(uow: UnitOfWork, held: LockedTask, *, completing: bool) -> None:
    """Raises FirstDecider for those who took part in a decision that this case appeals.

    The attempt is logged.
    """
    if is_first_decider(uow, held, uow.actor.id):
        payload = {"reason": "first-decider", "at": "complete" if completing else "claim"}
        cases.note(uow, held.case, [Fact("task.blocked", held.row.element, held.row.task_id, payload)])
        raise FirstDecider(
            "You took part in the decision that is being appealed. Another person has to handle this case."
        )


def is_first_decider(uow: UnitOfWork, held: LockedTask, user_id: UUID) -> bool:
    """Returns whether an account took part in a decision that the task's case appeals."""
    return user_id in eligibility.find_deciders(uow, held.case.home.appeal_of, [user_id])


_SHOWN = (
    Decision.id,
    Decision.task_id,
    Task.name.label("task_name"),
    Task.element,
    Decision.decided_by.label("decider_id"),
    User.name.label("decider"),
    names.of().label("decider_name"),
    Decision.unit,
    select(Unit.name).where(Unit.key == Decision.unit).scalar_subquery().label("unit_name"),
    Decision.outcome,
    Decision.grounds,
    Decision.decided_at,
    Decision.appeal_id,
    Decision.silent_units,
    units.names_of(Decision.silent_units).label("silent_names"),
)
_VERSION = [column.label(f"version_{column.key}") for column in definitions.VERSION]


@lru_cache
def _of_case(role: str) -> Select[Any]:
    return (
        select(Case.id.label("case_id"), *_SHOWN, *_VERSION)
        .select_from(Case)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .outerjoin(Decision, Decision.case_id == Case.id)
        .outerjoin(Task, Task.id == Decision.task_id)
        .outerjoin(User, User.id == Decision.decided_by)
        .where(Case.id == bindparam("case"), access.visible_cases(role))
        .order_by(Decision.id)
        .limit(cases.PAGE)
    )


def decisions(uow: UnitOfWork, case_id: UUID) -> Sequence[Mapping[str, Any]]:
    """Returns the legal decisions of a case, oldest first, each with its `effect`.

    Only those who work on cases see the decider; the applicant's side sees the unit. One by silence has
    neither task nor decider, but `silent_units`. Raises NotFound for cases that the actor may not see.
    """
    access.require(uow.actor, "cases.read")
    given = {"case": case_id, **access.seen_by(uow)}
    rows = uow.connection.execute(_of_case(uow.actor.role), given).mappings().all()
    if not rows:
        raise cases.explain_refusal(uow, cases.unknown(case_id), case=case_id)
    cases.require_not_own(uow, case_id)
    if rows[0]["id"] is None:
        return []
    version = definitions.Version(*(rows[0][column.name] for column in _VERSION))
    spec = definitions.spec(uow.session, version)
    return [{**row, "effect": spec.effect_of(row["outcome"], row["element"])} for row in rows]
