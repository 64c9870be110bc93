"""Other systems: connectors and topics with what waits for them, and messages that nobody has taken."""

from collections.abc import Mapping
from functools import cache

from flask import Blueprint

from engine import health, messages
from engine.config import Settings
from engine.exchange import Connector, Connectors, Misconfigured
from engine.exchange.connector import Email, XRoad
from web.administration.area import shown
from web.site import site
from web.visit import Page, Visit, page

blueprint = Blueprint("connectors", __name__)


@cache
def _read(settings: Settings) -> Connectors:
    return Connectors.read(settings)  # once, at the first look, as workers do at their start


def _known() -> tuple[Mapping[str, Connector], str | None]:
    """The connectors of the installation by name; if their file cannot be used, why."""
    try:
        return {connector.name: connector for connector in _read(site().settings)}, None
    except Misconfigured as broken:
        return {}, str(broken)


def names() -> list[str]:
    """The connectors of the installation."""
    return list(_known()[0])


def _kind(connector: Connector) -> str:
    if isinstance(connector.how, Email):
        return "email"
    return "x-road" if isinstance(connector.how, XRoad) else "http"


@page(blueprint.get("/connectors"), may="jobs.manage")
def index(visit: Visit) -> Page:
    """How each of them does. What is called for and not there is told, too."""
    known, broken = _known()
    values = {
        "health": health.of_connectors(visit.uow, list(known)),
        "kinds": {name: _kind(connector) for name, connector in known.items()},
        "addresses": {name: connector.address for name, connector in known.items()},
        "operations": {name: list(connector.operations) for name, connector in known.items()},
        "broken": broken,
        "topics": health.of_topics(visit.uow),
    }
    return shown(visit, "connectors", values, way="connectors")


@page(blueprint.get("/messages"), may="messages.send")
def kept(visit: Visit) -> Page:
    """Messages that are kept because nobody waits for them."""
    return shown(visit, "messages", {"rows": messages.unclaimed(visit.uow)}, way="messages")
