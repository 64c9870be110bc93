"""Small DMN models, and what the check says of them."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from engine.dmn.check import check
from engine.platform.findings import Finding

MODEL = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def definitions(*elements: str, namespace: str = "test", attributes: str = "") -> bytes:
    """A file of these elements, each on a line of its own, the first on line 2."""
    inside = "\n".join(elements)
    return (
        f'<definitions xmlns="{MODEL}" id="d" name="d" namespace="{namespace}" {attributes}>'
        f"\n{inside}\n</definitions>"
    ).encode()


def data(name: str, of: str | None = None) -> str:
    """Data that is given."""
    typed = f' typeRef="{of}"' if of else ""
    return f'<inputData id="{name}" name="{name}"><variable name="{name}"{typed}/></inputData>'


def literal(text: str, attributes: str = "") -> str:
    """A literal expression."""
    return f"<literalExpression {attributes}><text>{escape(text)}</text></literalExpression>"


def decision(name: str, logic: str, requires: Sequence[str] = (), of: str | None = None) -> str:
    """A decision; what it requires is data if its name is in lower case, else a decision or a model."""
    typed = f' typeRef="{of}"' if of else ""
    needed = "".join(map(_requirement, requires))
    return f'<decision id="{name}" name="{name}"><variable name="{name}"{typed}/>{needed}{logic}</decision>'


def _requirement(name: str) -> str:
    if name.startswith("Fn"):
        return f'<knowledgeRequirement><requiredKnowledge href="#{name}"/></knowledgeRequirement>'
    kind = "requiredDecision" if name[0].isupper() else "requiredInput"
    return f'<informationRequirement><{kind} href="#{name}"/></informationRequirement>'


def knowledge(name: str, parameters: str, body: str, attributes: str = "") -> str:
    """A business knowledge model: `knowledge("FnAdd", "a: number, b: number", "a + b")`."""
    pairs = (part.split(": ") for part in parameters.split(", "))
    formal = "".join(f'<formalParameter name="{each}" typeRef="{of}"/>' for each, of in pairs)
    return (
        f'<businessKnowledgeModel id="{name}" name="{name}"><variable name="{name}"/>'
        f"<encapsulatedLogic {attributes}>{formal}{literal(body)}</encapsulatedLogic>"
        "</businessKnowledgeModel>"
    )


def item(name: str, of: str, allowed: str = "") -> str:
    """A type of which some values are allowed."""
    values = f"<allowedValues><text>{escape(allowed)}</text></allowedValues>" if allowed else ""
    return f'<itemDefinition name="{name}"><typeRef>{of}</typeRef>{values}</itemDefinition>'


def table(
    policy: str,
    inputs: Sequence[str],
    rules: Sequence[str],
    *,
    output: str = "",
    attributes: str = "",
) -> str:
    """A table: inputs as `age`, `age: number` or `kind: string = "a", "b"`, rules as `< 18 | - | "child"`.

    `output` is `: type = values`, either of which may be left out.
    """
    columns = "".join(map(_input, inputs))
    of, _, allowed = output.removeprefix(":").partition("=")
    typed = f' typeRef="{of.strip()}"' if of.strip() else ""
    values = f"<outputValues><text>{escape(allowed.strip())}</text></outputValues>" if allowed else ""
    rows = "\n".join(_rule(rule, len(inputs)) for rule in rules)
    return (
        f'<decisionTable hitPolicy="{policy}" {attributes}>{columns}'
        f'<output name="out"{typed}>{values}</output>\n{rows}</decisionTable>'
    )


def _input(text: str) -> str:
    told, _, allowed = text.partition(" = ")
    name, _, of = told.partition(": ")
    typed = f' typeRef="{of}"' if of else ""
    values = f"<inputValues><text>{escape(allowed)}</text></inputValues>" if allowed else ""
    return f"<input><inputExpression{typed}><text>{escape(name)}</text></inputExpression>{values}</input>"


def _rule(text: str, inputs: int) -> str:
    cells = [f"<text>{escape(cell.strip())}</text>" for cell in text.split("|")]
    tests = "".join(f"<inputEntry>{cell}</inputEntry>" for cell in cells[:inputs])
    results = "".join(f"<outputEntry>{cell}</outputEntry>" for cell in cells[inputs:])
    return f"<rule>{tests}{results}</rule>"


def findings(*elements: str) -> list[Finding]:
    """All that is found in a file of these elements; each has its place, its reason and its fix."""
    found = check({"a.dmn": definitions(*elements)}).findings
    assert all(each.file == "a.dmn" and each.reason and each.fix for each in found)
    return list(found)


def codes(*elements: str) -> list[tuple[str, str]]:
    """Severity and code of each finding."""
    return [(each.severity, each.code) for each in findings(*elements)]


def of_expression(text: str, *more: str, requires: Sequence[str] = ()) -> list[Finding]:
    """What is found in a decision of one expression."""
    return findings(*more, decision("D", literal(text), requires))


def of_table(
    policy: str, inputs: Sequence[str], rules: Sequence[str], *more: str, output: str = ""
) -> list[Finding]:
    """What is found in a table; its inputs are data of the given types."""
    named = dict(each.partition(" = ")[0].partition(": ")[::2] for each in inputs)
    given = [data(name, of or None) for name, of in named.items() if name.isidentifier()]
    logic = table(policy, inputs, rules, output=output)
    return findings(*more, *given, decision("D", logic, [name for name in named if name.isidentifier()]))
