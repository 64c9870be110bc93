"""One namespace for those engines that write Camunda's vocabulary under a name of their own."""

from typing import Any

from lxml import etree

from engine.bpmn.translate.told import CAMUNDA

# Operaton is Camunda's successor; Activiti and Flowable share its ancestor.
RELATIVES = frozenset({
    "http://operaton.org/schema/1.0/bpmn", "http://activiti.org/bpmn", "http://flowable.org/bpmn",
    "http://www.camunda.com/fox", "http://www.operaton.com/fox",
})  # fmt: skip

ZEEBE = "http://camunda.org/schema/zeebe/1.0"


def of_camunda(root: Any) -> bool:
    """Whether a document was drawn for one of these engines, and not for Camunda 8."""
    spaces = set(root.nsmap.values())
    return bool(spaces & (RELATIVES | {CAMUNDA[1:-1]})) and ZEEBE not in spaces


def unify(root: Any) -> None:
    """Write their elements and attributes in Camunda's namespace."""
    for element in root.iter(etree.Element):
        space, _, name = element.tag.rpartition("}")
        if space[1:] in RELATIVES:
            element.tag = CAMUNDA + name
        for attribute in [key for key in element.attrib if key[1:].partition("}")[0] in RELATIVES]:
            value, name = element.attrib.pop(attribute), CAMUNDA + attribute.rpartition("}")[2]
            if element.get(name) is None:
                element.set(name, value)
