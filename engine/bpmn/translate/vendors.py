"""One namespace for those engines that write Camunda's vocabulary under a name of their own."""

from typing import Any

from lxml import etree

from engine.bpmn.translate.told import CAMUNDA

SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
# Engines that act upon what they add to a diagram.
OTHER_ENGINES = frozenset({
    SPIFF, "http://camunda.org/schema/zeebe/1.0", "http://www.jboss.org/drools", "http://www.bpsim.org/schemas/1.0",
    "http://www.bpsim.org/schemas/2.0", "http://knowprocess.com/bpmn", "http://www.jboss.org/jbpm",
    "http://www.bonitasoft.org/ns/bpmn",
})  # fmt: skip

# Operaton is Camunda's successor; Activiti and Flowable share its ancestor.
RELATIVES = frozenset({
    "http://operaton.org/schema/1.0/bpmn", "http://activiti.org/bpmn", "http://flowable.org/bpmn",
    "http://www.camunda.com/fox", "http://www.operaton.com/fox",
})  # fmt: skip


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
