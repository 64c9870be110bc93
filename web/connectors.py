"""The connectors of the installation, for pages: read once, like in workers."""

from collections.abc import Mapping
from functools import cache

from engine.bpmn import Form
from engine.connectors import Connector, Connectors, Misconfigured
from engine.connectors.connector import Operation
from engine.connectors.schema import Schema
from engine.platform.config import Settings
from web.site import site


@cache
def _read(settings: Settings) -> Connectors:
    return Connectors.read(settings)


def known() -> tuple[Mapping[str, Connector], str | None]:
    """Return them by name; if their file can't be used, why."""
    try:
        return {connector.name: connector for connector in _read(site().settings)}, None
    except Misconfigured as broken:
        return {}, str(broken)


def operations() -> Mapping[str, Mapping[str, Operation]] | None:
    """Return the operations of each connector; None if their file can't be used."""
    return _operations(site().settings)


@cache
def _operations(settings: Settings) -> Mapping[str, Mapping[str, Operation]] | None:
    return Connectors.operations_of(settings)


def operation(connector: str | None, name: str | None) -> Operation | None:
    """Return the called operation, if the installation has it."""
    found = known()[0].get(connector or "")
    return found.operations.get(name or "") if found else None


def form_of_reply(operation: Operation | None) -> Form | None:
    """Return a form for the operation's reply, if its schema declares fields."""
    if operation is None or operation.reply is None:
        return None
    form = _form(operation.reply)
    return form if form.fields else None


@cache
def _form(reply: Schema) -> Form:
    return Form(reply.document, None)  # the same object each time: what is drawn of it is cached
