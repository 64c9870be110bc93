"""Commitments as a CSV file: values and targets in percent, days, as an average or a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from engine.oversight.commitments.reading import MeasuredCommitment
from engine.oversight.metrics import csv_of


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of the file."""

    id: UUID
    unit: str
    text_fa: str
    text_en: str
    legal_basis: str
    metric: str
    definition: str | None
    due: date
    kind: str
    entered: date
    state: str
    reached: date | None
    lost: bool
    month: date | None
    explain_by: date | None
    cause: str | None
    explanation: str | None
    target: float
    target_kind: str
    direction: str
    value: float | None
    status: str


_SAME = tuple(name for name in _Line.__slots__ if name in MeasuredCommitment.__slots__)


def csv_of_commitments(items: Sequence[MeasuredCommitment]) -> bytes:
    """Returns commitments as a file, one line for each."""
    return csv_of([_line(one) for one in items])


def _line(one: MeasuredCommitment) -> _Line:
    values = {name: getattr(one, name) for name in _SAME}
    values |= {
        "target": float(one.version.target),
        "target_kind": one.measure.kind,
        "direction": one.measure.direction,
        "value": None if one.value is None else one.measure.stated(one.value),
        "status": one.figure.status,
    }
    return _Line(**values)
