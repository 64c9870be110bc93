"""Reads DMN files, versions 1.1 to 1.5."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

from lxml import etree

from engine.dmn.feel.names import normalized
from engine.dmn.model import syntax
from engine.platform import xml
from engine.platform.budget import spend
from engine.platform.findings import Finding, Value
from engine.platform.xml import Element

MAX_ELEMENTS = 100_000
MAX_TEXT = 1_000_000  # characters of all expressions together: takes seconds to read
_NAMESPACES = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd",  # as tools wrote it before the standard was published
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
}
FOLD = "{https://parvandeh.org/bpmn}fold"  # the product's own attribute of columns and input data
_POLICIES = {
    "UNIQUE": "U",
    "ANY": "A",
    "PRIORITY": "P",
    "FIRST": "F",
    "RULE ORDER": "R",
    "OUTPUT ORDER": "O",
    "COLLECT": "C",
}
_AGGREGATIONS = {"SUM": "+", "MIN": "<", "MAX": ">", "COUNT": "#"}


class NotDmn(Exception):
    """Raised for a file that isn't DMN: `line`, `code` and `values` of a finding, and its `reason`."""

    def __init__(self, code: str, line: int | None = None, /, **values: Value) -> None:
        self.reason = Finding("error", code, "", values=values).reason
        super().__init__(self.reason)
        self.code, self.values = code, values
        self.line = line


def read_file(file: str, content: bytes) -> syntax.Definitions:
    """Reads a file. Raises NotDmn."""
    root = parse_xml(content)
    elements = {}
    for child in _children(root):
        reader = _ELEMENTS.get(_tag(child))
        if reader is not None:
            found = reader(child)
            elements[found.id] = found
    folded = {each.name for each in elements.values() if isinstance(each, syntax.InputData) and each.folded}
    for element in elements.values() if folded else ():
        if isinstance(element, syntax.Decision) and isinstance(element.logic, syntax.Table):
            elements[element.id] = replace(element, logic=_folded(element.logic, folded))
    return syntax.Definitions(
        file,
        root.get("id", ""),
        root.get("name", ""),
        root.get("namespace", ""),
        root.get("expressionLanguage"),
        {each.get("namespace", ""): normalized(each.get("name", "")) for each in _each(root, "import")},
        tuple(_item(each) for each in _each(root, "itemDefinition")),
        elements,
        sha256(content).hexdigest(),
    )


def parse_xml(content: bytes) -> Element:
    """Parses the XML of a file. Raises NotDmn."""
    try:
        root = xml.parse(content)
    except xml.HasDoctype:
        raise NotDmn("doctype", 1) from None
    except xml.NotXml as error:
        raise NotDmn("not-xml.parser", error.line, error=error.reason) from None
    name = etree.QName(root)
    if name.localname != "definitions" or name.namespace not in _NAMESPACES:
        raise NotDmn("not-dmn", root.sourceline)
    sizes = [len(node.text or "") for node in root.iter()]
    if len(sizes) > MAX_ELEMENTS:
        raise NotDmn("too-many-elements", limit=MAX_ELEMENTS)
    if sum(sizes) > MAX_TEXT:
        raise NotDmn("file-too-large.text", limit=MAX_TEXT)
    return root


def _tag(node: Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _children(node: Element) -> Iterator[Element]:
    """Yields the children that belong to DMN itself."""
    for child in node:
        if isinstance(child.tag, str) and child.tag[1:].partition("}")[0] in _NAMESPACES:
            yield child


def _each(node: Element, tag: str) -> Iterator[Element]:
    return (child for child in _children(node) if _tag(child) == tag)


def _one(node: Element | None, tag: str) -> Element | None:
    return None if node is None else next(_each(node, tag), None)


def _line(node: Element) -> int:
    return int(node.sourceline or 0)


def _id(node: Element) -> str:
    return node.get("id") or f"line-{_line(node)}"


def _type(node: Element | None) -> str | None:
    """Returns `typeRef`, an attribute or child; without the prefix of FEEL's own types."""
    if node is None:
        return None
    child = _one(node, "typeRef")
    name = normalized(node.get("typeRef") or (child.text if child is not None and child.text else "") or "")
    return _qualified(node, name).removeprefix("feel.") or None


def _qualified(node: Element, name: str) -> str:
    """Converts a reference of DMN 1.1 by namespace prefix to the current form: by the name of the import."""
    prefix, _, local = name.partition(":")
    space = node.nsmap.get(prefix) if local else None
    if space is None:
        return name.removeprefix("feel:")
    root = node.getroottree().getroot()
    spend(len(root))
    if "/FEEL/" in space or space == root.get("namespace"):
        return local
    imported = (each.get("name") for each in _each(root, "import") if each.get("namespace") == space)
    return f"{next(imported, None) or prefix}.{local}"


def _text(node: Element | None) -> syntax.Text | None:
    return None if node is None else _literal(node)


def _literal(node: Element) -> syntax.Text:
    """Reads a text with its place: of a literal expression, a cell or a list of allowed values."""
    text = _one(node, "text")
    written = "".join(text.itertext()) if text is not None else ""
    return syntax.Text(_id(node), _type(node), _line(node), written.strip(), node.get("expressionLanguage"))


# Elements of the graph


def _variable(node: Element) -> tuple[str, str | None]:
    variable = _one(node, "variable")
    name = variable.get("name") if variable is not None else None
    return normalized(name or node.get("name") or ""), _type(variable)


def _input_data(node: Element) -> syntax.InputData:
    name, of = _variable(node)
    return syntax.InputData(_id(node), name, of, _line(node), _folds(node))


def _requirements(node: Element) -> tuple[str, ...]:
    kinds = ("informationRequirement", "knowledgeRequirement")
    required = ("requiredDecision", "requiredInput", "requiredKnowledge")
    return tuple(
        target.get("href", "")
        for kind in kinds
        for requirement in _each(node, kind)
        for target in _children(requirement)
        if _tag(target) in required
    )


def _decision(node: Element) -> syntax.Decision:
    name, of = _variable(node)
    return syntax.Decision(_id(node), name, of, _line(node), _requirements(node), _inner(node))


def _knowledge(node: Element) -> syntax.Knowledge:
    name, of = _variable(node)
    logic = _one(node, "encapsulatedLogic")
    function = _parameterized(logic) if logic is not None else None
    return syntax.Knowledge(_id(node), name, of, _line(node), _requirements(node), function)


def _service(node: Element) -> syntax.Service:
    name, of = _variable(node)
    references = {
        tag: tuple(each.get("href", "") for each in _each(node, tag))
        for tag in ("outputDecision", "inputDecision", "inputData")
    }
    return syntax.Service(_id(node), name, of, _line(node), *references.values())


_ELEMENTS: Mapping[str, Callable[[Element], syntax.Element]] = {
    "inputData": _input_data,
    "decision": _decision,
    "businessKnowledgeModel": _knowledge,
    "decisionService": _service,
}


def _item(node: Element) -> syntax.Item:
    function = _one(node, "functionItem")
    return syntax.Item(
        normalized(node.get("name", "")),
        _type(node),
        node.get("isCollection") == "true",
        tuple(_item(each) for each in _each(node, "itemComponent")),
        _text(_one(node, "allowedValues")),
        _text(_one(node, "typeConstraint")),
        None if function is None else _function_item(function),
    )


def _function_item(node: Element) -> tuple[tuple[str | None, ...], str | None]:
    result = normalized(node.get("outputTypeRef", "")) or None
    return tuple(_type(each) for each in _each(node, "parameters")), result


# Expressions


def _inner(node: Element | None) -> syntax.Boxed | None:
    """Returns the first expression in an element."""
    if node is None:
        return None
    return next((_BOXED[_tag(child)](child) for child in _children(node) if _tag(child) in _BOXED), None)


def _table(node: Element) -> syntax.Table:
    policy = _POLICIES.get(node.get("hitPolicy", "UNIQUE"), "?")
    if policy == "C" and node.get("aggregation"):
        policy += _AGGREGATIONS.get(node.get("aggregation", ""), "?")
    rules = tuple(_rule(each) for each in _each(node, "rule"))
    inputs = tuple(_input(each) for each in _each(node, "input"))
    outputs = tuple(_output(each) for each in _each(node, "output"))
    return _folded(syntax.Table(_id(node), _type(node), _line(node), policy, inputs, outputs, rules))


def _folded(table: syntax.Table, names: Collection[str] = ()) -> syntax.Table:
    """Marks the cells of folded columns, and of those that test these names, as folded."""
    inputs = tuple(
        replace(each, folded=each.folded or each.expression.text in names) for each in table.inputs
    )
    if not any(each.folded for each in inputs):
        return table
    inputs = tuple(
        replace(each, allowed=replace(each.allowed, folded=True)) if each.folded and each.allowed else each
        for each in inputs
    )
    rules = tuple(
        replace(
            rule,
            tests=tuple(
                replace(text, folded=True) if at < len(inputs) and inputs[at].folded else text
                for at, text in enumerate(rule.tests)
            ),
        )
        for rule in table.rules
    )
    return replace(table, inputs=inputs, rules=rules)


def _input(node: Element) -> syntax.Input:
    expression = _text(_one(node, "inputExpression")) or syntax.Text(_id(node), None, _line(node), "")
    return syntax.Input(node.get("label", ""), expression, _text(_one(node, "inputValues")), _folds(node))


def _folds(node: Element) -> bool:
    return node.get(FOLD) == "true"


def _output(node: Element) -> syntax.Output:
    return syntax.Output(
        normalized(node.get("name", "")),
        node.get("label", ""),
        _type(node),
        _text(_one(node, "outputValues")),
        _text(_one(node, "defaultOutputEntry")),
    )


def _rule(node: Element) -> syntax.Rule:
    remarks = (_one(each, "text") for each in _each(node, "annotationEntry"))
    return syntax.Rule(
        _id(node),
        _line(node),
        tuple(_literal(each) for each in _each(node, "inputEntry")),
        tuple(_literal(each) for each in _each(node, "outputEntry")),
        " ".join(each.text for each in remarks if each is not None and each.text),
    )


def _entries(node: Element) -> syntax.Entries:
    entries = []
    for each in _each(node, "contextEntry"):
        variable = _one(each, "variable")
        name = normalized(variable.get("name", "")) if variable is not None else None
        entries.append((name, _type(variable), _inner(each)))
    return syntax.Entries(_id(node), _type(node), _line(node), tuple(entries))


def _invocation(node: Element) -> syntax.Invocation:
    arguments = []
    for binding in _each(node, "binding"):
        parameter = _one(binding, "parameter")
        name = normalized(parameter.get("name", "")) if parameter is not None else ""
        arguments.append((name, _inner(binding)))
    function = _inner(node) or syntax.Text("", None, _line(node), "null")
    return syntax.Invocation(_id(node), _type(node), _line(node), function, tuple(arguments))


def _boxes(node: Element) -> tuple[syntax.Boxed, ...]:
    return tuple(_BOXED[_tag(child)](child) for child in _children(node) if _tag(child) in _BOXED)


def _list(node: Element) -> syntax.Items:
    return syntax.Items(_id(node), _type(node), _line(node), _boxes(node))


def _relation(node: Element) -> syntax.Relation:
    columns = tuple((normalized(each.get("name", "")), _type(each)) for each in _each(node, "column"))
    rows = tuple(_boxes(row) for row in _each(node, "row"))
    return syntax.Relation(_id(node), _type(node), _line(node), columns, rows)


def _parameterized(node: Element) -> syntax.Parameterized:
    parameters = tuple(
        (normalized(each.get("name", "")), _type(each)) for each in _each(node, "formalParameter")
    )
    kind = node.get("kind", "FEEL")
    return syntax.Parameterized(_id(node), _type(node), _line(node), kind, parameters, _inner(node))


def _conditional(node: Element) -> syntax.Conditional:
    parts = (_inner(_one(node, tag)) for tag in ("if", "then", "else"))
    return syntax.Conditional(_id(node), _type(node), _line(node), *parts)


def _filtered(node: Element) -> syntax.Filtered:
    parts = (_inner(_one(node, tag)) for tag in ("in", "match"))
    return syntax.Filtered(_id(node), _type(node), _line(node), *parts)


def _iterated(node: Element) -> syntax.Iterated:
    body = _one(node, "return" if _tag(node) == "for" else "satisfies")
    variable = normalized(node.get("iteratorVariable", ""))
    source = _inner(_one(node, "in"))
    return syntax.Iterated(_id(node), _type(node), _line(node), _tag(node), variable, source, _inner(body))


_BOXED: Mapping[str, Callable[[Element], syntax.Boxed]] = {
    "literalExpression": _literal,
    "decisionTable": _table,
    "context": _entries,
    "invocation": _invocation,
    "list": _list,
    "relation": _relation,
    "functionDefinition": _parameterized,
    "conditional": _conditional,
    "filter": _filtered,
    "for": _iterated,
    "some": _iterated,
    "every": _iterated,
}
