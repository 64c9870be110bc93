"""One namespace for those engines that write Camunda's vocabulary under a name of their own."""

import re
from typing import Any

from lxml import etree

from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.translate.translations import BPMN, CAMUNDA

# Operaton is Camunda's successor; Activiti and Flowable share its ancestor.
COUSINS = frozenset({"http://activiti.org/bpmn", "http://flowable.org/bpmn"})
RELATIVES = COUSINS | {
    "http://operaton.org/schema/1.0/bpmn", "http://www.camunda.com/fox", "http://www.operaton.com/fox",
}  # fmt: skip
# The attributes that Camunda reads on elements of BPMN; it passes over all others.
VOCABULARY = frozenset({
    "assignee", "async", "asyncAfter", "asyncBefore", "binding", "businessKey", "calledElementBinding",
    "calledElementTenantId", "calledElementVersion", "calledElementVersionTag", "candidateGroups",
    "candidateStarterGroups", "candidateStarterUsers", "candidateUsers", "caseBinding", "caseRef",
    "caseTenantId", "caseVersion", "class", "collection", "decisionRef", "decisionRefBinding",
    "decisionRefTenantId", "decisionRefVersion", "decisionRefVersionTag", "delegateExpression",
    "diagramRelationId", "dueDate", "elementVariable", "errorCodeVariable", "errorMessage",
    "errorMessageVariable", "escalationCodeVariable", "exclusive", "expression", "failedJobRetryTimeCycle",
    "followUpDate", "formHandlerClass", "formKey", "formRef", "formRefBinding", "formRefVersion",
    "historyTimeToLive", "initiator", "isStartableInTasklist", "jobPriority", "mapDecisionResult",
    "modelerTemplate", "modelerTemplateIcon", "modelerTemplateVersion", "priority", "resource",
    "resultVariable", "resultVariableName", "taskPriority", "tenantId", "topic", "type", "variableEvents",
    "variableMappingClass", "variableMappingDelegateExpression", "variableName", "versionTag",
})  # fmt: skip

ZEEBE = "http://camunda.org/schema/zeebe/1.0"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
# Engines that act upon what they add to a diagram.
OTHER_ENGINES = frozenset({
    SPIFF, ZEEBE, "http://www.jboss.org/drools", "http://www.bpsim.org/schemas/1.0",
    "http://www.bpsim.org/schemas/2.0", "http://knowprocess.com/bpmn", "http://www.jboss.org/jbpm",
    "http://www.bonitasoft.org/ns/bpmn", *COUSINS,
})  # fmt: skip


def unify(root: Any) -> None:
    """Write their elements and attributes in Camunda's namespace."""
    for element in root.iter(etree.Element):
        space, _, name = element.tag.rpartition("}")
        if space[1:] in RELATIVES:
            element.tag = CAMUNDA + name
        for attribute in [key for key in element.attrib if _shared(*key[1:].partition("}")[::2])]:
            value, name = element.attrib.pop(attribute), CAMUNDA + attribute.rpartition("}")[2]
            if element.get(name) is None:
                element.set(name, value)


def _shared(space: str, name: str) -> bool:
    """Whether an attribute is Camunda's under another name; its cousins have some of their own."""
    return space in RELATIVES and (space not in COUSINS or name in VOCABULARY)


_MADE = re.compile(r"ns\d+$")  # prefixes of lxml's own, or of some tool: nobody knows a name by them
# How names are written that a translation has put into a file which does not declare their namespace.
PREFIXES = {OURS[1:-1]: "parvandeh", CAMUNDA[1:-1]: "camunda", ZEEBE: "zeebe", SPIFF: "spiffworkflow"}


def qualified(element: Any, name: str) -> str:
    """The name of an attribute or element as its file writes it: with a prefix, but for those of BPMN."""
    space, _, short = name.rpartition("}")
    space = space[1:]
    if space in ("", BPMN[1:-1]):
        return short
    told = {prefix: found for prefix, found in element.nsmap.items() if prefix and not _MADE.match(prefix)}
    written = {found: prefix for prefix, found in told.items()}
    alike = (space, *sorted(RELATIVES)) if space == CAMUNDA[1:-1] else (space,)
    return f"{next((written[one] for one in alike if one in written), PREFIXES.get(space, 'ns'))}:{short}"
