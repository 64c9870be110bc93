"""DMN decisions for tests: small files with a table, and diagrams that evaluate them."""

from collections.abc import Sequence

from engine import bpmn
from engine.bpmn import Spec
from tests.driving import document, source
from tests.eventful import line

RULES = (("&lt; 10", '"auto"', "3"), ("&gt;= 10", '"desk"', "10"))


def dmn(body: str, namespace: str = "test") -> bytes:
    """A DMN file."""
    space = "https://www.omg.org/spec/DMN/20230324/MODEL/"
    return (
        f'<definitions xmlns="{space}" id="d" name="d" namespace="{namespace}">{body}</definitions>'.encode()
    )


def data(name: str, of: str = "number") -> str:
    """Input data."""
    return f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{of}"/></inputData>'


def table(
    name: str = "route",
    rules: Sequence[Sequence[str]] = RULES,
    *,
    policy: str = "UNIQUE",
    tested: str = "amount",
    outputs: Sequence[str] = ("route", "days"),
    drawn: bool = True,
) -> str:
    """A decision by a table with one input; `drawn`: its data is in the diagram."""
    needs = f'<informationRequirement id="r"><requiredInput href="#{tested}"/></informationRequirement>'
    columns = "".join(f'<output id="o{at}" name="{each}"/>' for at, each in enumerate(outputs))
    rows = "".join(
        f'<rule id="{name}-{at}"><inputEntry><text>{test}</text></inputEntry>'
        + "".join(f"<outputEntry><text>{each}</text></outputEntry>" for each in results)
        + "</rule>"
        for at, (test, *results) in enumerate(rules, 1)
    )
    return (
        f'<decision id="{name}" name="{name}"><variable name="{name}"/>{needs if drawn else ""}'
        f'<decisionTable id="{name}-table" hitPolicy="{policy}"><input id="in" label="{tested}">'
        f'<inputExpression id="x" typeRef="number"><text>{tested}</text></inputExpression></input>'
        f"{columns}{rows}</decisionTable></decision>"
    )


def task(attributes: str = 'parvandeh:decisionRef="route"', inside: str = "") -> str:
    """A line with one business rule task, followed by a user task."""
    return line(f'<businessRuleTask id="rule" {attributes}>{inside}</businessRuleTask>', "userTask after")


def ruled(body: str, *decisions: str, process: str = "") -> Spec:
    """A process ready to run, with its decisions in one file; `process` are further attributes of it."""
    drawn = document(body).replace(b"<process", f"<process{process}".encode())
    return bpmn.build(
        source(body, files={"process.bpmn": drawn, "rules.dmn": dmn("".join(decisions))}), "process"
    )
