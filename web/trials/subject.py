"""What the pages of one version share: where they are, its diagram, and what is marked on that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint

from engine import pictures
from engine.bpmn import Spec
from engine.db import UnitOfWork
from engine.models import DefinitionVersion
from web import texts

blueprint = Blueprint("trials", __name__, url_prefix="/designer/<key>/<int:number>")

TABS = ("diagram", "scenarios", "forms", "try")


@dataclass(slots=True)
class Painting:
    """Marks on a diagram: a word for each element that is drawn, and a note at its corner."""

    marks: dict[str, str] = field(default_factory=dict)
    badges: dict[str, str] = field(default_factory=dict)

    def paint(self, places: Mapping[str, str], names: Iterable[str], word: str, sign: str = "") -> None:
        """Mark what shows these, over what it was marked with before."""
        for name in names:
            if name in places:
                self.marks[places[name]] = word
                if sign:
                    self.badges[places[name]] = sign


def home(version: DefinitionVersion) -> str:
    """Where the pages of a version stand."""
    return f"/designer/{version.key}/{version.number}"


def about(version: DefinitionVersion, tab: str) -> dict[str, Any]:
    """What every page of a version tells of it."""
    at = home(version)
    tabs = [(name, texts.say(f"trials.tab.{name}"), f"{at}/{name}") for name in TABS]
    return {"version": version, "home": at, "tabs_of_version": tabs, "tab": tab}


def named(spec: Spec, path: str) -> str:
    """What people call an element, or a flow; a flow without a name is told by its ends."""
    element, flow = spec.elements.get(path), spec.flows.get(path)
    name = texts.reader().half((element.name if element else flow.name if flow else "") or "")
    if name or flow is None:
        return name or path
    inside = path.removesuffix(path.rpartition("/")[2])
    source, target = (named(spec, inside + end) for end in (flow.source, flow.target))
    return texts.say("trials.flow", source=source, target=target)


def places(uow: UnitOfWork, version: DefinitionVersion, spec: Spec) -> dict[str, str]:
    """The ids of what is drawn, for all elements and flows."""
    return pictures.places(uow, version, [*spec.elements, *spec.flows])
