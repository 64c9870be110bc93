"""Commitments of agencies, measured by the figures of oversight, and the register of their services.

`states` says what became of a commitment, `measuring` reads the figures of many at once, `reading` returns
them, `online` counts services. docs/commitments.md explains it, docs/decisions/0088-commitments.md why.
"""

from engine.oversight.commitments.commands import amend, explain, make, withdraw
from engine.oversight.commitments.inputs import NewCommitment
from engine.oversight.commitments.measuring import numbers_of_units
from engine.oversight.commitments.online import Service, ServicesOnline, registers, services_online
from engine.oversight.commitments.reading import (
    Explanation,
    MeasuredCommitment,
    Version,
    measured,
    measured_in,
    one_measured,
)
from engine.oversight.commitments.states import EXPLAIN_WITHIN, MonthValue
from engine.oversight.commitments.vocabulary import (
    CAUSES,
    MEASURES,
    METRICS,
    REASONS,
    Direction,
    Measure,
    TargetKind,
)

__all__ = [
    "CAUSES",
    "EXPLAIN_WITHIN",
    "MEASURES",
    "METRICS",
    "REASONS",
    "Direction",
    "Explanation",
    "Measure",
    "MeasuredCommitment",
    "MonthValue",
    "NewCommitment",
    "Service",
    "ServicesOnline",
    "TargetKind",
    "Version",
    "amend",
    "explain",
    "make",
    "measured",
    "measured_in",
    "numbers_of_units",
    "one_measured",
    "registers",
    "services_online",
    "withdraw",
]
