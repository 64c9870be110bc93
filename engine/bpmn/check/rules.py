"""Checks DMN decisions and the business rule tasks that evaluate them."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from engine.bpmn.expressions.scripts import language
from engine.bpmn.model import feel, juel
from engine.bpmn.model.diagram import Diagram
from engine.bpmn.model.notes import Notes, Rules
from engine.bpmn.notation.rule_tasks import DECISION, MAPPING, NULL_FAULTS, ON_NULL, RESULT, RESULTS
from engine.bpmn.notation.vocabulary import PARVANDEH, bpmn
from engine.dmn import SUFFIX, Decisions, Definitions, NotDmn, check_files, parse_xml
from engine.platform.findings import Value


def read_rules(files: Mapping[str, bytes], notes: Notes) -> Decisions:
    """Returns the decisions that can be evaluated; reports errors in them."""
    contents = {name: content for name, content in files.items() if name.endswith(SUFFIX)}
    read: dict[str, Definitions] = {}
    for together in _groups(contents):
        checked = check_files(together)
        for finding in checked.findings:
            notes.add(finding)
        read |= {file.file: file for file in checked.files}
    return Decisions([read[name] for name in contents if name in read and name not in notes.refused])


def _groups(contents: Mapping[str, bytes]) -> list[dict[str, bytes]]:
    """Groups files that may import each other. Files with the same namespace can't be imported by these."""
    spaces: dict[str, dict[str, bytes]] = {}
    for name, content in contents.items():
        try:
            space = parse_xml(content).get("namespace", "")
        except NotDmn:
            space = ""
        spaces.setdefault(space, {})[name] = content
    together = {
        name: content for group in spaces.values() if len(group) == 1 for name, content in group.items()
    }
    apart = (group for group in spaces.values() if len(group) > 1)
    alone = [{name: content} for group in apart for name, content in group.items()]
    return [together, *alone] if together else alone


def check_rule_tasks(diagram: Diagram, rules: Decisions, notes: Notes) -> None:
    """Checks every business rule task of a process: its decision exists, and its result has a name."""
    tasks = _Tasks(diagram.file, notes)
    tasks.null_faults(diagram.element)
    for task in diagram.element.iter(bpmn("businessRuleTask")):
        tasks.decision(task, rules)
        tasks.inputs(task, rules)
        tasks.null_faults(task)
        tasks.result(task, rules)


def _unknown(name: str, known: Sequence[str]) -> dict[str, Value]:
    """Returns the values of an unknown decision: a similar name, else the available ones."""
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return {"decision": name[:100], "near": near[0]}
    if known:
        return {"decision": name[:100], "known": tuple(known[:10])}
    return {"decision": name[:100]}


class _Tasks(Rules):
    def decision(self, task: Any, rules: Decisions) -> None:
        name = task.get(DECISION)
        if not name:
            self.error(
                task,
                "decision-unnamed",
            )
            return
        found = rules.named(name)
        if len(found) > 1:
            self.error(
                task,
                "decision-twice",
                decision=name[:100],
                files=tuple(each.file for each in found),
            )
        elif not found and not any(file.endswith(SUFFIX) for file in self.notes.refused):
            self.error(task, "unknown-decision", **_unknown(name, [each.id for each in rules.offered]))

    def null_faults(self, element: Any) -> None:
        """Checks how expressions are handled that are null because of a wrong type or a missing input."""
        value = element.get(NULL_FAULTS)
        if value is not None and value not in ON_NULL:
            self.error(element, "invalid-null-faults", value=value[:40], allowed=ON_NULL)

    def inputs(self, task: Any, rules: Decisions) -> None:
        """Checks inputs whose names can't be variables: inputs of the task must set their values."""
        code = task.get(f"{{{PARVANDEH}}}inputs") or ""
        read = {"feel": feel.keys, "juel": juel.keys}.get(language(code))
        given = frozenset() if read is None else read(code)
        names = sorted(rules.reads(task.get(DECISION) or "")) if given is not None else ()
        missing = [name for name in names if not name.isidentifier() and name not in (given or ())]
        if missing:
            self.warn(
                task,
                "decision-input.names",
                names=tuple(missing[:10]),
                first=missing[0],
            )

    def result(self, task: Any, rules: Decisions) -> None:
        result, how = task.get(RESULT), task.get(MAPPING)
        if how is not None and (how not in RESULTS or result is None):
            self.error(
                task,
                "decision-result.unknown" if how not in RESULTS else "decision-result.no-variable",
                value=how[:40],
                allowed=RESULTS,
            )
        names = rules.outputs(task.get(DECISION) or "") if result is None else (result,)
        wrong = [name for name in names if not name.isidentifier()]
        if wrong:
            self.error(task, "decision-result", variable=wrong[0][:80])
