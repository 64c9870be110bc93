"""The examples of the OpenAPI document are what the API accepts and returns."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from api.operations import JSON
from api.reference import examples
from engine.organisation import calendars
from engine.platform.db import Database
from tests import factories, filed
from tests.api.conftest import Clients
from tests.api.contract import Client, Contract, body
from tests.api.test_openapi import operations

# What a portal and an office do with a case, in order: the role and the operation.
STEPS = (
    ("portal", "definitions_list"),
    ("portal", "definitions_show"),
    ("portal", "cases_list"),
    ("portal", "cases_show"),
    (None, "status_read"),
    ("caseworker", "tasks_list"),
    ("caseworker", "tasks_count"),
    ("caseworker", "tasks_search"),
    ("caseworker", "tasks_claim"),
    ("caseworker", "tasks_show"),
    ("caseworker", "desk_save_draft"),
    ("caseworker", "comments_add_to_task"),
    ("caseworker", "comments_add_to_case"),
    ("portal", "comments_list"),
    ("caseworker", "documents_list"),
    ("administrator", "cases_suspend"),
    ("administrator", "cases_resume"),
    ("caseworker", "tasks_complete"),
    ("portal", "decisions_list"),
    ("portal", "visits_rate"),
    ("administrator", "cases_list_events"),
    ("administrator", "access_log_list"),
    ("caseworker", "account_change"),
    ("administrator", "webhooks_create"),
    ("administrator", "webhooks_list"),
    ("administrator", "events_list"),
    ("administrator", "units_create"),
    ("administrator", "people_create"),
    ("administrator", "calendars_create"),
    ("caseworker", "fairness_declare"),
    ("caseworker", "me_read_me"),
    ("portal", "start_forms_read_form"),
    (None, "catalogue_list_services"),
    (None, "catalogue_read_service"),
    ("designer", "deployment_list_list_deployments"),
    ("caseworker", "case_search_find_cases"),
    ("administrator", "proposals_read_variables"),
    ("administrator", "proposals_list_open"),
    ("administrator", "timers_list_timers"),
    ("service", "signals_send_signal"),
    ("portal", "case_batches_start_batch"),
)
MISMATCH = {"result": "mismatch", "registered": {"postal_code": "1345678902", "address": "تهران"}}


def found(name: str, status: str | None = None) -> Any:
    """The example of an operation's response."""
    responses = examples.all_examples()[name]["responses"]
    return responses[status] if status else next(iter(responses.values()))


def test_each_operation_has_examples(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    missing = []
    for _, _, operation in operations(document):
        name = operation["operationId"]
        answers = [told.get("content", {}) for status, told in operation["responses"].items() if status < "3"]
        given = ["example" in answer[JSON] for answer in answers if JSON in answer]
        missing += [f"{name}: its response"] if given and not any(given) else []
        bodies = operation.get("requestBody", {}).get("content", {})
        sent = bodies.get(JSON) or bodies.get("multipart/form-data")
        if sent and "example" not in sent:
            fields = schemas[sent["schema"]["$ref"].rpartition("/")[2]].get("properties")
            missing += [f"{name}: its request"] if fields else []
    assert not missing, f"Add them to api/reference/examples, by the name of the module: {missing}"


def test_examples_are_of_operations_and_complete(document: dict[str, Any], contract: Contract) -> None:
    known = {operation["operationId"]: operation for _, _, operation in operations(document)}
    assert not examples.all_examples().keys() - known.keys()
    for name, example in examples.all_examples().items():
        assert example["responses"].keys() <= known[name]["responses"].keys(), name
        for status, value in example["responses"].items():
            schema = known[name]["responses"][status]["content"][JSON]["schema"]
            contract.check_value(schema, value)


@pytest.fixture
def office(client: Clients, database: Database) -> Client:
    """A caseworker where addresses are changed."""
    factories.deploy_shipped(database, factories.ADDRESS)
    factories.an_agency(database, "guild")
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    return client("caseworker")


def test_requests_are_accepted_as_they_stand(
    client: Clients, database: Database, document: dict[str, Any], office: Client
) -> None:
    """But for the ids, numbers and secrets, which the installation makes."""
    paths = {one["operationId"]: (method, path) for method, path, one in operations(document)}
    started = client("portal").post("/cases", examples.all_examples()["cases_start"]["request"])
    assert started.status_code == 201, started.text
    factories.answer_calls(database, ask_registry=MISMATCH)
    case = body(started)
    (task,) = body(office.get(f"/tasks?case={case['id']}"))["items"]
    client("portal").upload(f"/cases/{case['id']}", filed.pdf())
    example = found("cases_start")
    known = {example[name]: case[name] for name in ("id", "case_number", "secret")}
    known |= {"https://portal.example.org/events": "http://127.0.0.1:9/"}
    ids = {"{case_id}": case["id"], "{task_id}": task["id"], "{key}": factories.ADDRESS}
    for role, name in STEPS:
        method, path = paths[name]
        for placeholder, value in ids.items():
            path = path.replace(placeholder, value)
        answer = client(role).send(method.upper(), path, **_sent(name, known))
        assert str(answer.status_code) in examples.all_examples()[name]["responses"], (name, answer.text)
        assert body(answer).keys() == found(name, str(answer.status_code)).keys(), name


def _sent(name: str, known: Mapping[str, str]) -> dict[str, Any]:
    request = examples.all_examples()[name].get("request")
    if request is None:
        return {"headers": {"X-Purpose": "inspection"}}
    text = orjson.dumps(request).decode()
    for example, value in known.items():
        text = text.replace(example, value)
    return {"data": text, "content_type": JSON}
