"""Mappings of the panel: an expression as rows and back, and never other than it was."""

import ast
import json
import subprocess
from typing import Any

import pytest

from engine.platform.config import ROOT
from web import node

MODULE = (ROOT / "web" / "assets" / "panel" / "mapping.js").as_uri()


def run(texts: list[str]) -> list[Any]:
    """For each text its rows and the expression that they make; null if it is not parted."""
    program = f"""import {{ rows, expression }} from "{MODULE}";
        const found = JSON.parse(process.argv[1]).map((text) => rows(text));
        const written = found.map((one) => one && {{ rows: one.rows, text: expression(one) }});
        console.log(JSON.stringify(written));"""
    command = [node.path(), "--input-type=module", "-e", program, json.dumps(texts)]
    return list(json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout))


def test_rows_make_the_same_expression() -> None:
    texts = [
        "{'fee': amount}",
        """{'a': f(x, [1, 2], {'b': "}"}), "c": 'it\\'s, so', 'd': {k: v for k, v in rows}}""",
        "{'a': x[1:2], 'b': lambda y: y,}",
    ]
    for text, found in zip(texts, run(texts), strict=True):
        assert ast.dump(ast.parse(found["text"])) == ast.dump(ast.parse(text))
    assert [row["name"] for row in run(texts)[1]["rows"]] == ["a", "c", "d"]


def test_feel_stays_feel() -> None:
    (found,) = run(['={"Applicant age": age, sum: if a > 1 then "x,y" else null}'])
    assert [row["name"] for row in found["rows"]] == ["Applicant age", "sum"]
    assert found["text"] == '={"Applicant age": age, "sum": if a > 1 then "x,y" else null}'


def test_half_a_row_is_not_lost() -> None:
    (found,) = run(["{'fee': }"])
    assert found == {"rows": [{"name": "fee", "value": ""}], "text": "{'fee': }"}


def test_nothing_typed_makes_nothing() -> None:
    assert run([" "]) == [{"rows": [], "text": ""}]


@pytest.mark.parametrize(
    "text",
    ["dict(a=1)", "${fee}", "{**rest}", "{name: 1}", "{'a': (1}", "{'a': 1  # why\n}", "{'a': 'open}", "fee"],
)
def test_what_is_no_list_of_names_stays_a_text(text: str) -> None:
    assert run([text]) == [None]
