"""The desk of caseworkers: their inbox, cases and tasks."""

from flask import Blueprint

from web.desk import (
    actions,
    asking,
    assigning,
    batches,
    bulk,
    case,
    cases,
    delays,
    documents,
    inbox,
    proposals,
    recusing,
    starting,
    talk,
    task,
    visits,
    work,
)

blueprint = Blueprint("desk_pages", __name__, url_prefix="/desk")
for part in (
    *(inbox, bulk, batches, cases, starting),
    *(actions, asking, assigning, case, delays, documents, proposals, recusing, talk, task, visits, work),
):
    blueprint.register_blueprint(part.blueprint)
