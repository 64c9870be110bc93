"""Other systems: connectors and topics with waiting calls, and undelivered messages."""

from collections.abc import Sequence

from flask import Blueprint

from engine.cases import messages
from engine.connectors import Connector, health
from engine.connectors.connector import Declaration, Email, XRoad
from web.administration.area import render
from web.connectors import known
from web.visit import Page, Visit, page

blueprint = Blueprint("connectors", __name__)


def names() -> list[str]:
    """Return the connectors of the installation."""
    return list(known()[0])


def _kind(connector: Connector) -> str:
    if isinstance(connector.how, Email):
        return "email"
    return "x-road" if isinstance(connector.how, XRoad) else "http"


def _declared(connector: Connector) -> Sequence[Declaration]:
    """Return what its operations declare, each once."""
    return list(dict.fromkeys(operation.declared for operation in connector.operations.values()))


@page(blueprint.get("/connectors"), may="jobs.manage")
def index(visit: Visit) -> Page:
    """Show the state of each connector, including those that are called but not configured."""
    found, broken = known()
    values = {
        "health": health.of_connectors(visit.uow, list(found)),
        "kinds": {name: _kind(connector) for name, connector in found.items()},
        "declared": {name: _declared(connector) for name, connector in found.items()},
        "addresses": {name: connector.address for name, connector in found.items()},
        "operations": {name: list(connector.operations) for name, connector in found.items()},
        "broken": broken,
        "topics": health.of_topics(visit.uow),
    }
    return render(visit, "connectors", values, way="connectors")


@page(blueprint.get("/messages"), may="messages.send")
def kept(visit: Visit) -> Page:
    """Show messages that are stored because no case waits for them."""
    return render(visit, "messages", {"rows": messages.unclaimed(visit.uow)}, way="messages")
