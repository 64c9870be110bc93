"""Translates a diagram of another engine into the product's own vocabulary, before it is checked or run.

Covers the vocabulary of Camunda and related engines, parts of the standard that nothing here reads, and
Java's expressions. The check and the parser then only need to know the product's own vocabulary; whatever
can't be translated is left unchanged, and the check rejects it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from engine.bpmn.notation.candidate_roles import Bindings, Bound
from engine.bpmn.translate.calls import translate_calls
from engine.bpmn.translate.data import translate_data
from engine.bpmn.translate.decisions import translate_decisions
from engine.bpmn.translate.expressions import translate_expressions
from engine.bpmn.translate.feel import translate_languages
from engine.bpmn.translate.forms import translate_forms
from engine.bpmn.translate.ids import translate_ids
from engine.bpmn.translate.lanes import translate_lanes
from engine.bpmn.translate.mappings import translate_mappings
from engine.bpmn.translate.markers import translate_markers
from engine.bpmn.translate.messages import translate_messages
from engine.bpmn.translate.people import translate_people
from engine.bpmn.translate.references import translate_names, translate_references
from engine.bpmn.translate.spiff import translate_operators, translate_payloads, translate_scripts
from engine.bpmn.translate.translations import Told, Translation
from engine.bpmn.translate.vendors import unify
from engine.bpmn.translate.work import translate_services
from engine.bpmn.translate.zeebe import translate_zeebe

__all__ = ["Translation", "translate"]


_UNBOUND: Mapping[str, Bound] = MappingProxyType({})


def translate(root: Any, bindings: Bindings = _UNBOUND) -> tuple[Translation, ...]:
    """Translates a document in place; returns the translations. `bindings` are those of its folder."""
    told = Told()
    unify(root)
    translate_ids(root, told)
    translate_calls(root, told)
    translate_messages(root, told)
    translate_references(root, told)
    translate_data(root, told)
    translate_forms(root, told)
    translate_people(root, told)
    translate_lanes(root, bindings, told)
    translate_services(root, told)
    translate_decisions(root, told)
    translate_names(root, told)
    translate_operators(root, told)
    translate_payloads(root, told)
    translate_zeebe(root, told)
    translate_scripts(root, told)
    translate_mappings(root, told)
    translate_markers(root, told)
    translate_languages(root, told)
    translate_expressions(root, told)
    return tuple(told.all)
