"""Commitments of agencies, measured by the figures of oversight, and the register of their services.

`states` says what became of a commitment, `measuring` reads the figures of many at once, `reading` returns
them, `online` counts services. docs/commitments.md explains it, docs/decisions/0088-commitments.md why.
"""

from engine.oversight.commitments.commands import amend, explain, make, withdraw
from engine.oversight.commitments.files import csv_of_commitments
from engine.oversight.commitments.inputs import NewCommitment
from engine.oversight.commitments.measuring import numbers_of_units
from engine.oversight.commitments.online import (
    Service,
    ServicesOnline,
    register_now,
    registers,
    service_now,
    services_online,
)
from engine.oversight.commitments.reading import (
    Commitments,
    Explanation,
    MeasuredCommitment,
    Person,
    Version,
    list_commitments,
    measured,
    measured_in,
    one_measured,
)
from engine.oversight.commitments.register import (
    NewService,
    change_service,
    link_service,
    register_service,
    remove_service,
)
from engine.oversight.commitments.register_files import Imported, export_csv, import_csv
from engine.oversight.commitments.register_rows import COLUMNS
from engine.oversight.commitments.states import EXPLAIN_WITHIN, MonthValue
from engine.oversight.commitments.vocabulary import (
    CAUSES,
    KINDS,
    MEASURES,
    METRICS,
    REASONS,
    Direction,
    Measure,
    TargetKind,
)

__all__ = [
    "CAUSES",
    "COLUMNS",
    "EXPLAIN_WITHIN",
    "KINDS",
    "MEASURES",
    "METRICS",
    "REASONS",
    "Commitments",
    "Direction",
    "Explanation",
    "Imported",
    "Measure",
    "MeasuredCommitment",
    "MonthValue",
    "NewCommitment",
    "NewService",
    "Person",
    "Service",
    "ServicesOnline",
    "TargetKind",
    "Version",
    "amend",
    "change_service",
    "csv_of_commitments",
    "explain",
    "export_csv",
    "import_csv",
    "link_service",
    "list_commitments",
    "make",
    "measured",
    "measured_in",
    "numbers_of_units",
    "one_measured",
    "register_now",
    "register_service",
    "registers",
    "remove_service",
    "service_now",
    "services_online",
    "withdraw",
]
