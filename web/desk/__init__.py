"""The desk of caseworkers: their inbox, cases and tasks."""

from flask import Blueprint

from web.desk import batches, bulk, cases, inbox, starting

blueprint = Blueprint("desk_pages", __name__, url_prefix="/desk")
for part in (inbox, bulk, batches, cases, starting):
    blueprint.register_blueprint(part.blueprint)
