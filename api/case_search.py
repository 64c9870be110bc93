"""The search of cases by personal data, which no address contains."""

from dataclasses import replace

from apiflask import APIBlueprint

from api.bodies.case_filters import SearchCases, wanted
from api.bodies.cases import CasePage
from api.cases import case_page, opened_by_auditor
from api.command import Reply, command
from engine import access, cases
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("case_search", __name__, tag="Cases")


@command(blueprint.post("/cases/search"), body=SearchCases, answer=CasePage, refusals=(404,))
def find_cases(uow: UnitOfWork, body: SearchCases) -> Reply:
    """Search cases by applicant, business key and searchable variables

    It finds those of the cases that you may see which match all filters. Variables that a process declares as
    searchable are found by equality or in a range. What you send is in no log. An auditor has to state a
    purpose (`X-Purpose`), and each case found is recorded in the access log.
    """
    access.require_purpose(uow.actor)
    if body.variables and body.definition:
        names = [one.name for one in body.variables]
        cases.require_searchable(uow, body.definition, names, "/variables/{index}/name")
    values = [cases.ValueRange(one.name, one.equals, one.least, one.below) for one in body.variables]
    rows = cases.page(
        uow,
        replace(
            wanted(body),
            applicant=body.applicant and body.applicant.strip(),
            values=values,
            cursor_at="/cursor",
        ),
    )
    return Reply(case_page(rows, body.limit), opened=opened_by_auditor(uow, rows[: body.limit]), stored=None)
