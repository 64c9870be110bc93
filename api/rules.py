"""DMN decisions: which there are, and their results for data."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import ConfigDict, Field

from api.command import Reply, command, writes_once
from api.shapes import Body, Request, Text
from engine.definitions import dmn_evaluation
from engine.definitions.dmn_evaluation import DeployedDecision
from engine.dmn import TooMuch, write_json
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("rules", __name__, tag="Definitions")


class RuleInput(Body):
    """An input of a DMN decision: its name, and its type as declared in the file."""

    name: str
    type: str | None


class RuleBody(Body):
    """A DMN decision in the files of a definition's current version. `key` is its id."""

    key: str
    name: str
    file: str
    definition: str
    version: int
    inputs: list[RuleInput]


class RuleList(Body):
    """The DMN decisions of all current versions, by definition."""

    items: list[RuleBody]


class EvaluateRule(Request):
    """The data, by the names of the inputs; missing inputs are null.

    `definition` is required if several definitions have a decision with that name.
    """

    inputs: dict[str, Any] = Field(default_factory=dict)
    definition: Text | None = None


class MatchedRule(Body):
    """A rule that matched; numbers start at 1. `remark` is the note of its authors."""

    number: int
    id: str
    remark: str


class TableReason(Body):
    """An evaluated decision table; `policy` is its hit policy in one or two characters.

    `folded` are the texts that were compared instead of those of `inputs`, for columns that are folded.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)  # `folded` is left out

    table: str
    policy: str
    inputs: dict[str, Any]
    rules: list[MatchedRule]
    result: Any
    folded: dict[str, Any] | None = None


class RequiredReason(Body):
    """A decision whose result was required."""

    decision: str
    name: str
    value: Any


class FaultReason(Body):
    """An expression without a value, and why.

    `code` is the kind of fault; `expression` and the character position `at` (from 1) give the place, if
    known.
    """

    reason: str
    element: str
    grave: bool
    code: str
    expression: str | None
    at: int | None


class Reasons(Body):
    """The reasons of a result: tables and required decisions, in the order of their evaluation."""

    inputs: dict[str, Any]
    tables: list[TableReason]
    required: list[RequiredReason]
    faults: list[FaultReason]


class RulingBody(Body):
    """The result of a DMN evaluation, with its reasons. Numbers are exact; dates and durations are FEEL text.

    `digest` is the SHA-256 of `file`.
    """

    key: str
    name: str
    file: str
    digest: str
    definition: str
    version: int
    deployment: UUID
    result: Any
    why: Reasons


@command(blueprint.get("/decisions"), answer=RuleList)
def index(uow: UnitOfWork) -> Reply:
    """List the DMN decisions that can be evaluated"""
    items = [
        {**_named(each), "inputs": [{"name": one.name, "type": one.type} for one in each.offered.inputs]}
        for each in dmn_evaluation.offered(uow)
    ]
    return Reply(RuleList.model_validate({"items": items}))


@command(
    blueprint.post("/decisions/<key>/evaluate"), body=EvaluateRule, answer=RulingBody, refusals=(404, 409)
)
@writes_once
def evaluate(uow: UnitOfWork, key: str, body: EvaluateRule) -> Reply:
    """Evaluate a DMN decision, by its id or name, for data outside of any case"""
    of, evaluation = dmn_evaluation.evaluate(uow, key, body.inputs, body.definition)
    told = {
        **_named(of),
        "digest": evaluation.digest,
        "deployment": str(of.deployment_id),
        "result": evaluation.result,
        "why": evaluation.why,
    }
    # Encoded here: pydantic would turn numbers that no float can represent into texts.
    try:
        written = write_json(told).encode()
    except TooMuch as error:
        raise dmn_evaluation.too_much(error) from None
    return Reply(written, {"Content-Type": "application/json"})


def _named(of: DeployedDecision) -> dict[str, Any]:
    return {
        "key": of.offered.id,
        "name": of.offered.name,
        "file": of.offered.file,
        "definition": of.definition,
        "version": of.version,
    }
