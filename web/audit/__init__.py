"""The audit: checkpoints for everybody; for auditors verifying the logs, searching them, and red flags."""

from flask import Blueprint

from web.audit import flags, published, runs, searching

blueprint = Blueprint("auditing", __name__, url_prefix="/audit")
for part in (published, runs, searching, flags):
    blueprint.register_blueprint(part.blueprint)
