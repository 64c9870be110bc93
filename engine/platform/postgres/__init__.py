"""The embedded PostgreSQL: starts and stops the server of an installation. Knows no tables and no commands.

Nothing of it is reachable from the network. Access control: the server listens on a Unix socket inside its
data folder (mode 0700), and every connection needs a random password, stored in `var/postgres.pgpass` (mode
0600). Folder permissions alone aren't enough: as root the server runs as `nobody`, an account shared with
other programs. Neither is `peer`: it needs a name for the connecting uid, which containers often lack. The
connecting role owns its database and is no superuser, so that a vulnerability in the application can't become
a shell; the superuser has no password, so nobody can log in as it.
"""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from engine.platform.config import Settings
from engine.platform.errors import Unusable
from engine.platform.locks import Lock
from engine.platform.postgres import cluster, programs
from engine.platform.postgres.programs import client, conninfo

__all__ = ["InUse", "Server", "available", "client", "conninfo", "start"]

SOCKET_PATH_LIMIT = 107  # bytes, sockaddr_un
SERVER_OPTIONS = (
    "listen_addresses=",
    "unix_socket_directories=.",
    "unix_socket_permissions=0700",
    # The server's log isn't protected like the database: it must not contain citizens' data.
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
)


class InUse(Unusable):
    """Another process runs the server of this data folder."""


class Server:
    """A running embedded server. It dies at the latest with the thread that started it."""

    def __init__(
        self, process: subprocess.Popen[bytes], settings: Settings, options: Sequence[str], lock: Lock
    ) -> None:
        self.process = process
        self.url = url(settings)
        self.log = settings.var / "postgres.log"
        self._settings = settings
        self._options = options
        self._lock = lock

    def require_data(self) -> None:
        """Raises Unusable if its files were removed: the server continues with those it has open."""
        self._lock.require_folder(self._settings.var / "postgres" / cluster.VERSION)

    def restart(self) -> None:
        """Restart it after it died. Raises Unusable, with the end of its log, if it doesn't start."""
        self.require_data()  # a start would create new ones
        cluster.end_orphans(self._settings.var / "postgres")
        self.process = _start(self._settings, self._options, again=True)

    def stop(self) -> None:
        """Disconnect all clients, write everything to disk and stop."""
        for farewell, patience in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
            self.process.send_signal(farewell)
            try:
                self.process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        self._lock.release()


@contextmanager
def available(settings: Settings) -> Iterator[str]:
    """Return the URL of a running database: the configured one, else the embedded one, started if needed."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    server = _attach_or_start(settings)
    try:
        yield url(settings)
    finally:
        if server is not None:
            server.stop()


def url(settings: Settings) -> str:
    """Return the URL of the embedded database for SQLAlchemy. It contains no secret, only the path to one."""
    query = {
        "host": str(_socket_folder(settings.var / "postgres")),
        "passfile": str(settings.var / "postgres.pgpass"),
        "require_auth": "scram-sha-256",  # so that another server can't impersonate it
    }
    made = URL.create("postgresql+psycopg", username=cluster.NAME, database=cluster.NAME, query=query)
    return made.render_as_string()


def start(settings: Settings, *, options: Sequence[str] = (), patience: float = 0) -> Server:
    """Start the server of this installation, creating its data folder if necessary.

    `options` are further settings of the server ("name=value"). `patience` is how many seconds to wait for
    another command that runs it. Call it from a thread that lives as long as the server.
    """
    if sys.platform != "linux":
        raise Unusable("The embedded PostgreSQL runs on Linux only. Set DATABASE_URL to a PostgreSQL server.")
    settings.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = Lock(settings.var / "postgres.lock")
    if not lock.acquire(patience):
        raise InUse(
            f"The embedded PostgreSQL in {settings.var} is in use by process {lock.holder()}. "
            "Wait until it has ended, or stop it."
        )
    try:
        process = _start(settings, options, again=False)
    except BaseException:
        lock.release()
        raise
    return Server(process, settings, options, lock)


def _attach_or_start(settings: Settings) -> Server | None:
    deadline = time.monotonic() + 30
    while True:
        try:
            return start(settings)
        except InUse:
            if _answers(settings):
                return None
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _start(settings: Settings, options: Sequence[str], *, again: bool) -> subprocess.Popen[bytes]:
    data, log = settings.var / "postgres", settings.var / "postgres.log"
    account = cluster.account(data)
    binaries = programs.find(account)
    cluster.prepare(data, settings.var / "postgres.pgpass", binaries, account)
    if log.exists() and not again:
        log.replace(log.with_suffix(".log.1"))
    with open(log, "ab", opener=cluster.private) as output:
        process = programs.spawn(binaries, data, account, [*SERVER_OPTIONS, *options], output)
    try:
        _await_answer(settings, process, log)
    except BaseException:
        process.send_signal(signal.SIGQUIT)  # immediately, including its children
        process.wait()
        raise
    return process


def _await_answer(settings: Settings, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120  # it may have to recover from a crash
    while not _answers(settings):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
            raise Unusable(f"The embedded PostgreSQL does not start. The end of {log}:\n{tail}")
        time.sleep(0.02)


def _answers(settings: Settings) -> bool:
    return programs.is_ready(_socket_folder(settings.var / "postgres"))


def _socket_folder(data: Path) -> Path:
    """Return the data folder, or a short link to it if its path is too long for a socket."""
    if len(os.fsencode(data / cluster.SOCKET)) <= SOCKET_PATH_LIMIT:
        return data
    me = os.geteuid()
    key = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"parvandeh-{me}-{key}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != me or found.st_mode & 0o077:
        raise Unusable(f"{folder} belongs to another user. Remove it.")
    way = folder / "data"
    if not way.is_symlink():
        way.symlink_to(data)
    return way
