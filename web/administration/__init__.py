"""Pages for administrators: problems, people and units, and the versions of running cases."""

from flask import Blueprint

from web.administration import (
    calendars,
    connectors,
    definitions,
    importing,
    incidents,
    jobs,
    migrations,
    organisation_log,
    overview,
    people,
    person,
    rates,
    retries,
    sharing,
    silence,
    statistics,
    units,
)

blueprint = Blueprint("administration", __name__, url_prefix="/administration")
for part in (
    calendars,
    connectors,
    definitions,
    importing,
    incidents,
    jobs,
    migrations,
    organisation_log,
    overview,
    people,
    person,
    rates,
    retries,
    sharing,
    silence,
    statistics,
    units,
):
    blueprint.register_blueprint(part.blueprint)
