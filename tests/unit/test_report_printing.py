"""The PDF of a report has the beginnings of long tables, so that each report can be printed."""

from datetime import UTC, date
from typing import Any
from uuid import uuid4

import pytest

from engine.oversight import reports
from engine.oversight.reports import ReportView, Words
from engine.platform.language import Language, Reader
from engine.platform.messages import messages
from engine.platform.typesetting import Document, Note, Table
from engine.timeline import INSTALLATION

FIGURE = {"value": None, "cases": 0, "status": "no_data"}
FIGURES = dict.fromkeys(
    ("started", "closed", "visits_planned", "visits_actual", "on_time", "late", "median", "silent"), FIGURE
)
NAMES = {"fa": "نگار", "en": "Negar"}


def a_service(number: int) -> dict[str, Any]:
    named = {"name_fa": f"خدمت {number}", "name_en": f"Service {number}", "unit_name": "اداره | Office"}
    return {**named, "yearly_volume": number or None, "reason": "law", "text": ""}


def an_action(number: int, text: str) -> dict[str, Any]:
    known = {"text": f"{number} {text}", "owner_names": NAMES, "due": "2026-06-01", "cause": None}
    return {**known, "status": "open", "reason": None, "overdue": number < 10}


def printed(language: Language, services: int, actions: int, text: str) -> Document:
    content: dict[str, Any] = {
        **{"unit_name": "اداره | Office", "edition": 1, "reason": None, "as_of": "2026-06-02"},
        **{"summary": text * 10, "comments": {}, "writers": [], "nothing": True, "figures": FIGURES},
        "before": {"figures": FIGURES},
        "services": {"online": 0, "total": services, "missing": [a_service(one) for one in range(services)]},
        **{"causes": [], "silence": [], "commitments": [], "actions": []},
        "earlier_actions": [an_action(one, text) for one in range(actions)],
    }
    period = reports.find(date(2026, 5, 1), date(2026, 5, 31))
    assert period is not None
    row: Any = {"id": uuid4(), "signed_at": None}
    stored: Any = None
    view = ReportView(stored, row, period, content, "0" * 64, True, True, [])
    return reports.document(view, language, UTC)


def said(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Note)]


def test_a_register_of_thousands_and_many_actions_are_printed() -> None:
    document = printed("en", 5_000, 1_200, "word " * 199)
    tables = [block for block in document.blocks if isinstance(block, Table)]
    services, actions = tables[0], tables[-1]
    assert [row[0] for row in services.rows[:2]] == ["Service 4999", "Service 4998"]
    assert actions.rows[0][3] == "overdue"
    left = 1_200 - len(actions.rows)
    notes = said(document)
    assert "… and 4,750 more services: see the page of this report." in notes
    assert f"… and {left:,} more actions: see the page of this report." in notes
    assert reports.pdf(document).startswith(b"%PDF")


def test_a_short_report_is_printed_wholly() -> None:
    document = printed("fa", 3, 2, "متن")
    assert [len(block.rows) for block in document.blocks if isinstance(block, Table)] == [3, 2]
    assert not any("…" in note for note in said(document))


def test_the_file_is_called_by_unit_and_period() -> None:
    assert printed("en", 0, 0, "").title == "Progress report: Office, May 2026"
    assert printed("fa", 0, 0, "").title == "گزارش پیشرفت: اداره، مهٔ ۲۰۲۶"


def test_a_short_time_is_not_called_zero_minutes() -> None:
    words = Words(messages(Reader("en", "gregorian", None)))
    assert [words.length(ms) for ms in (0, 20_000, 60_000)] == ["0", "under a minute", "1 minute"]


@pytest.mark.parametrize(("language", "name"), [("en", "this installation"), ("fa", "همین سامانه")])
def test_an_outage_is_that_of_this_installation(language: Language, name: str) -> None:
    words = Words(messages(Reader(language, "gregorian", None)))
    failure = {"bucket": "technical_failure", "party_names": []}
    assert words.party({**failure, "party": INSTALLATION}) == name
    assert words.party({**failure, "party": ""}) == words.say("causes.no-party")  # of a step's own incident


def test_texts_of_many_lines_leave_room_for_others() -> None:
    document = printed("fa", 250, 250, "a\n" * 490)
    assert reports.pdf(document).startswith(b"%PDF")
