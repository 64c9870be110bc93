"""The public catalogue: search, one service, and linked data that fits CPSV-AP 3.2."""

from collections.abc import Mapping
from typing import Any, get_args

import pytest

from api.catalogue import Audience, LifeEvent
from engine.definitions.toml_files import AUDIENCES, CHANNELS, EVENTS
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused
from tests.catalogues import texts
from tests.rules.sources import ROOT

VOCABULARIES = {"audience": AUDIENCES, "channel": CHANNELS, "event": EVENTS}
SCHEMAS = ROOT.parent / "shared" / "schemas" / "cpsv-ap-3.2.0"
WHOLE = """
name = { fa = "کارت پارک", en = "Parking card" }
audience = ["individual"]
channels = ["online", "post"]
life_events = ["vehicle", "running-business"]
languages = ["fa", "en"]
duplicates = "allow"

[description]
fa = "برای جای پارک درخواست دهید."
en = "Apply for a place to park."

[[legal_basis]]
name = { fa = "قانون شهرداری", en = "Municipalities Act" }

[[evidence]]
id = "papers"
name = { fa = "برگهٔ خودرو", en = "Vehicle papers" }

[[output]]
id = "card"
name = { fa = "کارت", en = "Card" }
description = { fa = "به نشانی شما", en = "To your address" }

[contact]
phone = "+98 21 1234"
email = "parking@city.example"
url = "https://city.example/parking"
address = { fa = "خیابان نخست", en = "First street" }
hours = { fa = "روزهای کاری", en = "On working days" }
"""


def described(key: str, text: str = WHOLE, **attributes: str) -> Mapping[str, bytes]:
    """The files of a process with this service.toml, and these attributes of the process."""
    files = dict(factories.one_task(key))
    name = next(name for name in files if name.endswith(".bpmn"))
    marks = "".join(f' parvandeh:{attribute}="{value}"' for attribute, value in attributes.items())
    drawn = files[name].decode().replace(f'<bpmn:process id="{key}"', f'<bpmn:process id="{key}"{marks}')
    return {**files, name: drawn.encode(), "service.toml": text.encode()}


@pytest.fixture
def parking(database: Database) -> None:
    """Two services: one that is described, one that isn't."""
    factories.deploy(database, described("parking", statutory="P20D", norm="P5WD"))
    factories.deploy(database, factories.one_task("plain"))


FOUND: Mapping[str, list[str]] = {
    "": ["parking", "plain"],
    "q=پارك": ["parking"],
    "q=جاي‌پارک": ["parking"],
    "q=CARD vehicle": ["parking"],
    "q=card nothing": [],
    "q=100%": [],
    "audience=individual": ["parking"],
    "channel=post&q=park": ["parking"],
    "channel=phone": [],
    "life_event=vehicle": ["parking"],
    "unit=root": ["parking", "plain"],
    "unit=nowhere": [],
    "limit=1": ["parking"],
    "limit=1&cursor=parking": ["plain"],
    "cursor=plain": [],
}
BAD: Mapping[str, str] = {
    "limit=0": "/query/limit",
    "limit=10000": "/query/limit",
    "audience=all": "/query/audience",
    "cursor=gone": "/query/cursor",
    "q=parking&cursor=plain": "/query/cursor",
    "words=x": "/query/words",
    "q=%00": "/query/q",
}


def test_services_are_found(parking: None, client: Clients) -> None:
    answers = {query: body(client(None).get(f"/services?{query}")) for query in FOUND}
    assert {query: [item["key"] for item in answer["items"]] for query, answer in answers.items()} == FOUND
    assert answers["limit=1"]["count"] == 2


def test_bad_searches_are_refused(parking: None, client: Clients) -> None:
    answers = {query: refused(client(None).get(f"/services?{query}"), 422, "invalid") for query in BAD}
    assert {query: answer["errors"][0]["pointer"] for query, answer in answers.items()} == BAD


def test_a_service_is_shown_whole_and_only_once(parking: None, client: Clients) -> None:
    sent = client(None).get("/services/parking")
    answer = body(sent)
    assert answer["name"] == {"fa": "کارت پارک", "en": "Parking card"}
    assert (answer["term"], answer["norm"], answer["fee"]) == ("P20D", "P5WD", None)
    assert answer["evidence"][0]["name"]["en"] == "Vehicle papers"
    assert answer["legal_basis"] == [
        {"name": {"fa": "قانون شهرداری", "en": "Municipalities Act"}, "url": None}
    ]
    assert (answer["duplicates"], answer["contact"]["phone"]) == ("allow", "+98 21 1234")
    same = {"If-None-Match": sent.headers["ETag"]}
    assert client(None).get("/services/parking", headers=same).status_code == 304
    assert client(None).get("/services/plain", headers=same).status_code == 200
    for unknown in ("%00", "unknown"):
        missing = refused(client(None).get(f"/services/{unknown}"), 404, "not-found")["detail"]
    assert missing == "The service 'unknown' does not exist."


def test_words_of_the_vocabularies_are_those_of_the_file() -> None:
    assert get_args(Audience) == AUDIENCES
    assert get_args(LifeEvent) == EVENTS
    both = {f"services.{name}.{word}" for name, words in VOCABULARIES.items() for word in words}
    assert both <= set(texts("services"))


def test_what_is_withdrawn_is_gone(parking: None, client: Clients) -> None:
    body(client("administrator").post("/definitions/parking/disable"))
    refused(client(None).get("/services/parking"), 404, "not-found")
    assert [item["key"] for item in body(client(None).get("/services"))["items"]] == ["plain"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib", "ignore::DeprecationWarning:pyshacl")
@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="needs the SHACL shapes of CPSV-AP in ../shared/schemas")
def test_linked_data_fit_the_shapes_of_cpsv_ap(parking: None, client: Clients, database: Database) -> None:
    rdflib, pyshacl = pytest.importorskip("rdflib"), pytest.importorskip("pyshacl")

    factories.deploy_shipped(database, factories.LICENCE)
    sent = client(None).get("/services.jsonld")
    graph = rdflib.Graph().parse(data=sent.data, format="json-ld")
    shapes = rdflib.Graph().parse(SCHEMAS / "cpsv-ap-SHACL.ttl")
    conforms, _, report = pyshacl.validate(graph, shacl_graph=shapes)
    assert conforms, report
    kinds: dict[str, int] = {}
    for kind in graph.objects(None, rdflib.RDF.type):
        kinds[str(kind).rpartition("/")[2]] = kinds.get(str(kind).rpartition("/")[2], 0) + 1
    wanted: dict[str, Any] = {
        "cpsv#PublicService": 3,
        "PublicOrganisation": 1,
        "Channel": 5,
        "Evidence": 2,
        "Output": 2,
        "Cost": 1,
        "ContactPoint": 1,
        "ontology#LegalResource": 1,
        "LifeEvent": 1,
        "BusinessEvent": 2,
    }
    assert {kind: kinds.get(kind) for kind in wanted} == wanted
    assert kinds["cpsv#Rule"] >= 3  # the term, and the decisions of the licence
    same = {"If-None-Match": sent.headers["ETag"]}
    assert client(None).get("/services.jsonld", headers=same).status_code == 304
    body(client("administrator").post("/definitions/parking/disable"))
    assert client(None).get("/services.jsonld", headers=same).status_code == 200
