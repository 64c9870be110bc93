"""Every endpoint of the API: which role may call it, and a request to it that is right in every way."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from uuid import UUID

from werkzeug.test import TestResponse

from engine.platform.vocabulary import ROLES
from tests import factories, filed
from tests.api.contract import Client
from tests.packaged import package_of

READERS = {"auditor", "manager"}  # who change nothing but their own account
DEFINITIONS = {"administrator", "designer", "caseworker", "portal", "applicant"} | READERS
STAFF_AND_PORTALS = DEFINITIONS - READERS - {"applicant"}
DESIGN = {"administrator", "designer"}
AUDIT = {"administrator", "auditor"}
CASES = {"administrator", "caseworker", "portal", "applicant"} | READERS
TASKS = CASES
WORKERS = {"caseworker", "portal", "applicant"}
APPLYING = {"portal", "applicant"}
ANSWERING = {"administrator", "designer", "caseworker", "manager"}

# Endpoint → the roles that may call it. None: open to everyone.
ALLOWED: Mapping[tuple[str, str], set[str] | None] = {
    ("GET", "/account"): set(ROLES),
    ("PATCH", "/account"): set(ROLES),
    ("GET", "/me"): set(ROLES),
    ("GET", "/deployments"): DESIGN,
    ("GET", "/account/work-time"): {"caseworker"},
    ("POST", "/deployments"): DESIGN,
    ("GET", "/deployments/<uuid:upload_id>"): DESIGN,
    ("GET", "/definitions"): DEFINITIONS,
    ("GET", "/definitions/<key>"): DEFINITIONS,
    ("GET", "/definitions/<key>/form"): DEFINITIONS,
    ("GET", "/definitions/<key>/versions/<int:number>/files"): DEFINITIONS,
    ("GET", "/definitions/<key>/versions/<int:number>/files/<name>"): DEFINITIONS,
    ("GET", "/definitions/<key>/versions"): DESIGN | {"auditor"},
    ("GET", "/definitions/<key>/versions/<int:number>"): DEFINITIONS,
    ("GET", "/definitions/<key>/versions/<int:number>/bpmn"): DEFINITIONS,
    ("GET", "/definitions/<key>/versions/<int:number>/diff"): DEFINITIONS,
    ("GET", "/definitions/<key>/versions/<int:number>/diagram.svg"): DEFINITIONS,
    ("POST", "/cases"): WORKERS,
    ("POST", "/cases/batch"): WORKERS,
    ("GET", "/cases"): CASES,
    ("POST", "/cases/search"): CASES,
    ("GET", "/cases/<uuid:case_id>"): CASES,
    ("GET", "/cases/<uuid:case_id>/file"): {"administrator", "caseworker"} | READERS,
    ("GET", "/cases/<uuid:case_id>/diagram.svg"): CASES,
    ("GET", "/cases/<uuid:case_id>/events"): {"administrator", "caseworker"} | READERS,
    ("GET", "/cases/<uuid:case_id>/time"): {"administrator", "caseworker"} | READERS,
    ("GET", "/cases/<uuid:case_id>/access-log"): {"administrator", "portal", "applicant", "auditor"},
    ("POST", "/cases/<uuid:case_id>/cancel"): {"administrator", "caseworker", "portal"},
    ("GET", "/tasks"): TASKS,
    ("GET", "/tasks/counts"): {"administrator", "caseworker", "manager"},
    ("POST", "/tasks/search"): {"administrator", "caseworker", "manager"},
    ("GET", "/tasks/<uuid:task_id>"): TASKS,
    ("GET", "/tasks/<uuid:task_id>/work-time"): {"caseworker"},
    ("POST", "/tasks/<uuid:task_id>/claim"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/release"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/complete"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/recuse"): {"caseworker"},
    ("GET", "/cases/<uuid:case_id>/recusals"): {"administrator", "auditor"},
    ("GET", "/random-assignments"): {"administrator", "auditor"},
    ("POST", "/relations"): {"administrator", "caseworker"},
    ("GET", "/relations"): {"administrator", "caseworker"},
    ("DELETE", "/relations/<uuid:relation_id>"): {"administrator", "caseworker"},
    ("PUT", "/tasks/<uuid:task_id>/draft"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/assign"): {"administrator", "caseworker"},
    ("GET", "/colleagues"): {"administrator", "caseworker"},
    ("POST", "/tasks/<uuid:task_id>/opinions"): {"caseworker"},
    ("POST", "/tasks/<uuid:task_id>/send-back"): {"caseworker"},
    ("POST", "/tasks/<uuid:task_id>/withdraw"): {"caseworker"},
    ("POST", "/tasks/bulk"): WORKERS,
    ("POST", "/cases/<uuid:case_id>/comments"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/comments"): WORKERS,
    ("GET", "/cases/<uuid:case_id>/comments"): CASES,
    ("POST", "/cases/<uuid:case_id>/suspend"): {"administrator"},
    ("POST", "/cases/<uuid:case_id>/resume"): {"administrator"},
    ("GET", "/cases/<uuid:case_id>/clock"): CASES,
    ("POST", "/cases/<uuid:case_id>/clock/extend"): {"administrator", "caseworker"},
    ("GET", "/deemed-decisions"): {"administrator"},
    ("POST", "/deemed-decisions/release"): {"administrator"},
    ("PUT", "/definitions/<key>/class"): {"administrator"},
    ("POST", "/definitions/<key>/suspend"): {"administrator"},
    ("POST", "/definitions/<key>/resume"): {"administrator"},
    ("POST", "/definitions/<key>/disable"): DESIGN,
    ("POST", "/definitions/<key>/offer"): DESIGN,
    ("POST", "/definitions/<key>/withdraw"): DESIGN,
    ("POST", "/definitions/<key>/enable"): DESIGN,
    ("POST", "/definitions/<key>/versions/<int:number>/publish"): DESIGN,
    ("POST", "/definitions/<key>/versions/<int:number>/retire"): DESIGN,
    ("POST", "/messages"): {"administrator", "service"},
    ("POST", "/signals"): {"administrator", "service"},
    ("GET", "/timers"): {"administrator"},
    ("POST", "/timers/<uuid:timer_id>/fire"): {"administrator"},
    ("POST", "/external-work/take"): {"service"},
    ("POST", "/external-work/<uuid:call_id>/extend"): {"service"},
    ("POST", "/external-work/<uuid:call_id>/complete"): {"service"},
    ("POST", "/external-work/<uuid:call_id>/fail"): {"service"},
    ("POST", "/external-work/<uuid:call_id>/bpmn-error"): {"service"},
    ("GET", "/incidents"): {"administrator"},
    ("POST", "/incidents/<uuid:incident_id>/skip"): {"administrator"},
    ("POST", "/incidents/<uuid:incident_id>/retry"): {"administrator"},
    ("GET", "/events"): {"administrator"},
    ("POST", "/webhooks"): {"administrator"},
    ("GET", "/webhooks"): {"administrator"},
    ("GET", "/webhooks/<uuid:webhook_id>"): {"administrator"},
    ("DELETE", "/webhooks/<uuid:webhook_id>"): {"administrator"},
    ("POST", "/webhooks/<uuid:webhook_id>/enable"): {"administrator"},
    ("POST", "/webhooks/<uuid:webhook_id>/disable"): {"administrator"},
    ("GET", "/webhooks/<uuid:webhook_id>/deliveries"): {"administrator"},
    ("POST", "/webhooks/<uuid:webhook_id>/replay"): {"administrator"},
    ("POST", "/webhooks/<uuid:webhook_id>/retry"): {"administrator"},
    ("POST", "/retries"): {"administrator"},
    ("GET", "/retries/<uuid:retry_id>"): {"administrator"},
    ("GET", "/cases/<uuid:case_id>/variables"): CASES,
    ("PATCH", "/cases/<uuid:case_id>/variables"): {"administrator"},
    ("POST", "/cases/<uuid:case_id>/modifications"): {"administrator"},
    ("GET", "/cases/<uuid:case_id>/proposals"): CASES,
    ("GET", "/proposals"): {"administrator"},
    ("GET", "/proposals/<uuid:proposal_id>"): CASES,
    ("POST", "/proposals/<uuid:proposal_id>/confirm"): {"administrator"},
    ("POST", "/proposals/<uuid:proposal_id>/reject"): {"administrator"},
    ("POST", "/proposals/<uuid:proposal_id>/withdraw"): {"administrator"},
    ("POST", "/migrations"): {"administrator"},
    ("GET", "/migrations"): {"administrator"},
    ("GET", "/migrations/<uuid:migration_id>"): {"administrator"},
    ("GET", "/migrations/<uuid:migration_id>/cases"): {"administrator"},
    ("POST", "/migrations/<uuid:migration_id>/start"): {"administrator"},
    ("POST", "/migrations/<uuid:migration_id>/cancel"): {"administrator"},
    ("GET", "/jobs"): {"administrator"},
    ("POST", "/jobs/<int:job_id>/retry"): {"administrator"},
    ("GET", "/requests/<uuid:request_id>"): WORKERS,
    ("GET", "/sessions"): set(ROLES),
    ("DELETE", "/sessions/<uuid:session_id>"): set(ROLES),
    ("GET", "/me/tokens"): set(ROLES),
    ("PATCH", "/me/tokens/<uuid:token_id>"): set(ROLES),
    ("POST", "/me/tokens/<uuid:token_id>/rotate"): set(ROLES),
    ("DELETE", "/me/tokens/<uuid:token_id>"): set(ROLES),
    ("POST", "/cases/<uuid:case_id>/documents"): WORKERS,
    ("POST", "/tasks/<uuid:task_id>/documents"): WORKERS,
    ("GET", "/cases/<uuid:case_id>/documents"): CASES,
    ("GET", "/tasks/<uuid:task_id>/documents"): TASKS,
    ("POST", "/documents"): WORKERS,
    ("DELETE", "/documents/<uuid:document_id>"): WORKERS,
    ("POST", "/drafts"): APPLYING,
    ("GET", "/drafts"): APPLYING,
    ("GET", "/drafts/<uuid:draft_id>"): APPLYING,
    ("PATCH", "/drafts/<uuid:draft_id>"): APPLYING,
    ("DELETE", "/drafts/<uuid:draft_id>"): APPLYING,
    ("POST", "/drafts/<uuid:draft_id>/documents"): APPLYING,
    ("POST", "/drafts/<uuid:draft_id>/submit"): APPLYING,
    ("GET", "/drafts/<uuid:draft_id>/evidence"): APPLYING,
    ("POST", "/drafts/<uuid:draft_id>/evidence"): APPLYING,
    ("POST", "/drafts/<uuid:draft_id>/evidence/<uuid:evidence_id>/accept"): APPLYING,
    ("POST", "/drafts/<uuid:draft_id>/evidence/<uuid:evidence_id>/refuse"): APPLYING,
    ("GET", "/drafts/<uuid:draft_id>/access-log"): APPLYING,
    ("GET", "/consents"): APPLYING,
    ("POST", "/consents/<uuid:consent_id>/revoke"): APPLYING,
    ("GET", "/documents/<uuid:document_id>"): CASES,
    ("GET", "/documents/<uuid:document_id>/content"): CASES,
    ("POST", "/documents/<uuid:document_id>/share"): WORKERS,
    ("GET", "/units"): DEFINITIONS,
    ("GET", "/units/<key>"): DEFINITIONS,
    ("GET", "/units/<key>/work-time"): {"caseworker", "manager"},
    ("POST", "/units"): {"administrator"},
    ("PATCH", "/units/<key>"): {"administrator"},
    ("GET", "/units/<key>/calendar"): DEFINITIONS,
    ("PUT", "/units/<key>/calendar"): {"administrator"},
    ("GET", "/units/<key>/closures"): DEFINITIONS,
    ("POST", "/units/<key>/closures"): {"administrator"},
    ("POST", "/closures/<uuid:closure_id>/revoke"): {"administrator"},
    ("GET", "/calendars"): DEFINITIONS,
    ("POST", "/calendars"): {"administrator"},
    ("GET", "/calendars/<key>"): DEFINITIONS,
    ("PATCH", "/calendars/<key>"): {"administrator"},
    ("POST", "/calendars/<key>/imports"): {"administrator"},
    ("GET", "/calendars/<key>/holidays.csv"): DEFINITIONS,
    ("GET", "/calendars/<key>/holidays.ics"): DEFINITIONS,
    ("GET", "/recalculations/<uuid:recalculation_id>"): {"administrator"},
    ("GET", "/people"): {"administrator"},
    ("POST", "/people"): {"administrator"},
    ("GET", "/people/<uuid:person_id>"): {"administrator"},
    ("PATCH", "/people/<uuid:person_id>"): {"administrator"},
    ("POST", "/people/<uuid:person_id>/memberships"): {"administrator"},
    ("PATCH", "/people/<uuid:person_id>/memberships/<uuid:membership_id>"): {"administrator"},
    ("DELETE", "/people/<uuid:person_id>/memberships/<uuid:membership_id>"): {"administrator"},
    ("GET", "/substitutions"): {"administrator", "caseworker"},
    ("POST", "/substitutions"): {"administrator", "caseworker"},
    ("DELETE", "/substitutions/<uuid:substitution_id>"): {"administrator", "caseworker"},
    ("GET", "/organisation-log"): {"administrator", "auditor"},
    ("GET", "/delegations"): {"administrator"},
    ("POST", "/delegations"): {"administrator"},
    ("POST", "/delegations/<uuid:delegation_id>/confirm"): {"administrator"},
    ("DELETE", "/delegations/<uuid:delegation_id>"): {"administrator"},
    ("GET", "/cases/<uuid:case_id>/decisions"): CASES,
    ("POST", "/cases/<uuid:case_id>/appeals"): WORKERS,
    ("POST", "/cases/<uuid:case_id>/withdraw"): WORKERS,
    ("POST", "/cases/<uuid:case_id>/representation/end"): WORKERS,
    ("POST", "/cases/<uuid:case_id>/secret"): {"caseworker", "portal"},
    ("GET", "/decisions"): STAFF_AND_PORTALS,
    ("POST", "/decisions/<key>/evaluate"): STAFF_AND_PORTALS,
    ("GET", "/audit/checkpoints"): AUDIT,
    ("GET", "/audit/checkpoints/<int:number>"): set(ROLES),
    ("POST", "/audit/checkpoints"): AUDIT,
    ("POST", "/audit/checkpoints/<int:number>/send"): AUDIT,
    ("POST", "/audit/verifications"): AUDIT,
    ("GET", "/audit/runs"): AUDIT,
    ("GET", "/audit/runs/<uuid:run_id>"): AUDIT,
    ("GET", "/audit/events"): AUDIT,
    ("GET", "/services/<key>/funnel"): DESIGN | READERS,
    **{
        ("GET", f"/metrics/{name}"): {"administrator"} | READERS
        for name in ("overview", "time", "delay-causes", "steps", "people", "portfolio", "cases")
    },
    ("POST", "/cases/<uuid:case_id>/delay-explanations"): {"caseworker"},
    ("GET", "/cases/<uuid:case_id>/visits"): {"administrator", "caseworker"} | READERS,
    ("POST", "/cases/<uuid:case_id>/visits"): {"caseworker"},
    ("POST", "/cases/<uuid:case_id>/visits/<uuid:visit_id>/correct"): {"caseworker"},
    ("POST", "/cases/<uuid:case_id>/rating"): {"portal", "applicant"},
    ("POST", "/reports/<uuid:report_id>/signature"): {"manager"},
    ("GET", "/reports"): {"administrator"} | READERS,
    ("GET", "/reports/agencies"): {"administrator"} | READERS,
    ("POST", "/reports"): {"manager"},
    ("GET", "/reports/<uuid:report_id>"): {"administrator"} | READERS,
    ("PATCH", "/reports/<uuid:report_id>"): {"manager"},
    ("DELETE", "/reports/<uuid:report_id>"): {"manager"},
    ("GET", "/reports/<uuid:report_id>/owners"): {"administrator"} | READERS,
    ("POST", "/reports/<uuid:report_id>/actions"): {"manager"},
    ("POST", "/reports/<uuid:report_id>/editions"): {"manager"},
    ("GET", "/reports/<uuid:report_id>/pdf"): {"administrator"} | READERS,
    ("GET", "/report-actions"): {"administrator"} | READERS,
    ("PATCH", "/report-actions/<uuid:action_id>"): {"manager"},
    ("POST", "/report-actions/<uuid:action_id>/close"): {"manager"},
    ("GET", "/flags"): {"auditor"},
    # For everybody else, a flag and the question to somebody else aren't there.
    ("GET", "/flags/<uuid:flag_id>"): set(ROLES),
    ("POST", "/flags/<uuid:flag_id>/questions"): set(ROLES),
    ("POST", "/flags/<uuid:flag_id>/close"): set(ROLES),
    ("GET", "/questions"): ANSWERING,
    ("GET", "/questions/<uuid:question_id>"): ANSWERING,
    ("POST", "/questions/<uuid:question_id>/answer"): ANSWERING,
    ("GET", "/units/<key>/rates"): {"administrator"} | READERS,
    ("POST", "/units/<key>/rates"): {"administrator"},
    ("DELETE", "/rates/<uuid:rate_id>"): {"administrator"},
    ("GET", "/commitments"): {"administrator"} | READERS,
    ("POST", "/commitments"): {"administrator"},
    ("GET", "/commitments/<uuid:commitment_id>"): {"administrator"} | READERS,
    ("POST", "/commitments/<uuid:commitment_id>/amend"): {"administrator"},
    ("POST", "/commitments/<uuid:commitment_id>/withdraw"): {"administrator"},
    ("POST", "/commitments/<uuid:commitment_id>/explain"): {"manager"},
    ("GET", "/register"): {"administrator"} | READERS,
    ("POST", "/register"): {"administrator"},
    ("POST", "/register/imports"): {"administrator"},
    ("GET", "/register/<uuid:service_id>"): {"administrator"} | READERS,
    ("PUT", "/register/<uuid:service_id>"): {"administrator"},
    ("DELETE", "/register/<uuid:service_id>"): {"administrator"},
    ("GET", "/definitions/<key>/package"): DESIGN,
    ("POST", "/packages"): DESIGN,
    ("GET", "/statistics"): None,
    ("GET", "/statistics/months/<month>"): None,
    ("GET", "/statistics/services/<key>"): None,
    ("POST", "/statistics/months/<month>/editions"): {"administrator"},
    ("GET", "/services"): None,
    ("GET", "/services.jsonld"): None,
    ("GET", "/services/<key>"): None,
    ("POST", "/status"): None,
    ("POST", "/status/rating"): None,
    ("GET", "/openapi.json"): None,
    ("GET", "/docs"): None,
    ("GET", "/docs/start.js"): None,
    ("GET", "/docs/<name>"): None,
}
PERSON = "0000004091"
# What a request that is right in every way asks for in its address,
QUERIES = {
    "/definitions/<key>/versions/<int:number>/diff": "?against=1",
    "/tasks": "?case=<uuid:case_id>",
    "/metrics/steps": "?definition=p&version=1",
    "/reports/agencies": "?first=2026-01-01&last=2026-01-31",
    "/colleagues": "?task=<uuid:task_id>",
}
COMMITMENT = {
    **{"text_fa": "م", "text_en": "C", "legal_basis": "Decree 1"},
    **{"metric": "on_time", "target": 90, "due": "2036-03-20"},
}
# and says in its body.
BODIES: Mapping[str, Mapping[str, object]] = {
    "/drafts": {"service": "p"},
    "/drafts/<uuid:draft_id>": {"data": {}},
    "/drafts/<uuid:draft_id>/evidence": {"type": "residence", "refuse": True},
    "/relations": {"person": "0012345679", "kind": "family"},
    "/cases/<uuid:case_id>/modifications": {"cancel": ["a"], "start_before": ["a"], "reason": "r"},
    "/cases/<uuid:case_id>/variables": {"data": {"x": 9}, "reason": "r"},
    "/webhooks": {"url": "http://127.0.0.1:9/"},
    "/cases": {"definition": "p"},
    "/cases/<uuid:case_id>/delay-explanations": {"code": "other"},
    "/migrations": {"definition": "p", "from": 1, "to": 2},
    "/retries": {"definition": "p", "code": "script-failed"},
    "/messages": {"name": "m", "id": "1", "keep_for": 60},
    "/cases/batch": {"items": [{"key": "1", "definition": "p"}]},
    "/signals": {"name": "s", "id": "1"},
    "/external-work/take": {"topics": ["t"]},
    "/external-work/<uuid:call_id>/extend": {"fence": 1},
    "/external-work/<uuid:call_id>/complete": {"fence": 1},
    "/external-work/<uuid:call_id>/fail": {"fence": 1, "detail": "d"},
    "/external-work/<uuid:call_id>/bpmn-error": {"fence": 1, "error": "E"},
    "/incidents/<uuid:incident_id>/skip": {"reason": "r"},
    "/units": {"key": "x", "name": "X", "kind": "unit"},
    "/units/<key>/calendar": {"calendar": "iran"},
    "/units/<key>/closures": {"first": "2026-12-09", "last": "2026-12-09", "reason": "air"},
    "/calendars": {"key": "x", "name": "X", "unit": "root"},
    "/calendars/<key>": {"version": 1, "years": [1407]},
    "/calendars/<key>/imports": {
        "version": 2,  # after the change above
        "year": 1406,
        "name": "1406.csv",
        "content": "date,name\n1406/01/01,Nowruz\n",
    },
    "/people": {"name": "x", "role": "caseworker", "memberships": [{"unit": "root", "role": "r"}]},
    "/people/<uuid:person_id>": {"person": "0012345679"},
    "/people/<uuid:person_id>/memberships": {"unit": "root", "role": "another"},
    "/substitutions": {
        "absent": "caseworker",
        "substitute": "a colleague",
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_to": "2099-01-01T00:00:00Z",
    },
    "/delegations": {"definition": "p", "elements": ["a"], "unit": "root", "delegate": "office"},
    "/tasks/<uuid:task_id>/draft": {"data": {}},
    "/tasks/<uuid:task_id>/assign": {"to": "nobody"},
    "/tasks/<uuid:task_id>/opinions": {"question": "q"},
    "/tasks/<uuid:task_id>/send-back": {"fields": [{"pointer": "/x", "text": "t"}]},
    "/tasks/bulk": {"action": "claim", "items": [{"id": "00000000-0000-7000-8000-000000000001"}]},
    "/tasks/<uuid:task_id>/comments": {"text": "t"},
    "/cases/<uuid:case_id>/comments": {"text": "t"},
    "/cases/<uuid:case_id>/clock/extend": {"reason": "volume"},
    "/definitions/<key>/class": {"class": "low"},
    "/reports": {"unit": "root", "first": "2026-02-01", "last": "2026-02-28"},
    "/reports/<uuid:report_id>": {"summary": "s"},
    "/reports/<uuid:report_id>/actions": {
        **{"text": "t", "due": "2035-03-20"},
        "owner": "00000000-0000-7000-8000-000000000001",
    },
    "/reports/<uuid:report_id>/signature": {"digest": "0" * 64},
    "/reports/<uuid:report_id>/editions": {"reason": "r"},
    "/report-actions/<uuid:action_id>": {"text": "u"},
    "/report-actions/<uuid:action_id>/close": {"status": "done"},
    "/statistics/months/<month>/editions": {"reason": "An outage was reported late."},
    "/units/<key>/rates": {
        **{"role": "caseworker", "amount": "12.50", "currency": "IRR"},
        "valid_from": "2026-03-21",
    },
    "/commitments": {"unit": "root", **COMMITMENT},
    "/commitments/<uuid:commitment_id>/amend": {
        "version": 1,
        "reason": "r",
        **COMMITMENT,
        "due": "2034-03-20",
    },
    "/commitments/<uuid:commitment_id>/withdraw": {"version": 2, "reason": "r"},  # after the one above
    "/commitments/<uuid:commitment_id>/explain": {"cause": "staff", "text": "t"},
    "/register": {"unit": "root", "name_fa": "خ", "name_en": "S", "reason": "law"},
    "/register/imports": {"unit": "root", "content": "name_fa,name_en,reason\nد,D,law\n"},
    "/register/<uuid:service_id>": {
        **{"unit": "root", "name_fa": "ث", "name_en": "T", "reason": "law"},
        "revision": 1,
    },
    "/cases/<uuid:case_id>/visits": {"occurred_at": "2026-01-01T00:00:00Z", "reason": "payment"},
    "/cases/<uuid:case_id>/visits/<uuid:visit_id>/correct": {"reason": "payment"},
    "/flags/<uuid:flag_id>/questions": {"text": "Why?", "asked": str(UUID(int=1))},
    "/flags/<uuid:flag_id>/close": {"conclusion": "explained", "text": "It was explained."},
    "/questions/<uuid:question_id>/answer": {"text": "Because."},
    "/cases/<uuid:case_id>/rating": {"stars": 5, "had_to_come": False},
    "/me/tokens/<uuid:token_id>": {"scopes": ["account.own"]},
}
# What is let in and then refused for what the task is like at that moment: tests/api/test_desk_*.py.
OF_ITS_MOMENT = ("/retries", "/draft", "/assign", "/opinions", "/send-back", "/withdraw", "/clock/extend",
                 "/representation/end",
                 "/visits", "/correct", "/rating", "/delay-explanations", "/explain",
                 "report_id>/actions", "/signature",
                 "/editions")  # fmt: skip
LAST = ("key>/suspend", "key>/resume", "case_id>/suspend", "case_id>/resume", "retry", "complete", "cancel")
GUARDED = [(method, path) for (method, path), roles in ALLOWED.items() if roles is not None]


def url(path: str, ids: Mapping[str, str]) -> str:
    for name, value in sorted(ids.items(), key=lambda item: -len(item[0])):
        path = path.replace(name, value)
    return path


def _deployed(client: Client, path: str) -> TestResponse:
    files = factories.one_task("q")
    if path == "/deployments":
        return client.deploy(files)
    return client.send("POST", path, data={"package": (BytesIO(package_of(files, "q")), "q.zip")})


def send(client: Client, method: str, path: str, ids: Mapping[str, str]) -> TestResponse:
    """A request that is right in every way but perhaps for who sends it."""
    if path == "/units/<key>":
        return client.send(method, "/units/office", **({"json": {}} if method == "PATCH" else {}))
    if path.startswith(("/units/", "/calendars/")):
        key = "office" if path.startswith("/units/") else "p"
        given: dict[str, Any] = {} if method == "GET" else {"json": BODIES[path]}
        return client.send(method, path.replace("<key>", key), **given)
    if path.startswith("/drafts"):
        return _send_about_draft(client, method, path, ids)
    if path in ("/deployments", "/packages") and method == "POST":
        return _deployed(client, path)
    if method == "POST" and path.endswith("/documents"):
        return client.upload(url(path, ids).removesuffix("/documents"), filed.pdf())
    options: dict[str, Any] = {"json": BODIES.get(path, {})} if method in ("POST", "PATCH", "PUT") else {}
    why = {"X-Purpose": "complaint" if path == "/audit/events" else "inspection"}  # auditors have to say it
    return client.send(method, url(path + QUERIES.get(path, ""), ids), headers=why, **options)


def _send_about_draft(client: Client, method: str, path: str, ids: Mapping[str, str]) -> TestResponse:
    """The same for drafts: a portal says whose they are."""
    headers = on_behalf(client)
    if path.endswith("/documents"):
        fields = {"field": "/x"}
        return client.upload(
            url(path, ids).removesuffix("/documents"), filed.pdf(), fields=fields, headers=headers
        )
    options: dict[str, Any] = {"json": BODIES.get(path, {})} if method in ("POST", "PATCH") else {}
    return client.send(method, url(path, ids), headers=headers, **options)


def on_behalf(client: Client) -> Mapping[str, str]:
    """The header by which a portal says for whom it acts; none for other accounts."""
    role = client.get("/account").get_json().get("role") if client.token else None
    return {"X-On-Behalf-Of": PERSON} if role == "portal" else {}
