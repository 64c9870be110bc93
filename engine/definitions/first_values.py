"""The first values that service.toml gives a service: whether it is in the catalogue, and its class.

They apply when the first version of a service is published, by the person who publishes it. From then on
administrators decide, and the file changes nothing.
"""

from sqlalchemy import func, select, update

from engine import access
from engine.definitions import toml_files
from engine.definitions.service_classes import BOUNDS
from engine.definitions.toml_files import SERVICE
from engine.definitions.versions import note, read_files
from engine.models import Definition, DefinitionVersion
from engine.platform.db import UnitOfWork


def apply(uow: UnitOfWork, version: DefinitionVersion) -> None:
    """Sets the first values of a version that was just published, if it is the first of its definition."""
    others = select(func.count()).where(
        DefinitionVersion.key == version.key,
        DefinitionVersion.id != version.id,
        DefinitionVersion.published_at.is_not(None),
    )
    said = toml_files.service_of(read_files(uow.session, version.deployment_id, SERVICE), version.key)
    if said is None or uow.session.scalars(others).one():
        return
    own = update(Definition).where(Definition.key == version.key)
    if said.offered and access.allows(uow.actor, "definitions.publish"):
        offer = own.where(Definition.offered_at.is_(None)).returning(Definition.key)
        if uow.session.execute(offer.values(offered_at=uow.now, offered_by=uow.actor.id)).first():
            note(uow, "definition.offered", version.key)
    chosen = next((one for one in BOUNDS if one == said.service_class), None)
    if chosen is not None:
        bound = said.bound or BOUNDS[chosen]
        unclassed = own.where(Definition.service_class.is_(None)).returning(Definition.key)
        if uow.session.execute(unclassed.values(service_class=chosen, serve_within=bound)).first():
            note(uow, "service.classed", version.key, **{"class": chosen, "bound": bound})
