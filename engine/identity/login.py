"""Login by password or by a provider: attempts are counted, a session is opened."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine import access
from engine.events import administration_log
from engine.identity import accounts, oidc, passwords, profiles, sessions, throttle
from engine.identity.sessions import Lasting, Proof
from engine.identity.throttle import Limit
from engine.models import Identity, PendingLogin, User
from engine.platform.db import Actor, Database, connection, table
from engine.platform.errors import AssuranceTooLow, Conflict, NotFound, NotRecognised

# Repeated failures from elsewhere delay the owner by at most a minute, and never lock the account.
HERE = Limit("password-here", 5, timedelta(minutes=15))  # a name from an address
NAME = Limit("password-name", 50, timedelta(minutes=1))
ADDRESS = Limit("password-address", 50, timedelta(minutes=15))  # a whole office may share it

AWAY = timedelta(minutes=10)  # how long a browser may stay at the provider


@dataclass(frozen=True, slots=True)
class Attempt:
    """A name and a password, from a browser at an address."""

    name: str
    password: str
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class Return:
    """The response that a browser brings back from a provider, and the cookie with which it left."""

    provider: str
    given: Mapping[str, str]
    browser: str
    redirect_uri: str
    agent: str


def by_password(database: Database, attempt: Attempt, lasting: Lasting) -> str:
    """Opens a session. Returns the secret for its cookie.

    Raises NotRecognised, and Throttled, with the same message and delay whether the name exists or not.
    """
    known = _recognised(database, attempt)

    def enter(session: Session, now: datetime) -> str:
        if known.user_id is None or passwords.find(session, attempt.name) != known:
            raise NotRecognised("The password was changed in the meantime.")
        _forgive(session, attempt)
        return sessions.open_one(session, now, known.user_id, Proof(attempt.agent), lasting)

    return database.run(enter)


def change_password(database: Database, attempt: Attempt, new: str, lasting: Lasting) -> str:
    """Replaces the password in `attempt` with a new one: all sessions end, and one begins.

    Raises NotRecognised, Throttled, and Invalid if the new one cannot be used.
    """
    known = _recognised(database, attempt)
    if passwords.fits(known, new):
        raise passwords.unusable("This is your current password. Choose another one.", "password-same")
    kept = passwords.hashed(attempt.name, new)

    def change(session: Session, now: datetime) -> str:
        if known.user_id is None or passwords.find(session, attempt.name) != known:
            raise NotRecognised("The password was changed in the meantime.")
        _forgive(session, attempt)
        passwords.keep(session, now, attempt.name, kept, temporary=False)
        return sessions.open_one(session, now, known.user_id, Proof(attempt.agent), lasting)

    return database.run(change)


def _recognised(database: Database, attempt: Attempt) -> passwords.Known:
    database.run(lambda session, now: throttle.take(session, now, *_counted(attempt)))
    known = database.run(lambda session, _: passwords.find(session, attempt.name), "single")
    if not passwords.fits(known, attempt.password):  # slow, and outside of any transaction
        raise NotRecognised("The name or the password is wrong.")
    return known


def _counted(attempt: Attempt) -> tuple[tuple[Limit, str], ...]:
    here = f"{attempt.name}\n{attempt.address}"
    return ((HERE, here), (NAME, attempt.name), (ADDRESS, attempt.address))


def _forgive(session: Session, attempt: Attempt) -> None:
    """Removes the counted failures of a successful login.

    For the address only this attempt: otherwise account owners could guess others' passwords between logins.
    """
    here, name, address = _counted(attempt)
    throttle.forgive(session, here, name)
    throttle.take_back(session, address)


def depart(
    database: Database,
    remote: oidc.Remote,
    *,
    redirect_uri: str,
    browser: str,
    target: str,
    needed: str | None,
) -> str:
    """Returns where to send the browser, and the secret of its cookie.

    Afterwards it returns to `target` here.

    Raises Busy.
    """
    gone = oidc.depart(remote, redirect_uri, needed)

    def note(session: Session, now: datetime) -> None:
        session.add(
            PendingLogin(
                state=accounts.digest(gone.state),
                browser=accounts.digest(browser),
                provider=remote.provider.name,
                nonce=gone.nonce,
                verifier=gone.verifier,
                target=target,
                needed=needed,
                expires_at=now + AWAY,
            )
        )

    database.run(note)
    return gone.url


def by_provider(
    database: Database, providers: oidc.Providers, came: Return, lasting: Lasting
) -> tuple[str, str]:
    """Opens a session for a browser that came back. Returns the secret for its cookie, and its target.

    Each departure is valid for one return. Raises NotRecognised, AssuranceTooLow and Busy.
    """
    remote = providers.get(came.provider)
    pending = table(PendingLogin)
    state = came.given.get("state", "")
    taken = delete(pending).where(
        pending.c.state == accounts.digest(state),
        pending.c.browser == accounts.digest(came.browser),
        pending.c.provider == came.provider,
    )
    row, now = database.run(
        lambda session, now: (
            connection(session).execute(taken.returning(*pending.c)).one_or_none(),
            now,
        )
    )
    if row is None or row.expires_at <= now:
        raise NotRecognised("This browser didn't start this login. Log in again.")
    person = oidc.back(
        remote, came.given, nonce=row.nonce, verifier=row.verifier, redirect_uri=came.redirect_uri
    )
    if not access.assures(person.acr, row.needed):
        raise AssuranceTooLow(f"The provider's login has the assurance level {person.acr!r}.", row.needed)
    proof = Proof(came.agent, person.acr, person.provider, person.authenticated_at)

    def enter(session: Session, now: datetime) -> str:
        return sessions.open_one(session, now, account_of_person(session, now, person).id, proof, lasting)

    return database.run(enter), row.target


def account_of_person(session: Session, now: datetime, person: oidc.Person) -> Actor:
    """Returns the account of a person whom a provider has authenticated.

    On the first login it is the person's only account that the provider opens, or the only one of its kind;
    else a new applicant, if the provider's people may have accounts. An account for work that is linked to a
    provider that doesn't open it (any more) is unlinked: its owner logs in as an applicant. Raises
    NotRecognised, AssuranceTooLow, and Conflict if the person already has such an account that is closed or
    has another name at the provider.
    """
    user = find_account_of_person(session, person)
    if user is None:
        held = session.get(Identity, (person.issuer, person.subject), with_for_update=True)
        if held is None:
            user_id = _linked_by_person(session, person) or _made(session, now, person)
            link(session, now, user_id, issuer=person.issuer, subject=person.subject)
            profiles.fill(session, session.get_one(User, user_id), dict(person.profile))
        elif not opens(person.opens, (linked := session.get_one(User, held.user_id)).role):
            _move(session, now, held, linked, person)
        user = find_account_of_person(session, person)  # includes what another browser has linked meanwhile
    if user is None:
        raise NotRecognised("The account is deactivated.")
    return user


def find_account_of_person(session: Session, person: oidc.Person) -> Actor | None:
    """Returns the account linked before, if it isn't closed and the provider opens it.

    Raises AssuranceTooLow if it is for work and the provider's people need a higher level for that.
    """
    wanted = select(User.id, User.name, User.role).join(Identity, Identity.user_id == User.id)
    row = (
        connection(session)
        .execute(wanted.where(_is_theirs(person), User.deactivated_at.is_(None)))
        .one_or_none()
    )
    if row is None or not opens(person.opens, row.role):
        return None
    if _is_staff(row.role) and not access.assures(person.acr, person.staff_level):
        raise AssuranceTooLow(
            f"Accounts for work need a login with the assurance level {person.staff_level!r}.",
            person.staff_level,
        )
    acr = None if accounts.is_system(row.role) else person.acr
    return Actor(id=row.id, name=row.name, role=row.role, acr=acr, scopes=_scopes(person, row.role))


def opens(provider: oidc.Opens, role: str) -> bool:
    """Returns whether a provider opens accounts with this role.

    Those of systems belong to no people: they are linked by hand, at any provider.
    """
    if accounts.is_system(role):
        return True
    return provider in ("both", "staff" if _is_staff(role) else "applicants")


def _is_staff(role: str) -> bool:
    """Returns whether accounts with this role are for work of people."""
    return role != access.APPLICANT and not accounts.is_system(role)


def _scopes(person: oidc.Person, role: str) -> frozenset[str] | None:
    """Returns the scopes of an access token; None if it allows all that the account may do.

    Only a person's token does so, if it names no permission and the provider doesn't require one.
    """
    if person.scopes or person.scopes_required or accounts.is_system(role):
        return person.scopes
    return None


def _is_theirs(person: oidc.Person) -> ColumnElement[bool]:
    return and_(Identity.issuer == person.issuer, Identity.subject == person.subject)


def _move(session: Session, now: datetime, held: Identity, official: User, person: oidc.Person) -> None:
    """Links what is linked to an official to an applicant's account of the same person.

    If the provider has no national id, the official's counts: so the account is known to be of this person.
    Raises NotRecognised if nobody knows who that is.
    """
    known = person.person or official.person
    if known is None:
        raise NotRecognised("The provider opens no accounts for work, and nobody knows whose this one is.")
    person = replace(person, person=known)
    held.user_id = _linked_by_person(session, person) or _made(session, now, person)
    session.flush()
    profiles.fill(session, session.get_one(User, held.user_id), dict(person.profile))
    sessions.revoke_all(session, now, official.id, person.provider)
    administration_log.note_command(session, now, "identity.unlinked", {}, official.id)


def link(session: Session, now: datetime, user_id: UUID, *, issuer: str, subject: str) -> None:
    """Links what a provider calls `subject` to this account.

    Raises Conflict if it is linked to another one.
    """
    row = {"issuer": issuer, "subject": subject, "user_id": user_id, "created_at": now}
    # Two browsers of one person may arrive for the first time at once.
    connection(session).execute(insert(table(Identity)).values(row).on_conflict_do_nothing())
    held = select(Identity.user_id).where(Identity.issuer == issuer, Identity.subject == subject)
    if session.execute(held).scalar_one() != user_id:
        raise Conflict("The login belongs to another account.")


def unlink(session: Session, now: datetime, user_id: UUID, *, issuer: str, subject: str) -> None:
    """Removes the link of an account to what a provider calls `subject`: its sessions end.

    Raises NotFound.
    """
    theirs = delete(Identity).where(
        Identity.issuer == issuer, Identity.subject == subject, Identity.user_id == user_id
    )
    if session.execute(theirs.returning(Identity.user_id)).one_or_none() is None:
        raise NotFound("The account is not linked to this login.")
    sessions.revoke_all(session, now, user_id)
    administration_log.note_command(session, now, "identity.unlinked", {}, user_id)


def deactivate(session: Session, now: datetime, name: str) -> None:
    """Closes the account: its sessions end, its tokens and passwords are refused."""
    user = accounts.named(session, name)
    user.deactivated_at = user.deactivated_at or now
    session.flush()
    sessions.revoke_all(session, now, user.id)


def activate(session: Session, name: str) -> None:
    """Reopens the account. Sessions remain ended."""
    accounts.named(session, name).deactivated_at = None
    session.flush()


def _linked_by_person(session: Session, person: oidc.Person) -> UUID | None:
    if person.person is None:
        return None
    elsewhere = exists().where(Identity.user_id == User.id, Identity.issuer == person.issuer)
    mine = select(User.id, User.role).where(User.person == person.person, User.deactivated_at.is_(None))
    found = [row for row in session.execute(mine.where(~elsewhere)) if opens(person.opens, row.role)]
    # People with an account for work and one as an applicant get the one of the provider's kind.
    applicants = person.unknown == access.APPLICANT
    fitting = [row for row in found if (row.role == access.APPLICANT) == applicants] or found
    return fitting[0].id if len(fitting) == 1 else None


def _require_first(session: Session, person: str, at: oidc.Person) -> None:
    """Raises Conflict if the person has an applicant's account, or one under another name at the provider.

    An account for work that the provider doesn't open doesn't count: its owner may apply like anybody.
    """
    linked = select(User.role).join(Identity, User.id == Identity.user_id)
    here = session.scalars(linked.where(User.person == person, Identity.issuer == at.issuer))
    if any(opens(at.opens, role) for role in here) or accounts.has_account(session, person, access.APPLICANT):
        raise Conflict("You have an account here already. Log in as you did before.", code="person-taken")


def _made(session: Session, now: datetime, person: oidc.Person) -> UUID:
    if person.unknown != "applicant":
        raise NotRecognised("No account is linked to this login.")
    mark = hashlib.sha256(f"{person.issuer}\n{person.subject}".encode()).hexdigest()[:16]
    name = f"{person.provider}-{mark}"  # the provider's name for them may be long, or their national id
    if person.person is not None:
        accounts.hold_person(session, person.person)
        if not accounts.is_taken(session, name):  # created meanwhile by another of their browsers
            _require_first(session, person.person, person)
    return accounts.find_or_create(session, now, name, "applicant", person=person.person).id
