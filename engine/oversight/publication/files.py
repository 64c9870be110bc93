"""Published statistics as a file: one line for each row of an edition."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

from engine.oversight.publication.reading import Edition
from engine.oversight.publication.rounding import COUNTS
from engine.oversight.publication.rows import TIMES_OF

HIDDEN = "hidden"  # in editions that were published before figures were rounded
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with which a spreadsheet takes a text as a formula
COLUMNS = (
    *("month", "edition", "unit", "unit_fa", "unit_en", "service", "service_fa", "service_en"),
    *(*COUNTS, *TIMES_OF, "grounds", "versions", "fee_amount", "fee_currency", "margin"),
)
Line = tuple[Edition, str, str, Mapping[str, Any]]  # of an agency, and a service or none


def csv_of(lines: Iterable[Line], units: Mapping[str, Mapping[str, str]]) -> bytes:
    """Returns rows as CSV in UTF-8 with a byte order mark, by which spreadsheets know the encoding."""
    into = StringIO(newline="")
    writer = csv.writer(into)
    writer.writerow(COLUMNS)
    for edition, unit, service, figures in lines:
        name = figures.get("name") or {}
        agency = name if not service else units.get(unit) or {}
        fee = figures.get("fee") or {}
        row = {
            **{name: HIDDEN if figures[name] is None else figures[name] for name in COUNTS},
            **{name: figures[name] for name in TIMES_OF},
            **{"month": edition.month.name, "edition": edition.edition, "unit": unit, "service": service},
            **{f"unit_{language}": agency.get(language) for language in ("fa", "en")},
            **{f"service_{language}": name.get(language) if service else None for language in ("fa", "en")},
            "grounds": _grounds(figures.get("grounds", ())),
            "versions": ";".join(str(one["number"]) for one in figures.get("versions", ())),
            **{"fee_amount": fee.get("amount"), "fee_currency": fee.get("currency")},
            "margin": figures.get("margin"),
        }
        writer.writerow([_cell(row[column]) for column in COLUMNS])
    return into.getvalue().encode("utf-8-sig")


def _grounds(found: Sequence[Mapping[str, Any]] | None) -> str:
    """Returns counts before their codes, so that no code begins the cell as a formula would."""
    return HIDDEN if found is None else ";".join(f"{one['count']}:{one['code']}" for one in found)


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
