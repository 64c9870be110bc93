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
    """Name of the input."""
    type: str | None
    """Type of the input as declared in the file; null if none is declared."""


class RuleBody(Body):
    """A DMN decision in the files of a definition's current version."""

    key: str
    """Id of the decision."""
    name: str
    """Name of the decision."""
    file: str
    """Name of the DMN file."""
    definition: str
    """Key of the definition to which the file belongs."""
    version: int
    """Number of that definition's current version."""
    inputs: list[RuleInput]
    """The data that the decision needs."""


class RuleList(Body):
    """The DMN decisions of all current versions, by definition."""

    items: list[RuleBody]
    """The decisions, by definition."""


class EvaluateRule(Request):
    """The data for a DMN decision."""

    inputs: dict[str, Any] = Field(default_factory=dict)
    """Values by the names of the inputs; missing inputs are null. Dates and durations are texts as FEEL
    writes them.
    """
    definition: Text | None = None
    """Key of the definition; required if several definitions have a decision with this id or name."""


class MatchedRule(Body):
    """A rule of a decision table that matched."""

    number: int
    """Number of the rule, from 1."""
    id: str
    """Id of the rule in the file."""
    remark: str
    """Annotation of the authors."""


class TableReason(Body):
    """A decision table that was evaluated."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)  # `folded` is left out

    table: str
    """Id of the decision that has the table."""
    policy: str
    """Hit policy in one or two characters, such as `U`, `F` or `C+`."""
    inputs: dict[str, Any]
    """Values of the input expressions."""
    rules: list[MatchedRule]
    """The rules that matched."""
    result: Any
    """Result of the table."""
    folded: dict[str, Any] | None = None
    """Texts that were compared in place of those in `inputs`, for columns that are folded; null if there are
    none.
    """


class RequiredReason(Body):
    """A required decision."""

    decision: str
    """Id of the required decision."""
    name: str
    """Name of the required decision."""
    value: Any
    """Its result."""


class FaultReason(Body):
    """An expression without a value."""

    reason: str
    """Why it has no value."""
    element: str
    """Id of the element in the file that has the expression."""
    grave: bool
    """Whether the result can't be used because of it."""
    code: str
    """Kind of the fault."""
    expression: str | None
    """The expression; null if unknown."""
    at: int | None
    """Position of the character in the expression, from 1; null if unknown."""


class Reasons(Body):
    """Why a result is as it is, in the order of evaluation."""

    inputs: dict[str, Any]
    """The inputs as they were used."""
    tables: list[TableReason]
    """The decision tables that were evaluated."""
    required: list[RequiredReason]
    """The required decisions with their results."""
    faults: list[FaultReason]
    """The expressions without a value."""


class RulingBody(Body):
    """The result of a DMN evaluation.

    Numbers are exact; dates and durations are texts as FEEL writes them.
    """

    key: str
    """Id of the decision."""
    name: str
    """Name of the decision."""
    file: str
    """Name of the DMN file."""
    digest: str
    """SHA-256 of the file, in hexadecimal."""
    definition: str
    """Key of the definition to which the file belongs."""
    version: int
    """Number of that definition's version."""
    deployment: UUID
    """Id of the deployment that uploaded the file."""
    result: Any
    """The result; null also if no rule matched."""
    why: Reasons
    """The reasons of the result."""


@command(blueprint.get("/decisions"), answer=RuleList)
def index(uow: UnitOfWork) -> Reply:
    """List the DMN decisions that can be evaluated

    Those in the files of all current versions; portals see those of definitions that are enabled. For
    administrators, designers, caseworkers and portals.
    """
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
    """Evaluate a DMN decision, by its id or name, for data outside of any case

    No case changes. 409 with the candidates in `state` if several definitions have such a decision and the
    request names none; 422 `undecided` if the result can't be used.
    """
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
