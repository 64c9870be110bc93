"""The texts of faults at fields."""

from typing import Any

import pytest

from engine.bpmn import Form
from engine.definitions import forms
from engine.platform.errors import Fault, Invalid
from engine.platform.messages import faults
from tests.catalogues import speaking


@pytest.mark.parametrize(
    ("schema", "answer", "said"),
    [
        ({"type": "integer"}, "many", "عدد صحیح وارد کنید."),
        ({"type": ["number", "boolean"]}, "many", "نوع این مقدار درست نیست."),
        ({"type": "string", "minLength": 3}, "x", "دست‌کم ۳ نویسه بنویسید."),
        ({"type": "integer", "maximum": 5}, 9, "عددی وارد کنید که از ۵ بیشتر نباشد."),
        (
            {"type": "string", "format": "date"},
            "tomorrow",
            "تاریخ را مانند ۱۴۰۵/۰۹/۰۴ یا \u2066۲۰۲۶-۱۱-۲۵\u2069 وارد کنید.",
        ),
        ({"enum": ["a", "b"]}, "c", "یکی از گزینه‌ها را انتخاب کنید."),
    ],
)
def test_a_fault_of_an_answer_is_told_with_its_limit(schema: dict[str, Any], answer: Any, said: str) -> None:
    form = Form({"type": "object", "properties": {"it": schema}}, None)
    with pytest.raises(Invalid) as refused:
        forms.check(form, {"it": answer})
    [fault] = refused.value.faults
    assert faults.explain(fault, speaking("fa")) == said


def test_a_fault_without_limits_is_told_by_its_code() -> None:
    assert faults.text_of(Fault("/unit", "is not an open unit", "unit")) == ("faults.unit", {})
