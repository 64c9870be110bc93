"""What a problem document says about a refusal, and what is for pages only."""

from collections import Counter
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, ValidationError

from api import problems
from engine.platform.config import ROOT, Settings
from engine.platform.errors import (
    Conflict,
    Fault,
    Invalid,
    NotFound,
    NotInstalled,
    NotRecognised,
    PdfTooLarge,
    Refusal,
    Rejected,
    TypesettingFailed,
    Uncertain,
)
from engine.platform.findings import Finding
from engine.platform.messages import catalogue, refusals
from tests.catalogues import speaking
from web.application import create


def answer(error: Exception, accepted: str | None = None) -> Any:
    app = create(Settings.read({"DATABASE_URL": "postgresql+psycopg://nowhere/none"}))
    headers = {"Accept-Language": accepted} if accepted else {}
    with app.test_request_context("/api/v1/cases", headers=headers):
        return app.make_response(app.handle_user_exception(error))


def told(refusal: Refusal, accepted: str | None = None) -> Any:
    return answer(refusal, accepted).get_json(force=True)


def test_a_fault_is_told_by_its_place_its_detail_and_its_code() -> None:
    fault = Fault("/data/name", "may have 3 characters at most", "maxLength", {"count": 3})
    assert told(Invalid("The data does not match the form.", [fault]))["errors"] == [
        {
            "pointer": "/data/name",
            "detail": "may have 3 characters at most",
            "code": "maxLength",
            "values": {"count": 3},
        }
    ]


def test_a_conflict_is_told_by_the_present_state_and_a_code() -> None:
    document = told(Conflict("Somebody else has it.", code="task-claimed", task={"status": "open"}))
    assert document["state"] == {"task": {"status": "open"}}
    assert document["type"] == problems.TYPE + "conflict"
    assert document["code"] == "task-claimed"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("*", "en"),
        ("fr", "en"),
        ("en-GB, fa;q=0.5", "en"),
        ("fa", "fa"),
        ("fa-IR, en;q=0.9", "fa"),
        ("fa;q=0, de", "en"),
        ("en;q=0, de", "fa"),
        ("en;q=0, fa;q=0", "en"),
        ("en;q=0.1, FA;q=0.2", "fa"),
    ],
)
def test_a_problem_is_told_in_the_callers_language(accepted: str | None, language: str) -> None:
    response = answer(NotFound("The case 1 does not exist."), accepted)
    document = response.get_json(force=True)
    assert (response.headers["Content-Language"], response.headers["Vary"]) == (language, "Accept-Language")
    assert (document["type"], document["code"]) == (problems.TYPE + "not-found", "not-found")
    assert (document["title"], document["detail"]) == {
        "en": ("Not found", "The case 1 does not exist."),
        "fa": ("یافت نشد", "موردی با این مشخصات یافت نشد یا اجازهٔ دیدن آن را ندارید."),
    }[language]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (NotInstalled, "not-installed"),
        (TypesettingFailed, "typesetting-failed"),
    ],
)
def test_without_a_pdf_the_code_says_why_and_nobody_is_asked_to_repeat(
    kind: type[Refusal], code: str
) -> None:
    response = answer(kind("2,000 rows"), "fa")
    document = response.get_json(force=True)
    assert (response.status_code, document["type"]) == (503, problems.TYPE + "pdf-unavailable")
    assert (document["code"], "Retry-After" in response.headers) == (code, False)
    assert "PDF" in document["detail"]


def test_what_is_too_large_for_a_pdf_is_no_failure_of_the_server() -> None:
    response = answer(PdfTooLarge("2,000 rows"), "fa")
    document = response.get_json(force=True)
    assert (response.status_code, document["type"]) == (422, problems.TYPE + "pdf-too-large")
    assert "PDF" in document["detail"]


def test_faults_are_told_in_the_callers_language_with_their_limits() -> None:
    known, unknown = Fault("/data/a", "x", "maxLength", {"count": 3}), Fault("/data/b", "only so", "no-such")
    document = told(Invalid("The data does not match the form.", [known, unknown]), "fa")
    assert [fault["detail"] for fault in document["errors"]] == ["حداکثر ۳ نویسه بنویسید.", "only so"]
    assert document["errors"][0]["values"] == {"count": 3}


def test_findings_are_told_in_the_callers_language_with_code_and_values() -> None:
    found = Finding("error", "no-bpmn", "", "There is none.", "Upload one.")
    (persian,) = told(Rejected("It will not run.", [found]), "fa")["findings"]
    assert (persian["code"], persian["reason"]) == ("no-bpmn", "فایل BPMN در میان فایل‌ها نیست.")
    assert persian["fix"] == "یک فایل با پسوند .bpmn بارگذاری کنید."


class Body(BaseModel):
    name: Annotated[str, Field(max_length=3)]
    kind: Literal["a", "b"]
    start: UUID


def test_what_does_not_fit_a_request_is_told_in_the_callers_language() -> None:
    with pytest.raises(ValidationError) as wrong:
        Body.model_validate({"name": "long", "kind": "secret", "start": "secret"})
    response = answer(problems.Malformed("body", wrong.value), "fa")
    errors = response.get_json(force=True)["errors"]
    assert [fault["detail"] for fault in errors] == [
        "این مقدار می‌تواند حداکثر ۳ نویسه داشته باشد.",
        "مقدارهای مجاز: a, b.",
        "این مقدار باید UUID باشد.",
    ]
    assert errors[0]["values"] == {"count": 3}
    assert b"secret" not in response.data


@pytest.mark.parametrize("accepted", ["en", "fa"])
def test_every_kind_of_problem_has_a_title(accepted: str) -> None:
    texts = speaking(accepted)
    names = {name for _, name in problems._KINDS.values()} | set(problems._NAMES.values())
    written = {"unauthorized", "other-release", "http"}
    assert {key.split(".")[1] for key in catalogue().texts if key.startswith("problems.")} == names | written
    assert not {name for name in names | written if not texts.find(f"problems.{name}.title")}
    details = set(problems._NAMES.values()) | written
    assert not {name for name in details if not texts.find(f"problems.{name}.detail")}


def test_a_type_that_one_refusal_has_is_its_code_too() -> None:
    """Programs that know one know the other; a code that says more than its type is documented."""
    written = "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("api.md", "problems.md"))
    without_code = {NotRecognised, Uncertain}
    kinds = {kind: name for kind, (_, name) in problems._KINDS.items() if kind not in without_code}
    of_type = Counter(kinds.values())
    codes = {refusals.name(kind): name for kind, name in kinds.items()}
    assert not {code: name for code, name in codes.items() if code != name and of_type[name] == 1}
    assert not {code for code in codes if f"`{code}`" not in written and f":{code}`" not in written}
