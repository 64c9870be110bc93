"""The endpoints of SCIM."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

import orjson
from flask import Blueprint, Response, request
from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    InvalidFilterException,
    InvalidValueException,
    ListResponse,
    Meta,
    PatchOp,
    SCIMException,
    SearchRequest,
)
from scim2_models.path import CompareOperator, Comparison
from werkzeug.exceptions import NotFound, UnsupportedMediaType

from api import problems
from api.command import as_caller
from api.received import MAX_JSON
from api.scim import resources
from api.scim.resources import CONFIG, PREFIX, PROVIDER, Account, Unit
from engine.organisation import provisioning
from engine.organisation.provisioning import PAGE, Window
from engine.platform.db import UnitOfWork

MEDIA_TYPE = "application/scim+json"
LAST = 1 << 31  # no list is longer
_SHOWN = ("attributes", "excludedAttributes")

T = TypeVar("T")

blueprint = Blueprint("scim", __name__)

# By which attributes lists are searched, and where the engine has them. Addresses and national IDs are
# personal data, which must not be in URLs.
_FILTERS = {
    Account: {"username": "name", "externalid": "external_id", "id": "id"},
    Unit: {"displayname": "name", "externalid": "external_id", "id": "id", "key": "key"},
}
_CONFLICTS = ("name-taken", "key-taken", "external-id-taken")


@blueprint.errorhandler(SCIMException)
def refuse(refusal: SCIMException) -> Response:
    """Answer a request that the protocol forbids."""
    return _error(refusal.to_error())


@blueprint.errorhandler(ValidationError)
def refuse_body(error: ValidationError) -> Response:
    """Answer a body or query that doesn't fit its resource. Never pydantic's own `input`: it was sent."""
    found = error.errors(include_input=False, include_url=False)
    return _error(Error.from_validation_error(found[0]))


@blueprint.after_app_request
def as_scim(response: Response) -> Response:
    """Write a problem document as an error of SCIM (RFC 7644 section 3.12): the same refusal, other names."""
    if response.mimetype != problems.MEDIA_TYPE or not request.path.startswith(f"{PREFIX}/"):
        return response
    problem: Mapping[str, Any] = orjson.loads(response.get_data())
    codes = {fault["code"] for fault in problem.get("errors", ())} | {problem.get("code")}
    parts = [fault["pointer"] + " " + fault["detail"] for fault in problem.get("errors", ())]
    status, kind = response.status_code, None
    if "person-taken" in codes or (status == 409 and codes & set(_CONFLICTS)):
        status, kind = 409, "uniqueness"
    elif status == 422:
        status, kind = 400, "invalidValue"
    error = Error(status=status, scim_type=kind, detail=" ".join([problem["detail"], *parts]))
    response.status_code, response.mimetype = status, MEDIA_TYPE
    response.set_data(error.model_dump_json())
    return response


def _error(error: Error) -> Response:
    return Response(error.model_dump_json(), error.status or 400, content_type=MEDIA_TYPE)


def _reply(body: Any, status: int = 200, context: Context = Context.RESOURCE_QUERY_RESPONSE) -> Response:
    """Return a resource or a list with the attributes that the query asks for."""
    return _written(body, status, context, _asked())


def _asked() -> SearchRequest[Any]:
    given = {name: request.args[name] for name in _SHOWN if name in request.args}
    asked: SearchRequest[Any] = SearchRequest[Account | Unit].model_validate(given)
    return asked


def _written(body: Any, status: int, context: Context, asked: SearchRequest[Any]) -> Response:
    content = body.model_dump_json(scim_ctx=context, response_parameters=asked)
    response = Response(content, status, content_type=MEDIA_TYPE)
    if status == 201:
        response.headers["Location"] = body.meta.location
    return response


def _serve(command: Callable[[UnitOfWork], T]) -> T:
    """Run a command as the system whose token the request has, in a transaction."""
    _asked()  # nothing is changed by a request whose response can't be written
    return as_caller(command, "single" if request.method == "GET" else "write")


def _sent(model: Any, context: Context) -> Any:
    if request.mimetype not in (MEDIA_TYPE, "application/json"):
        raise UnsupportedMediaType(f"Send JSON, as `Content-Type: {MEDIA_TYPE}`.")
    content = request.get_data(cache=True)
    if len(content) > MAX_JSON:
        raise SCIMException(detail=f"The body is larger than {MAX_JSON >> 20} MiB.")
    return model.model_validate_json(content, scim_ctx=context, scim_provider=PROVIDER)


def _search(model: Any) -> SearchRequest[Any]:
    if request.method == "POST":
        found: SearchRequest[Any] = _sent(SearchRequest[model], Context.SEARCH_REQUEST)
        return found
    wanted: SearchRequest[Any] = SearchRequest[model].model_validate(request.args.to_dict())
    return wanted


def _window(model: Any, asked: SearchRequest[Any]) -> Window:
    size = PAGE if asked.count is None else min(asked.count, PAGE)
    return Window(min(asked.start_index or 1, LAST) - 1, size, _where(model, asked))


def _where(model: Any, asked: SearchRequest[Any]) -> Mapping[str, Any]:
    if asked.filter is None:
        return {}
    node, known = asked.filter.ast, _FILTERS[model]
    name = _name(node)
    if not isinstance(node, Comparison) or node.op != CompareOperator.eq or name not in known:
        readable = ", ".join(known)
        raise InvalidFilterException(detail=f"Only one comparison is supported: {readable} with eq.")
    value: Any = node.value
    if not isinstance(value, str) or not value.isprintable():
        raise InvalidFilterException(detail=f"{name} is compared with a text.")
    if name == "id":
        try:
            value = UUID(value)
        except ValueError:
            value = UUID(int=0)  # nobody's
    return {known[name]: value}


def _name(node: Any) -> str:
    """Return the attribute of a comparison; of anything else none that is known."""
    if not isinstance(node, Comparison) or node.attr_path.sub_attr is not None:
        return ""
    return node.attr_path.attr.lower()


def _list(model: Any, asked: SearchRequest[Any], total: int, listed: list[Any]) -> Response:
    body = ListResponse[model](
        total_results=total,
        start_index=asked.start_index or 1,
        items_per_page=len(listed),
        resources=listed or None,
    )
    return _written(body, 200, Context.RESOURCE_QUERY_RESPONSE, asked)


@blueprint.post("/.search")
def search_all() -> Response:
    """Search people and units together: people first."""
    asked: SearchRequest[Any] = _sent(SearchRequest[Account | Unit], Context.SEARCH_REQUEST)
    if asked.filter is not None:
        raise InvalidFilterException(detail="Search /Users or /Groups with a filter.")
    window = _window(Account, asked)

    def find(uow: UnitOfWork) -> tuple[int, list[Any]]:
        people, found = provisioning.page(uow, window)
        rest = Window(max(0, window.offset - people), window.size - len(found))
        units, more = provisioning.page_of_units(uow, rest)
        return people + units, [*map(resources.account_of, found), *map(resources.unit_of, more)]

    return _list(Account | Unit, asked, *_serve(find))


@blueprint.get("/Users")
@blueprint.post("/Users/.search")
def list_users() -> Response:
    """List or search people."""
    asked = _search(Account)
    window = _window(Account, asked)
    total, found = _serve(lambda uow: provisioning.page(uow, window))
    return _list(Account, asked, total, [resources.account_of(one) for one in found])


@blueprint.post("/Users")
def create_user() -> Response:
    """Create an account."""
    wanted = resources.wanted_account(_sent(Account, Context.RESOURCE_CREATION_REQUEST))
    person = _serve(lambda uow: provisioning.get(uow, provisioning.create(uow, wanted)))
    return _reply(resources.account_of(person), 201, Context.RESOURCE_CREATION_RESPONSE)


@blueprint.get("/Users/<user_id>")
def show_user(user_id: str) -> Response:
    """Read an account."""
    found = _serve(lambda uow: provisioning.get(uow, _id(user_id)))
    return _reply(resources.account_of(found))


@blueprint.put("/Users/<user_id>")
def replace_user(user_id: str) -> Response:
    """Replace an account."""
    sent = _sent(Account, Context.RESOURCE_REPLACEMENT_REQUEST)
    return _change_user(_id(user_id), lambda before: _replaced(sent, before))


@blueprint.patch("/Users/<user_id>")
def change_user(user_id: str) -> Response:
    """Change an account."""
    patch = _sent(PatchOp[Account], Context.RESOURCE_PATCH_REQUEST)
    return _change_user(_id(user_id), lambda before: _patched(patch, before))


def _change_user(user_id: UUID, change: Callable[[Any], Any]) -> Response:
    def wanted(person: provisioning.Person) -> provisioning.Wanted:
        before = resources.account_of(person)
        return resources.wanted_account(change(before), before=before)

    found = _serve(lambda uow: provisioning.replace(uow, user_id, wanted))
    return _reply(resources.account_of(found), 200, Context.RESOURCE_REPLACEMENT_RESPONSE)


def _replaced(sent: Any, before: Any) -> Any:
    sent.replace(before)
    return sent


def _patched(patch: Any, before: Any) -> Any:
    after = before.model_copy(deep=True)
    patch.patch(after, scim_policy=PROVIDER.policy)
    resources.require_kept(before, after)
    return after


@blueprint.delete("/Users/<user_id>")
def remove_user(user_id: str) -> Response:
    """Close an account for good."""
    _serve(lambda uow: provisioning.remove(uow, _id(user_id)))
    return Response(status=204)


@blueprint.get("/Groups")
@blueprint.post("/Groups/.search")
def list_groups() -> Response:
    """List or search units."""
    asked = _search(Unit)
    window = _window(Unit, asked)
    excluded = {str(path).rpartition(":")[2].lower() for path in asked.excluded_attributes or ()}
    members = "members" not in excluded
    total, found = _serve(lambda uow: provisioning.page_of_units(uow, window, members=members))
    return _list(Unit, asked, total, [resources.unit_of(one) for one in found])


@blueprint.post("/Groups")
def create_group() -> Response:
    """Create a unit."""
    new = _ids(lambda: resources.wanted_unit(_sent(Unit, Context.RESOURCE_CREATION_REQUEST)))
    unit = _serve(lambda uow: provisioning.get_unit(uow, provisioning.create_unit(uow, new)))
    return _reply(resources.unit_of(unit), 201, Context.RESOURCE_CREATION_RESPONSE)


@blueprint.get("/Groups/<unit_id>")
def show_group(unit_id: str) -> Response:
    """Read a unit."""
    return _reply(resources.unit_of(_serve(lambda uow: provisioning.get_unit(uow, _id(unit_id)))))


@blueprint.put("/Groups/<unit_id>")
def replace_group(unit_id: str) -> Response:
    """Replace a unit."""
    sent = _sent(Unit, Context.RESOURCE_REPLACEMENT_REQUEST)
    return _change_group(_id(unit_id), lambda before: _replaced(sent, before))


@blueprint.patch("/Groups/<unit_id>")
def change_group(unit_id: str) -> Response:
    """Change a unit."""
    patch = _sent(PatchOp[Unit], Context.RESOURCE_PATCH_REQUEST)
    return _change_group(_id(unit_id), lambda before: _patched(patch, before))


def _change_group(unit_id: UUID, change: Callable[[Any], Any]) -> Response:
    def wanted(unit: provisioning.UnitView) -> provisioning.NewGroup:
        return resources.wanted_unit(change(resources.unit_of(unit)))

    found = _ids(lambda: _serve(lambda uow: provisioning.replace_unit(uow, unit_id, wanted)))
    return _reply(resources.unit_of(found), 200, Context.RESOURCE_REPLACEMENT_RESPONSE)


@blueprint.delete("/Groups/<unit_id>")
def remove_group(unit_id: str) -> Response:
    """Close a unit for good."""
    _serve(lambda uow: provisioning.close_unit(uow, _id(unit_id)))
    return Response(status=204)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as other:
        raise NotFound("There is no resource with this id.") from other


def _ids(made: Callable[[], T]) -> T:
    try:
        return made()
    except ValueError as wrong:
        if isinstance(wrong, ValidationError):
            raise
        raise InvalidValueException(detail="members.value must be the id of a User.") from wrong


@blueprint.get("/ServiceProviderConfig")
def show_config() -> Response:
    """Describe what this service supports."""
    return _reply(CONFIG)


@blueprint.get("/ResourceTypes")
def list_types() -> Response:
    """Describe the resources."""
    return _described(PROVIDER.resource_types)


@blueprint.get("/ResourceTypes/<name>")
def show_type(name: str) -> Response:
    """Describe one of them."""
    return _one_of(PROVIDER.resource_types, name)


@blueprint.get("/Schemas")
def list_schemas() -> Response:
    """Describe the attributes of the resources."""
    return _described(PROVIDER.schemas)


@blueprint.get("/Schemas/<name>")
def show_schema(name: str) -> Response:
    """Describe those of one."""
    return _one_of(PROVIDER.schemas, name)


def _described(found: Any) -> Response:
    if "filter" in request.args:  # RFC 7644 section 4
        raise SCIMException.from_error(Error(status=403, detail="The description can't be filtered."))
    listed = [_placed(one) for one in found]
    kind: Any = type(listed[0])
    body = ListResponse[kind](
        total_results=len(listed), start_index=1, items_per_page=len(listed), resources=listed
    )
    return _reply(body)


def _one_of(found: Any, name: str) -> Response:
    for one in found:
        if one.id == name:
            return _reply(_placed(one))
    raise NotFound("There is no resource with this id.")


def _placed(one: Any) -> Any:
    kind = type(one).__name__
    location = f"{PREFIX}/{kind}s/{one.id}"
    return one.model_copy(update={"meta": Meta(resource_type=kind, location=location)})
