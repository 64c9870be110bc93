"""The audit: checkpoints for everybody; for auditors verifying the logs and searching them."""

from flask import Blueprint

from web.audit import published, runs, searching

blueprint = Blueprint("auditing", __name__, url_prefix="/audit")
for part in (published, runs, searching):
    blueprint.register_blueprint(part.blueprint)
