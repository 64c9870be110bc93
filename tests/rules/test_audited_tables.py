"""Each table of the database is verified, or there is a reason why not; the document says the same."""

import pytest

from engine.events.administration_log import RECORDED
from engine.models import Base
from engine.oversight.audit.tables import BY_DIGEST, BY_EVENTS, CHAINED, UNVERIFIED
from engine.oversight.replay import compared_columns
from engine.platform.config import ROOT

DOCUMENT = (ROOT / "docs" / "audit.md").read_text()
GROUPS = {
    "chain": CHAINED,
    "events": frozenset(BY_EVENTS),
    "administration log": frozenset(RECORDED),
    "digest": BY_DIGEST,
}


def test_each_table_has_its_place() -> None:
    listed = [name for names in (*GROUPS.values(), UNVERIFIED) for name in names]
    assert sorted(listed) == sorted(Base.metadata.tables)


def test_each_column_of_a_compared_case_is_compared_or_has_a_reason() -> None:
    compared = compared_columns()
    for name, reasons in BY_EVENTS.items():
        excused = [column for columns in reasons for column in columns.split()]
        named = sorted([*compared[name], *excused])
        assert named == sorted(column.name for column in Base.metadata.tables[name].columns), name


@pytest.mark.parametrize("group", [*GROUPS, "none"])
def test_document_lists_the_tables(group: str) -> None:
    rows = [line.split("|") for line in DOCUMENT.splitlines() if line.startswith(f"| {group} |")]
    named = {name.strip(" `") for row in rows for name in row[2].split(",")}
    assert named == set(GROUPS.get(group, UNVERIFIED))
