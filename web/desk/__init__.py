"""The desk of caseworkers: their inbox, cases and tasks."""

from flask import Blueprint

blueprint = Blueprint("desk", __name__, url_prefix="/desk")
