"""What a case knows at run time was deemed possible by the check, in diagrams drawn at random."""

import re
from random import Random
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import Source
from engine.bpmn.check.variables import Process
from engine.bpmn.model.diagram import read_diagram
from engine.bpmn.notation.source import read_xml
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.state import load
from tests.bpmn import extension
from tests.drawing import ASKS, drawing
from tests.driving import NOW

COMMANDS = 40


def drawn(seed: int) -> tuple[bytes, dict[str, int]]:
    """A drawing in which each start and task has a form, each task an output, and each event a result."""
    content, asked = drawing(seed, 0.9)
    text = re.sub(r"(\d+) in (\w+)", r"\1 in to_\2", content.decode().replace("manualTask", "userTask"))
    text = re.sub(r'<bpmn:boundaryEvent id="(\w+)"', r'\g<0> parvandeh:result="came_\1"', text)
    text = re.sub(r'<bpmn:startEvent id="(\w+)">', lambda found: found[0] + form("begun"), text)
    return re.sub(r'<bpmn:userTask id="(\w+)">', with_form, text).encode(), asked


def form(field: str) -> str:
    fields = f'<camunda:formField id="{field}" type="string"/>'
    return extension(f"<camunda:formData>{fields}</camunda:formData>")


def with_form(task: "re.Match[str]") -> str:
    outputs = f"parvandeh:outputs=\"{{'out_{task[1]}': 1}}\""
    return f'<bpmn:userTask id="{task[1]}" {outputs}>{form(field(task[1]))}'


def field(task: str) -> str:
    return "to_" + task.removeprefix(ASKS) if task.startswith(ASKS) else f"said_{task}"


@pytest.mark.parametrize("seed", range(30))
def test_a_case_knows_nothing_that_was_not_deemed_possible(seed: int) -> None:
    content, asked = drawn(seed)
    files = {"a.bpmn": content}
    process = read_xml("a.bpmn", content).getroot().find("{*}process")
    foreseen = Process(read_diagram("a.bpmn", process), {}, called=False)
    spec = bpmn.build(Source(bpmn.digest(files, {}), files, {}), "p")
    random = Random(seed)
    tasks: dict[Any, str] = {}
    waits: dict[Any, str] = {}
    step = bpmn.start(spec, {"begun": 1}, NOW)
    for _ in range(COMMANDS):
        tasks.update({work.token: work.element for work in step.opened})
        waits.update({wait.token: wait.element for wait in step.waits})
        gone = {*(passage.token for passage in step.passages), *step.unwaited}
        tasks = {token: element for token, element in tasks.items() if token not in gone}
        waits = {token: element for token, element in waits.items() if token not in gone}
        state = step.state
        if state is None or not tasks:
            return
        workflow = load(state, spec, Sandbox(NOW))
        for token, element in tasks.items():
            assert workflow.tasks[token].data.keys() <= foreseen.known_at(element), element
        if waits and random.random() < 0.3:
            step = bpmn.fire(spec, state, {random.choice([*waits]): {"any": 1}}, NOW)
        else:
            token = random.choice([*tasks])
            answer = {field(tasks[token]): _said(tasks[token], asked, random)}
            step = bpmn.complete(spec, state, token, answer, NOW)


def _said(task: str, asked: dict[str, int], random: Random) -> Any:
    gateway = task.removeprefix(ASKS)
    count = 1 if gateway.startswith("e") else random.randint(1, asked.get(gateway, 1))
    return random.sample(range(asked.get(gateway, 1)), count)
