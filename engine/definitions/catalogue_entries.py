"""What the catalogue shows of a version, read once from its diagram and its service.toml.

Stored when the version becomes current, so that the catalogue is searched without reading diagrams.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from engine import bpmn
from engine.access import validity
from engine.bpmn import Spec
from engine.definitions import toml_files
from engine.definitions.toml_files import SERVICE, Both, ServiceFile
from engine.definitions.versions import VERSION, Version, spec
from engine.models import CatalogueEntry, Definition, DefinitionVersion, DeploymentDecision, DeploymentFile
from engine.platform import persian
from engine.platform.db import table
from engine.platform.language import Language, Reader

_ROWS = table(CatalogueEntry)
_LOG = logging.getLogger(__name__)
BATCH = 50


def store(session: Session, version_id: UUID, spec: Spec) -> None:
    """Stores the entry of a version, unless it is there."""
    file = and_(
        DeploymentFile.deployment_id == DefinitionVersion.deployment_id, DeploymentFile.name == SERVICE
    )
    ruled = select(func.array_agg(DeploymentDecision.name.distinct())).where(
        DeploymentDecision.deployment_id == DefinitionVersion.deployment_id
    )
    columns = (DefinitionVersion.name, DeploymentFile.content, ruled.scalar_subquery())
    found = select(*columns).outerjoin(DeploymentFile, file).where(DefinitionVersion.id == version_id)
    name, content, rules = session.execute(found).one()
    said = None if content is None else toml_files.service_of({SERVICE: content}, spec.key)
    facts = {**_facts(spec, name, said), "rules": [asdict(_halves(rule)) for rule in rules or ()]}
    row = {"version_id": version_id, **_columns(spec, facts)}
    session.connection().execute(upsert(_ROWS).values(row).on_conflict_do_nothing())


def complete(session: Session) -> int:
    """Stores entries of current versions of earlier releases, a batch. Returns how many are done.

    A version that this release can't build any more gets none, and so isn't in the catalogue.
    """
    found = select(*VERSION).join(Definition, validity.current())
    missing = found.outerjoin(CatalogueEntry, CatalogueEntry.version_id == DefinitionVersion.id)
    missing = missing.where(CatalogueEntry.version_id.is_(None)).order_by(DefinitionVersion.id)
    stored = 0
    for row in session.execute(missing).all():
        version = Version(*row)
        try:
            store(session, version.id, spec(session, version))
        except bpmn.Unbuildable:
            _LOG.warning("%s version %s can't be built: no catalogue entry", version.key, version.number)
            continue
        stored += 1
        if stored == BATCH:
            break
    return stored


def facts_of(session: Session, version_id: UUID) -> Mapping[str, Any] | None:
    """Returns the facts of a version; None if it was never current."""
    return session.scalars(
        select(CatalogueEntry.facts).where(CatalogueEntry.version_id == version_id)
    ).one_or_none()


def _columns(spec: Spec, facts: dict[str, Any]) -> dict[str, Any]:
    called = {path.rpartition("/")[0] for path in spec.elements if "/" in path}
    ahead = bpmn.steps_ahead(spec)
    title = _searched(facts["name"].values())
    return {
        "startable": spec.startable,
        "parts": sorted(called | {spec.rules.appeal or ""} - {""}),
        "steps": None if ahead is None else ahead + 1,
        "audience": facts["audience"],
        "channels": facts["channels"],
        "life_events": facts["life_events"],
        "title": title,
        "search": "\n".join((title, _searched((spec.key, *_texts(facts))))),
        "facts": facts,
    }


def _facts(spec: Spec, name: str, said: ServiceFile | None) -> dict[str, Any]:
    """Returns the facts as JSON; texts as `fa` and `en`. Without service.toml, only those of the diagram."""
    clock, fee = spec.clock, bpmn.fee(spec)
    term = clock.statutory
    facts: dict[str, Any] = {
        "name": asdict(said.name if said and said.name else _halves(name)),
        "description": asdict(said.description if said and said.description else _description(spec)),
        "legal_basis": _laws(spec, said),
        "audience": list(said.audience) if said else [],
        "channels": list(said.channels) if said else ["online"],
        "life_events": list(said.life_events) if said else [],
        "languages": list(said.languages) if said else [],
        "evidence": [asdict(one) for one in said.evidence] if said else [],
        "output": [asdict(one) for one in said.output] if said else [],
        "contact": asdict(said.contact) if said and said.contact else None,
        "duplicates": said.duplicates if said else "confirm",
        "term": term if term is not None and bpmn.clock.is_literal(term) else None,
        "term_varies": term is not None and not bpmn.clock.is_literal(term),
        "norm": clock.norm,
        "fee": None if fee is None else asdict(fee),
    }
    return facts


def _laws(spec: Spec, said: ServiceFile | None) -> list[dict[str, Any]]:
    if said is not None and said.legal_basis:
        return [asdict(law) for law in said.legal_basis]
    drawn = spec.rules.legal_basis
    return [] if drawn is None else [{"name": asdict(_halves(drawn)), "url": None}]


def _halves(text: str) -> Both:
    return Both(*(Reader.of(language).half(text) for language in _LANGUAGES))


_LANGUAGES: tuple[Language, Language] = ("fa", "en")


def _description(spec: Spec) -> Both:
    """Returns the description in the process, else in its form; maybe empty."""
    drawn, form = spec.description, spec.start_form
    if " | " in drawn or (drawn and form is None):
        return _halves(drawn)
    told = form.schema.get("x-i18n", {}) if form else {}
    found = {language: told.get(language) for language in _LANGUAGES}
    texts = {name: one.get("description") for name, one in found.items() if isinstance(one, dict)}
    return Both(str(texts.get("fa") or ""), str(texts.get("en") or drawn))


def _searched(texts: Iterable[str]) -> str:
    """Returns texts as they are searched: normalised, and once more without spaces."""
    whole = " ".join(texts)
    return f"{persian.normalise(whole)}\n{persian.compact(whole)}"


def _texts(facts: Any) -> Iterator[str]:
    """Yields all texts in both languages: names, descriptions, laws, evidence, output."""
    if isinstance(facts, Mapping):
        for key, value in facts.items():
            if key in ("fa", "en"):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(facts, list):
        for value in facts:
            yield from _texts(value)
