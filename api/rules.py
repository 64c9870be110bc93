"""DMN decisions: which there are, and their results for data."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import BaseModel, Field

from api.command import Reply, command, writes_once
from api.shapes import Request, Text
from engine.definitions import dmn_evaluation
from engine.definitions.dmn_evaluation import Evaluation
from engine.dmn import TooMuch, write_json
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("rules", __name__, tag="Definitions")


class RuleInput(BaseModel):
    """What a decision is given: by this name, and as its file names the type."""

    name: str
    type: str | None


class RuleBody(BaseModel):
    """A decision of DMN in the files of a definition's current version. `key` is its id."""

    key: str
    name: str
    file: str
    definition: str
    version: int
    inputs: list[RuleInput]


class RuleList(BaseModel):
    """The decisions of all current versions, by definition."""

    items: list[RuleBody]


class EvaluateRule(Request):
    """The data by the names of the inputs; what is left out is null.

    `definition` is needed where several have a decision of that name.
    """

    inputs: dict[str, Any] = Field(default_factory=dict)
    definition: Text | None = None


class MatchedRule(BaseModel):
    """A rule that matched; the first of a table has the number 1. `remark` is what its authors noted."""

    number: int
    id: str
    remark: str


class TableReason(BaseModel):
    """A table that was evaluated; `policy` is its hit policy as one or two signs.

    `folded` are the texts that were compared instead of those of `inputs`, where columns say so.
    """

    table: str
    policy: str
    inputs: dict[str, Any]
    rules: list[MatchedRule]
    result: Any
    folded: dict[str, Any] | None = None


class RequiredReason(BaseModel):
    """A decision whose result was required."""

    decision: str
    name: str
    value: Any


class FaultReason(BaseModel):
    """Something that had no value, and why.

    `code` tells kinds apart; `expression` and the character `at` from 1 tell where, as far as that is known.
    """

    reason: str
    element: str
    grave: bool
    code: str
    expression: str | None
    at: int | None


class Reasons(BaseModel):
    """How it came to its result: tables and required decisions in the order of their evaluation."""

    inputs: dict[str, Any]
    tables: list[TableReason]
    required: list[RequiredReason]
    faults: list[FaultReason]


class RulingBody(BaseModel):
    """What a decision gave, and why. Numbers are exact, dates and durations texts as FEEL writes them.

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
    """List the decisions of DMN that can be evaluated"""
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
    """Evaluate a decision, by its id or name, for data that belong to no case"""
    of, ruling = dmn_evaluation.evaluate(uow, key, body.inputs, body.definition)
    told = {
        **_named(of),
        "digest": ruling.digest,
        "deployment": str(of.deployment_id),
        "result": ruling.result,
        "why": ruling.why,
    }
    # Encoded here: pydantic would turn numbers that no float can represent into texts.
    try:
        written = write_json(told).encode()
    except TooMuch as error:
        raise dmn_evaluation.too_much(error) from None
    return Reply(written, {"Content-Type": "application/json"})


def _named(of: Evaluation) -> dict[str, Any]:
    return {
        "key": of.offered.id,
        "name": of.offered.name,
        "file": of.offered.file,
        "definition": of.definition,
        "version": of.version,
    }
