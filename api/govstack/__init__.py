"""GovStack's building blocks Workflow and Registration, under /govstack: other addresses of our commands.

They decode requests in the shapes of GovStack's OpenAPI documents, call the functions that the API calls, and
encode what these return. Authentication, permissions, problem documents and logs are those of the API.
docs/govstack.md maps one to the other.
"""

from apiflask import APIFlask

from api.govstack import applications, catalogue, statistics, tasks, workflow

PREFIX = "/govstack"
REGISTRATION = (catalogue, applications, tasks, statistics)


def register(app: APIFlask) -> None:
    """Add the routes of both building blocks."""
    app.register_blueprint(workflow.blueprint, url_prefix=f"{PREFIX}/workflow")
    for part in REGISTRATION:
        app.register_blueprint(part.blueprint, url_prefix=f"{PREFIX}/registration")
