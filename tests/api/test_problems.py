"""What a problem document tells of a refusal, and what is for pages alone."""

from typing import Any

from api import problems
from engine.platform.config import Settings
from engine.platform.errors import Conflict, Fault, Invalid, Refusal
from web.application import create


def told(refusal: Refusal) -> Any:
    app = create(Settings.read({"DATABASE_URL": "postgresql+psycopg://nowhere/none"}))
    with app.test_request_context():
        answer = app.handle_user_exception(refusal)
        return app.make_response(answer).get_json(force=True)


def test_a_fault_is_told_by_its_place_its_detail_and_its_code() -> None:
    fault = Fault("/data/name", "may have 3 characters at most", "maxLength", {"count": 3})
    assert told(Invalid("The data do not fit the form.", [fault]))["errors"] == [
        {"pointer": "/data/name", "detail": "may have 3 characters at most", "code": "maxLength"}
    ]


def test_a_conflict_is_told_by_the_present_state_alone() -> None:
    document = told(Conflict("Somebody else has it.", code="task-claimed", task={"status": "open"}))
    assert document["state"] == {"task": {"status": "open"}}
    assert document["type"] == problems.TYPE + "conflict"
    assert "code" not in document
