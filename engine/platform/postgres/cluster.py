"""The data folder of the embedded PostgreSQL: created, checked and prepared for a start. Starts no server."""

import os
import secrets
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from engine.platform.errors import Unusable
from engine.platform.postgres import programs
from engine.platform.postgres.programs import HERE, MAJOR, Account

VERSION = "PG_VERSION"  # a file that each data folder has
NAME = "parvandeh"  # name of the role and of its database
NOBODY = 65534
SOCKET = ".s.PGSQL.5432"
ORPHANS = 5  # seconds that the processes of a killed server have to exit


def account(data: Path) -> Account:
    """Return the account of the server: the data folder's owner; for a new one this user, for root nobody."""
    me = os.geteuid()
    if not data.exists():
        return Account(me, os.getegid()) if me else Account(NOBODY, NOBODY)
    owner = data.stat()
    if owner.st_uid == 0:
        raise Unusable(
            f"{data} belongs to root, and PostgreSQL refuses to run as root. "
            f"Change its owner to the account that runs PostgreSQL: chown -R {NOBODY}:{NOBODY} {data}"
        )
    if me not in {0, owner.st_uid}:
        raise Unusable(
            f"{data} belongs to uid {owner.st_uid}, and you are uid {me}. Start as the user who made it "
            f"(root, if it was root), or have root give you the folder: chown -R {me} {data.parent}"
        )
    return Account(owner.st_uid, owner.st_gid)


def prepare(data: Path, passfile: Path, binaries: Path, account: Account) -> None:
    """Leave a data folder of the right version in which no server runs. The caller has its lock."""
    if not data.exists():
        passfile.unlink(missing_ok=True)
        _make(data, binaries, account)
    _check_version(data)
    _await_predecessor(data)
    if not passfile.exists():
        _set_password(data, passfile, binaries, account)


def end_orphans(data: Path) -> None:
    """Stop the processes that a killed server has left behind. The caller knows that it is dead.

    They exit by themselves, except those that are suspended.
    """
    begun = time.monotonic()
    while (pids := _servers(data)) and (waited := time.monotonic() - begun) < 2 * ORPHANS:
        for pid in pids if waited > ORPHANS else ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def private(path: str, flags: int) -> int:
    """Opener for files that only their owner may read."""
    return os.open(path, flags, 0o600)


def _make(data: Path, binaries: Path, account: Account) -> None:
    """Create the folder completely or not at all."""
    fresh = data.with_name("postgres.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    if account.foreign:
        os.chown(fresh, account.uid, account.gid)
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    access = ("--username=postgres", "--auth-local=scram-sha-256", "--auth-host=reject")
    command = [str(binaries / "initdb"), "-D", HERE, *locale, *access]
    programs.run(command, data=fresh, account=account)
    # CREATEDB: each test gets its own database.
    role, database = f"CREATE ROLE {NAME} LOGIN CREATEDB", f"CREATE DATABASE {NAME} OWNER {NAME}"
    _single_user(fresh, binaries, account, role, database)
    fresh.rename(data)


def _set_password(data: Path, passfile: Path, binaries: Path, account: Account) -> None:
    password = secrets.token_urlsafe(32)
    _single_user(data, binaries, account, f"ALTER ROLE {NAME} PASSWORD '{password}'")
    fresh = passfile.with_name("postgres.pgpass.new")
    with open(fresh, "w", opener=private) as file:
        file.write(f"*:*:*:{NAME}:{password}\n")
    fresh.rename(passfile)


def _single_user(data: Path, binaries: Path, account: Account, *statements: str) -> None:
    # Key stretching protects weak passwords; this one has 256 bits, and every connection would pay the cost.
    options = ("-c", "scram_iterations=1", "-c", "exit_on_error=on")
    command = [str(binaries / "postgres"), "--single", "-D", HERE, *options, "postgres"]
    text = "".join(f"{statement};\n" for statement in statements)
    programs.run(command, data=data, account=account, text=text)


def _check_version(data: Path) -> None:
    try:
        found = (data / VERSION).read_text().strip()
    except OSError as cause:
        raise Unusable(
            f"{data} is not a data folder of PostgreSQL ({cause}). Move it to another place."
        ) from cause
    if found != MAJOR:
        raise Unusable(
            f"{data} was made by PostgreSQL {found}, and this release runs {MAJOR}. Start the release that "
            "made it and dump the database (pg_dump), move the folder away, start this release and restore "
            "the dump; "
            f"or run PostgreSQL {found} yourself and set DATABASE_URL."
        )


def _await_predecessor(data: Path) -> None:
    """Wait for the previous server: its starter may be gone while it is still shutting down."""
    deadline = time.monotonic() + 30
    while pids := _servers(data):
        if time.monotonic() > deadline:
            raise Unusable(
                f"Another PostgreSQL still runs in {data} (process {min(pids)}). "
                f"Stop it: kill -INT {min(pids)}"
            )
        time.sleep(0.05)
    # No server runs, so these are left-overs. Their pids may belong to others by now and mislead the server.
    for name in ("postmaster.pid", SOCKET, f"{SOCKET}.lock"):
        (data / name).unlink(missing_ok=True)


def _servers(data: Path) -> list[int]:
    return [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _serves(entry, data)
    ]


def _serves(process: Path, data: Path) -> bool:
    try:
        program = os.readlink(process / "exe")
        return Path(program).name.startswith("postgres") and os.path.samefile(process / "cwd", data)
    except OSError:  # gone, or not ours
        return False
