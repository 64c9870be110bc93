"""Multi-instance markers, data objects and forms."""

import json
from typing import Any

import pytest

from engine.bpmn import check
from engine.bpmn.notation.findings import Finding
from tests.bpmn import extension, in_line, line, many, node, script

FORM = b'{"type": "object", "properties": {"a": {"type": "string"}}}'
INPUT = "<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef>"
OUTPUT = '<bpmn:loopDataOutputRef>results</bpmn:loopDataOutputRef><bpmn:outputDataItem id="result"/>'
COUNT = "<bpmn:loopCardinality>3</bpmn:loopCardinality>"


def found(content: bytes, **forms: bytes) -> list[Finding]:
    files = {"a.bpmn": content} | {f"{name}.json": form for name, form in forms.items()}
    return [item for item in check(files).findings if item.code != "no-role"]


def errors(content: bytes, **forms: bytes) -> list[str]:
    return [item.code for item in found(content, **forms) if item.severity == "error"]


def warnings(content: bytes, **forms: bytes) -> list[str]:
    return [item.code for item in found(content, **forms) if item.severity == "warning"]


def each(inside: str, kind: str = "manualTask", *, sequential: bool = False) -> bytes:
    return line(node(kind, "a", many(inside, sequential=sequential)))


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("how", [INPUT, INPUT + '<bpmn:inputDataItem id="item"/>', COUNT])
def test_a_list_or_a_number_of_instances_passes(how: str, sequential: bool) -> None:
    assert found(each(how + OUTPUT, sequential=sequential)) == []


@pytest.mark.parametrize(
    "inside",
    [
        "",
        OUTPUT,
        INPUT + COUNT,
        INPUT + INPUT,
        INPUT + "<bpmn:loopDataOutputRef>results</bpmn:loopDataOutputRef>",
        INPUT + '<bpmn:outputDataItem id="result"/>',
        INPUT + '<bpmn:inputDataItem name="only a name"/>',
        '<bpmn:loopDataInputRef>a["b"]</bpmn:loopDataInputRef>',
        "<bpmn:loopDataInputRef/>",
    ],
)
def test_a_marker_that_would_do_something_else_is_refused(inside: str) -> None:
    assert set(errors(each(inside))) == {"multi-instance"}


@pytest.mark.parametrize(
    "marker",
    [
        '<bpmn:multiInstanceLoopCharacteristics behavior="One" oneBehaviorEventRef="e">'
        f"{INPUT}</bpmn:multiInstanceLoopCharacteristics>",
        '<bpmn:multiInstanceLoopCharacteristics camunda:collection="${find.all()}"/>',
    ],
)
def test_other_loops_are_refused(marker: str) -> None:
    assert set(errors(line(node("manualTask", "a", marker)))) & {
        "unsupported-attribute",
        "unsupported-extension",
        "unsupported-element",
    }


@pytest.mark.parametrize(
    "marker",
    [
        "<bpmn:standardLoopCharacteristics/>",
        '<bpmn:standardLoopCharacteristics loopMaximum="0"/>',
        '<bpmn:standardLoopCharacteristics loopMaximum="many"/>',
        f'<bpmn:standardLoopCharacteristics loopMaximum="3"/>{many(INPUT)}',
    ],
)
def test_a_loop_that_says_not_how_often_it_goes_round_is_refused(marker: str) -> None:
    assert set(errors(line(node("manualTask", "a", marker)))) == {"loop"}


def test_parallel_answers_that_are_not_collected_are_warned_of() -> None:
    assert warnings(each(INPUT)) == ["answers-collide"]


def test_outputs_of_parallel_instances_are_collected_or_refused() -> None:
    def told(inside: str, *, sequential: bool = False) -> list[str]:
        marker = many(inside, sequential=sequential)
        return errors(
            line(node("serviceTask", "a", marker, parvandeh__topic="t", parvandeh__outputs="{'x': 1}"))
        )

    assert told(INPUT) == ["outputs-collide"]
    assert told(INPUT + OUTPUT) == []
    assert told(INPUT, sequential=True) == []
    assert warnings(each(INPUT, sequential=True)) == []


def test_two_loops_may_call_their_items_alike() -> None:
    one, two = (
        node("manualTask", name, many(INPUT + '<bpmn:inputDataItem id="item"/>' + OUTPUT)) for name in "ab"
    )
    assert found(line(one, two)) == []


DATA = '<bpmn:dataObject id="file"/><bpmn:dataObjectReference id="ref" dataObjectRef="file"/>'
READ = "<bpmn:dataInputAssociation><bpmn:sourceRef>ref</bpmn:sourceRef>{}</bpmn:dataInputAssociation>"
WRITE = "<bpmn:dataOutputAssociation>{}<bpmn:targetRef>ref</bpmn:targetRef></bpmn:dataOutputAssociation>"


def with_data(inside: str, data: str = DATA) -> list[str]:
    return errors(line(node("manualTask", "a", inside), after=data))


def test_data_objects_may_be_read_and_written() -> None:
    placeholder = '<bpmn:property id="pr" name="__targetRef_placeholder"/>'
    assert with_data(READ.format("") + WRITE.format("")) == []
    assert with_data(placeholder + READ.format("<bpmn:targetRef>pr</bpmn:targetRef>")) == []


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        (READ.format("<bpmn:targetRef>variable</bpmn:targetRef>"), "data-association"),
        (READ.format("<bpmn:sourceRef>ref</bpmn:sourceRef>"), "data-association"),
        (WRITE.format("<bpmn:sourceRef>variable</bpmn:sourceRef>"), "data-association"),
        (READ.format("<bpmn:transformation>x</bpmn:transformation>"), "unsupported-element"),
        (WRITE.format("<bpmn:assignment/>"), "unsupported-element"),
        ('<bpmn:property id="pr" name="mine"/>', "unsupported-element"),
        (READ.format("").replace("ref<", "gone<"), "data-object-scope"),
        ("<bpmn:dataInputAssociation/>", "data-association"),
    ],
)
def test_associations_that_would_be_ignored_are_refused(inside: str, code: str) -> None:
    assert with_data(inside) == [code]


def test_a_data_object_needs_the_name_of_a_variable() -> None:
    data = '<bpmn:dataObject id="a-file"/><bpmn:dataObjectReference id="ref" dataObjectRef="a-file"/>'
    assert with_data("", data) == []
    assert with_data(READ.format(""), data) == ["data-object-name"]


def test_a_reference_to_nothing_is_refused() -> None:
    assert with_data("", '<bpmn:dataObjectReference id="ref" dataObjectRef="gone"/>') == [
        "data-object-missing"
    ]


@pytest.mark.parametrize(("depth", "expected"), [(0, []), (1, []), (2, ["data-object-scope"])])
def test_a_data_object_is_seen_one_level_down_only(depth: int, expected: list[str]) -> None:
    inside = node("manualTask", "a", READ.format(""))
    for level in range(depth):
        inside = node("subProcess", f"s{level}", "".join(in_line(inside, prefix=f"l{level}_")))
    assert errors(line(inside, after=DATA)) == expected


def test_a_data_object_of_another_sub_process_is_refused() -> None:
    one = node("subProcess", "s1", "".join(in_line("task x", prefix="one_")) + DATA)
    two = node("subProcess", "s2", "".join(in_line(node("task", "y", READ.format("")), prefix="two_")))
    assert errors(line(one, two)) == ["data-object-scope"]


STORE = '<bpmn:dataStoreReference id="d" dataStoreRef="ds"/>'
TO_STORE = "<bpmn:dataOutputAssociation><bpmn:targetRef>d</bpmn:targetRef></bpmn:dataOutputAssociation>"


def test_a_data_store_is_a_drawing() -> None:
    content = line(node("task", "a", TO_STORE), after=STORE)
    assert sorted(warnings(content)) == ["data-drawn", "data-store-drawn"]
    assert errors(content) == []


@pytest.mark.parametrize(
    "more",
    [
        script("b", "ds = 1"),
        script("b", "x = d"),
        node("userTask", "b", parvandeh__candidateGroups="ds"),
    ],
)
def test_a_data_store_that_expressions_name_is_refused(more: str) -> None:
    assert errors(line("task a", more, after=STORE)) == ["unsupported-element"]


def test_a_data_store_of_another_engine_is_refused() -> None:
    told = extension("<spiffworkflow:store/>")
    store = f'<bpmn:dataStoreReference id="d" dataStoreRef="ds">{told}</bpmn:dataStoreReference>'
    assert errors(line("task a", after=store)) == ["unsupported-element"]


def described(
    inside: str = "", *, gets: str = "", gives: str = "", more: str = "", kind: str = "task"
) -> str:
    """An activity `a` with an input from the data object and an output to it, perhaps named."""
    put_in = f'<bpmn:dataInput id="in1" name="{gets}"/>'
    sets = (
        "<bpmn:inputSet><bpmn:dataInputRefs>in1</bpmn:dataInputRefs></bpmn:inputSet>"
        "<bpmn:outputSet><bpmn:dataOutputRefs>out1</bpmn:dataOutputRefs></bpmn:outputSet>"
    )
    specification = f'{put_in}<bpmn:dataOutput id="out1" name="{gives}"/>{sets}{more}'
    return node(
        kind,
        "a",
        f"<bpmn:ioSpecification>{specification}</bpmn:ioSpecification>"
        + READ.format("<bpmn:targetRef>in1</bpmn:targetRef>")
        + WRITE.format("<bpmn:sourceRef>out1</bpmn:sourceRef>")
        + inside,
    )


@pytest.mark.parametrize("names", [{}, {"gets": "Order form", "gives": "Order form, signed"}, {"gets": "x"}])
@pytest.mark.parametrize("data", [DATA, DATA.replace('"file"', '"_1-2-3"')])
def test_described_inputs_and_outputs_are_a_drawing(names: dict[str, str], data: str) -> None:
    content = line(described(**names), node("task", "b", READ.format("")), after=data)
    assert errors(content) == []
    assert warnings(content) == ["data-drawn", "data-drawn"]


@pytest.mark.parametrize(
    "content",
    [
        line(described("<bpmn:script>y = x</bpmn:script>", gets="x", kind="scriptTask"), after=DATA),
        line(described("<bpmn:script>y = in1</bpmn:script>", kind="scriptTask"), after=DATA),
        line(described(many("<bpmn:loopDataInputRef>in1</bpmn:loopDataInputRef>")), after=DATA),
        line(described(gets="x", gives="y"), after=DATA),
        line(described(), script("b", "z = file"), after=DATA),
        line(described(gets="x"), script("b", "z = order"),
             after=DATA.replace('id="file"', 'id="file" name="order"')),
        line(described(more="<bpmn:odd/>"), after=DATA),
        line(described().replace("</bpmn:dataInputAssociation>",
             "<bpmn:transformation>1</bpmn:transformation></bpmn:dataInputAssociation>"), after=DATA),
        line(described().replace("</bpmn:dataInputAssociation>",
             "<bpmn:assignment/></bpmn:dataInputAssociation>"), after=DATA),
        line(described().replace(">ref<", ">gone<"), after=DATA),
        line(described(more=extension('<camunda:in variables="all"/>')), after=DATA),
    ],
)  # fmt: skip
def test_data_that_get_another_name_or_are_named_in_expressions_stay_refused(content: bytes) -> None:
    assert "unsupported-element" in errors(content)


def test_the_notes_of_editors_depend_on_nothing() -> None:
    note = '<o:note xmlns:o="urn:editor" o:about="in1 file">file</o:note>'
    task = described(gets="file").replace(
        "<bpmn:dataInput ", '<bpmn:dataInput xmlns:o="urn:editor" o:hidden="no" '
    )
    content = line(task, node("task", "b", extension(note)), after=DATA)
    assert sorted(warnings(content)) == ["data-drawn", "ignored-extension"]


def test_declared_inputs_of_a_process_and_data_of_events_are_a_drawing() -> None:
    declared = (
        '<bpmn:ioSpecification><bpmn:dataInput id="given"/><bpmn:inputSet/><bpmn:outputSet/>'
        "</bpmn:ioSpecification>"
    )
    event = node(
        "intermediateThrowEvent",
        "e",
        '<bpmn:dataInput id="in1"/><bpmn:dataInputAssociation><bpmn:sourceRef>given</bpmn:sourceRef>'
        "<bpmn:targetRef>in1</bpmn:targetRef></bpmn:dataInputAssociation><bpmn:inputSet/>",
    )
    content = line(event, before=declared)
    assert errors(content) == []
    assert warnings(content) == ["data-drawn", "data-drawn"]


def user(inside: str = "", **attributes: str) -> bytes:
    return line(node("userTask", "a", inside and extension(inside), **attributes))


def spiff(**names: str) -> str:
    items = "".join(
        f'<spiffworkflow:property name="{name}" value="{value}"/>' for name, value in names.items()
    )
    return f"<spiffworkflow:properties>{items}</spiffworkflow:properties>"


@pytest.mark.parametrize(
    "content",
    [
        user(camunda__formKey="x.json"),
        user(camunda__formKey="embedded:deployment:forms/x.json"),
        user(camunda__formKey="camunda-forms:deployment:x.json"),
        user(spiff(formJsonSchemaFilename="x.json")),
    ],
)
def test_a_form_is_named_in_either_way(content: bytes) -> None:
    assert found(content, x=FORM) == []
    assert errors(content) == ["form-missing"]


def test_the_drawing_of_a_form_must_be_there_too() -> None:
    content = user(spiff(formJsonSchemaFilename="x.json", formUiSchemaFilename="y.json"))
    assert found(content, x=FORM, y=b"{}") == []
    assert errors(content, x=FORM) == ["form-missing"]


def test_a_start_event_may_have_a_form() -> None:
    start = node("startEvent", "start", camunda__formKey="x.json")
    nodes = in_line("task a")
    content = line("task a").replace(nodes[0].encode(), start.encode())
    assert found(content, x=FORM) == []


def test_a_form_at_the_start_of_a_sub_process_is_refused() -> None:
    nodes = in_line("task b", prefix="inner_")
    nodes[0] = node("startEvent", "inner_start", camunda__formKey="x.json")
    assert errors(line(node("subProcess", "s", "".join(nodes))), x=FORM) == ["form-inside"]


def test_a_form_where_nobody_fills_it_in_is_refused() -> None:
    assert errors(line(node("manualTask", "a", camunda__formKey="x.json"))) == ["unsupported-extension"]
    inside = extension(spiff(formJsonSchemaFilename="x.json"))
    assert errors(line(node("manualTask", "a", inside))) == ["unsupported-extension"]


def test_a_user_task_without_form_is_warned_of() -> None:
    assert [(item.code, item.severity) for item in found(user())] == [("no-form", "warning")]


def test_two_forms_for_one_task_are_refused() -> None:
    assert errors(user(spiff(formJsonSchemaFilename="x.json"), camunda__formKey="x.json"), x=FORM) == [
        "two-forms"
    ]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (b'{"components": [], "type": "default", "schemaVersion": 99}', "form-js"),
        (b'{"type": "array"}', "invalid-form"),
        (b"{}", "invalid-form"),
        (b'{"type": "object"}', "invalid-form"),
        (b'{"type": "object", "properties": {"a": {"type": "nonsense"}}}', "invalid-form"),
        (b'{"type": "object", "properties": {"a": {"pattern": "("}}}', "invalid-form"),
        (b'{"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/a"}}}', "invalid-form"),
        (b'{"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}}', "invalid-form"),
    ],
)
def test_a_form_must_be_a_json_schema_of_an_object(form: bytes, code: str) -> None:
    assert errors(user(camunda__formKey="x.json"), x=form) == [code]


SOME = {"x-visible-to": ["inspector"]}
OBJECT: dict[str, Any] = {"type": "object", "properties": {"a": {**SOME}, "b": {}}}


@pytest.mark.parametrize(
    "form",
    [
        {**OBJECT, "if": {"required": ["a"]}},
        {**OBJECT, "allOf": [{"if": {"properties": {"a": {"const": 1}}}}]},
        {**OBJECT, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {**OBJECT, "not": {"required": ["a"]}},
        {**OBJECT, "dependentRequired": {"a": ["b"]}},
        {**OBJECT, **SOME},
        {**OBJECT, "$defs": {"d": {**SOME}}},
        {"type": "object", "properties": {"a": {"x-visible-to": "inspector"}}},
        {"type": "object", "properties": {"a": {"x-visible-to": [1]}}},
        {"type": "object", "properties": {"a": {**SOME, "x-editable-by": ["clerk"]}}},
        {"type": "object", "properties": {"l": {"items": {**OBJECT, "if": {"required": ["a"]}}}}},
    ],
)
def test_fields_for_some_roles_are_refused_where_that_could_not_be_kept(form: dict[str, Any]) -> None:
    assert errors(user(camunda__formKey="x.json"), x=json.dumps(form).encode()) == ["form-roles"]


def test_fields_for_some_roles_pass() -> None:
    then = {"if": {"required": ["b"]}, "then": {"required": ["a"]}}
    form = json.dumps({**OBJECT, **then, "dependentRequired": {"b": ["a"]}}).encode()
    assert found(user(camunda__formKey="x.json"), x=form) == []
    inside = json.dumps({"type": "object", "properties": {"o": OBJECT}}).encode()
    assert warnings(user(camunda__formKey="x.json"), x=inside) == ["form-roles-nested"]


def test_a_format_that_nothing_checks_is_warned_of() -> None:
    odd = {"a": {"format": "national_id"}, "b": {"format": "iban"}, "c": {"format": "uuid"}, "format": {}}
    form = json.dumps({"type": "object", "properties": odd, "x-i18n": {"format": "x"}}).encode()
    assert warnings(user(camunda__formKey="x.json"), x=form) == ["unknown-format"]


def test_properties_of_fields_say_roles_and_formats() -> None:
    told = '<camunda:properties><camunda:property id="{}" value="{}"/></camunda:properties>'
    one = '<camunda:formField id="a" type="string">' + told + "</camunda:formField>"
    for name, value in ("visibleTo", "a, b"), ("editableBy", "a"), ("format", "iban"):
        assert found(fields(one.format(name, value))) == []
    for name, value in ("visibleTo", ""), ("format", "odd"), ("other", "x"):
        assert warnings(fields(one.format(name, value))) == ["form-property"]


@pytest.mark.parametrize("form", [b"", b"{", b"[]", b"1", b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_a_json_file_must_be_an_object(form: bytes) -> None:
    assert errors(user(camunda__formKey="x.json"), x=form) == ["form-missing", "invalid-json"]


def test_a_form_that_nothing_names_is_warned_of() -> None:
    assert warnings(line("task a"), x=FORM) == ["unused-file"]


def fields(inside: str) -> bytes:
    return user(f"<camunda:formData>{inside}</camunda:formData>")


def test_form_data_pass() -> None:
    inside = (
        '<camunda:formField id="name" label="Name" type="string"><camunda:validation>'
        '<camunda:constraint name="required"/><camunda:constraint name="maxlength" config="80"/>'
        "</camunda:validation></camunda:formField>"
        '<camunda:formField id="age" type="long"><camunda:validation>'
        '<camunda:constraint name="min" config="-1"/></camunda:validation></camunda:formField>'
        '<camunda:formField id="kind" type="enum"><camunda:value id="one" name="One"/></camunda:formField>'
        '<camunda:formField id="born" type="date"/><camunda:formField id="ok" type="boolean"/>'
    )
    assert found(fields(inside)) == []


@pytest.mark.parametrize(
    "inside",
    [
        '<camunda:formField id="a b" type="string"/>',
        '<camunda:formField type="string"/>',
        '<camunda:formField id="a1" type="string"/><camunda:formField id="a1" type="long"/>',
        '<camunda:formField id="a1" type="file"/>',
        '<camunda:formField id="a1"/>',
        '<camunda:formField id="a1" type="date" datePattern="MM/yyyy"/>',
        '<camunda:formField id="a1" type="enum"/>',
        '<camunda:formField id="a1" type="string"><camunda:value id="x"/></camunda:formField>',
        *(
            '<camunda:formField id="a1" type="string"><camunda:validation>'
            f"<camunda:constraint {rule}/></camunda:validation></camunda:formField>"
            for rule in (
                'name="validator" config="x"',
                'name="min" config="1"',
                'name="minlength" config="x"',
                'name="readonly" config="false"',
                'name="readonly"/><camunda:constraint name="required"',
                "",
            )
        ),
    ],
)
def test_form_fields_that_would_not_be_kept_are_refused(inside: str) -> None:
    assert set(errors(fields(inside))) == {"form-field"}


def test_form_data_without_fields_are_refused() -> None:
    assert errors(fields("")) == ["empty-form"]
