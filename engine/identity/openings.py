"""Whom a provider that opens no accounts for work would lock out: an upgrade waits until that is decided."""

from collections.abc import Iterable, Sequence

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from engine.access import APPLICANT
from engine.identity.accounts import SYSTEMS
from engine.identity.oidc import Provider
from engine.models import Identity, User
from engine.platform.errors import Unusable


def require_decided(session: Session, providers: Iterable[Provider]) -> None:
    """Raises Unusable if officials would be locked out by what the file of providers doesn't say.

    That is a provider with `unknown = "applicant"` and without `opens`, as in earlier releases. The message
    names the accounts. A database without tables has none.
    """
    known = [*providers]
    undecided = [one for one in known if one.opens is None and one.opened == "applicants"]
    if not undecided or session.scalar(select(func.to_regclass(Identity.__tablename__))) is None:
        return
    staff = [one.issuer for one in known if one.opened != "applicants"]
    told = [
        f"  {provider.name}: {', '.join(names)}"
        for provider in undecided
        if (names := _linked_only(session, provider.issuer, staff))
    ]
    if told:
        raise Unusable(
            "These officials log in at providers that open accounts of applicants only, because the file of"
            ' providers says unknown = "applicant" there and nothing about `opens`:\n'
            + "\n".join(told)
            + '\nAdd opens = "both" to let them log in there as before (perhaps with `staff_level`), or'
            ' opens = "applicants" if they shall log in otherwise. Then try again.'
        )


def _linked_only(session: Session, issuer: str, staff: Sequence[str]) -> Sequence[str]:
    """Returns the open accounts for work that are linked there, and at no provider that opens them."""
    elsewhere = exists().where(Identity.user_id == User.id, Identity.issuer.in_(staff)).correlate(User)
    here = exists().where(Identity.user_id == User.id, Identity.issuer == issuer).correlate(User)
    for_work = User.role.not_in((APPLICANT, *SYSTEMS)), User.deactivated_at.is_(None)
    return session.scalars(select(User.name).where(*for_work, here, ~elsewhere).order_by(User.name)).all()
