"""The form with which an application for a service is filled in."""

from apiflask import APIBlueprint

from api import language
from api.bodies.tasks import FormBody
from api.command import Reply, command, etag, sends
from api.shapes import Body, Request
from engine import cases
from engine.bpmn.forms import in_language
from engine.definitions import start_forms
from engine.platform.db import UnitOfWork
from engine.platform.language import Language, Reader
from engine.platform.messages import refusals

blueprint = APIBlueprint("start_forms", __name__, tag="Definitions")


class StartFormQuery(Request):
    """The language of the form."""

    language: Language | None = None
    """The language of titles, descriptions and labels: `fa` is Persian, `en` is English. Without it, the
    preferred one of `Accept-Language`."""


class StartFormBody(Body):
    """The start form of a definition, in one language and in the view of your roles."""

    key: str
    """The key of the definition."""
    version: int
    """The version whose form it is: the current one, which new cases use. If no version is current, the
    newest that you may see."""
    name: str
    """The name of the process in that language."""
    language: Language
    """The language of the texts: `fa` is Persian, `en` is English. A text that has no translation is in the
    other one."""
    startable: bool
    """Whether cases can be started at the moment. Some services require a draft for it: `POST /drafts`."""
    unavailable: str | None
    """Why not, as the code with which a start is refused: `not-published`, `definition-suspended`,
    `definition-disabled`, `not-offered`, or `begins-by-itself` if cases start automatically or by a message;
    null if they can be started."""
    form: FormBody | None
    """The form that `data` of `POST /cases` must match, without the fields that your roles may not see; null
    if there is none: then cases start with any data."""


@command(
    blueprint.get("/definitions/<key>/form"), query=StartFormQuery, answer=StartFormBody, refusals=(404,)
)
@sends("ETag", "Content-Language")
def read_form(uow: UnitOfWork, key: str, query: StartFormQuery) -> Reply:
    """Read the start form of a definition

    It is that of the current version, in one language, without what your roles may not see. Its `ETag`
    changes with the version, the language and your roles.
    """
    found = start_forms.start_form(uow, key)
    refusal = cases.refusal_to_start(uow, found)
    spoken = query.language or language.language()
    form = in_language(found.form, spoken) if found.form else None
    body = StartFormBody(
        key=found.key,
        version=found.version,
        name=Reader.of(spoken).half(found.name),
        language=spoken,
        startable=refusal is None,
        unavailable=None if refusal is None else refusals.code_of(refusal),
        form=FormBody.model_validate({"schema": form.schema, "ui": form.ui}) if form else None,
    )
    headers = {**language.headers(), "Content-Language": spoken, "ETag": etag(found.version)}
    return Reply(body, headers)
