"""What the log of a case states about the sources of its first answers: names, never values."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

from engine.events import Fact
from engine.platform.db import UnitOfWork
from engine.portal.evidence.states import Fetch


def origins(
    uow: UnitOfWork,
    known: tuple[Literal["login", "portal"], Collection[str]],
    fetched: Sequence[Fetch],
    answers: Mapping[str, Any],
) -> Sequence[Fact]:
    """Returns the answers of a case that nobody has typed: those of the login, and those of each request.

    `known` are the fields that the login has filled, or the portal that named the person; `fetched` the
    accepted requests with unchanged values.
    """
    source, names = known
    fields = _fields(names, answers)
    found = [Fact("data.prefilled", facts={"source": source, "fields": fields})] if fields else []
    return [*found, *_fetched(uow, fetched, answers)]


def _fetched(uow: UnitOfWork, fetched: Sequence[Fetch], answers: Mapping[str, Any]) -> Iterator[Fact]:
    for one in fetched:
        fields = _fields(one.values or (), answers)
        if fields:
            declared = uow.connectors.get(f"{one.connector}/{one.operation}", {})
            facts = {
                **{"source": "registry", "fields": fields, "type": one.type, "evidence": one.id},
                **{"connector": one.connector, "operation": one.operation, "fetched_at": one.answered_at},
                **{name: declared.get(name) for name in ("agency", "agency_name", "legal_basis")},
            }
            yield Fact("data.prefilled", facts=facts)


def _fields(names: Collection[str], answers: Mapping[str, Any]) -> str:
    return ",".join(sorted(name for name in names if answers.get(name) is not None))
