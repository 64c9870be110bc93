"""One command starts everything, with a demonstration or without; the next start succeeds however it ends."""

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from demo import welcome
from demo.__main__ import main as demo_main
from demo.accounts import ACCOUNTS
from engine.cases.erasure.folders import FOLDERS
from engine.cli import main as engine_main
from engine.platform import postgres
from engine.platform.config import ROOT, Settings
from tests.acceptance.playing import play
from tests.conftest import conninfo
from tests.working import free_port

DEADLINE = 180  # seconds, on a busy machine
RUN = [sys.executable, "-m", "demo", "run"]
PLAIN = [sys.executable, "-m", "engine", "run"]
# As the Makefile has it, with this interpreter: `make` is the parent, and the supervisor follows it.
MAKEFILE = f"run:\n\t@exec {shlex.join(RUN)} --with-parent $$PPID\n"


@dataclass
class Installation:
    """A data folder and a port, on which `run` is started."""

    var: Path
    port: int
    started: list[subprocess.Popen[str]]
    hub_port: int = field(default_factory=free_port)

    def start(self, command: list[str] = RUN, **environ: str) -> subprocess.Popen[str]:
        """Without waiting for anything."""
        chosen = {"PARVANDEH_VAR": str(self.var), "PORT": str(self.port), "HUB_PORT": str(self.hub_port)}
        chosen |= {"WEB_WORKERS": "2", "WORKERS": "1", "DEMO_CASES": "no", **environ}
        base = {
            name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "MAKEFLAGS"}
        }
        self.var.mkdir(exist_ok=True)
        with (self.var / "output").open("w") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=base | chosen, stdout=output, stderr=output, text=True
            )
        self.started.append(process)
        return process

    def serve(self, command: list[str] = RUN, **environ: str) -> subprocess.Popen[str]:
        """Start, and wait until the greeting is printed. What was started before is stopped."""
        self.stop()
        process = self.start(command, **environ)
        greeting = "List the definitions" if command != PLAIN else "To create an account, run"
        wait_until(lambda: greeting in self.output or process.poll() is not None)
        assert process.poll() is None, self.output
        return process

    def serving(self, command: list[str]) -> subprocess.Popen[str]:
        """Return the process that was started like this and still runs, or start it."""
        alive = (process for process in self.started if process.poll() is None and process.args == command)
        return next(alive, None) or self.serve(command)

    def stop(self) -> None:
        """Stop what still runs."""
        for process in self.started:
            if process.poll() is None:
                process.terminate()
                process.wait(DEADLINE)

    def require_stopped(self, process: subprocess.Popen[str], number: signal.Signals) -> None:
        """Require that a signal stops everything, with exit code 0."""
        process.send_signal(number)
        assert process.wait(DEADLINE) == 0
        assert self.processes == {}
        assert "Traceback" not in self.output

    @property
    def output(self) -> str:
        """What the last start printed."""
        return (self.var / "output").read_text()

    @property
    def answers(self) -> bool:
        """Whether the web server does."""
        return healthy(self.port)

    def asked(self, path: str) -> int:
        """The status of an answer to the caseworker of the demonstration, which comes within ten seconds."""
        accounts = json.loads((self.var / "demo.json").read_bytes())["accounts"]
        token = next(account["token"] for account in accounts if account["name"] == "caseworker")
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code

    @property
    def processes(self) -> dict[int, str]:
        """All that belongs to this installation, by what it runs."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if f"PARVANDEH_VAR={self.var}".encode() in (entry / "environ").read_bytes().split(b"\0") or (
                    (self.var / "postgres").exists() and (entry / "cwd").samefile(self.var / "postgres")
                ):
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                    if line:  # else it is dead and only waits to be noticed
                        found[int(entry.name)] = line
            except OSError:
                continue
        return found

    def pid(self, parent: int, what: str) -> int:
        """Of the child of `parent` that runs `what`."""
        (found,) = [child for child in self.children(parent) if what in self.processes.get(child, "")]
        return found

    def children(self, parent: int) -> set[int]:
        """The processes that `parent` has started and that still run."""
        return set(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()))


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def installation(quick: Path) -> Iterator[Installation]:
    made = Installation(quick / "run", free_port(), [])
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture
def running(installation: Installation) -> subprocess.Popen[str]:
    """It serves, also for the next test, unless this one starts or ends something itself.

    A start takes longer than all that a test does with it: the tests are in an order that needs few.
    """
    return installation.serving(RUN)


@pytest.fixture
def make(installation: Installation) -> list[str]:
    """The command that runs it by `make`."""
    makefile = installation.var.with_suffix(".mk")
    makefile.write_text(MAKEFILE)
    # Tests in the background have a SIGINT that is ignored, and hand it on.
    return ["env", "--default-signal=INT", "make", "-f", str(makefile), "run"]


@pytest.fixture
def made(installation: Installation, make: list[str]) -> subprocess.Popen[str]:
    """The same as `running`, started by `make`."""
    return installation.serving(make)


def test_port_of_the_mock_hub_in_use_is_replaced_and_connectors_find_the_hub(
    installation: Installation,
) -> None:
    with socket.create_server(("127.0.0.1", installation.hub_port)):
        installation.serve()
        told = re.search(rf"Port {installation.hub_port} is in use: .* uses port (\d+)", installation.output)
        assert told, installation.output
        token = next(
            account["token"]
            for account in json.loads((installation.var / "demo.json").read_bytes())["accounts"]
            if account["name"] == "portal"
        )
        url = f"http://127.0.0.1:{installation.port}/api/v1/cases"
        body = json.dumps(welcome.ADDRESS_CHANGE)
        bearer = f"-H 'Authorization: Bearer {token}'"
        case = answered(f"curl {bearer} -H 'Content-Type: application/json' -d {shlex.quote(body)} {url}")
        wait_until(lambda: bool(answered(f"curl {bearer} {url}/{case['id']}")["data"].get("finding")))


def test_interrupt_stops_everything_and_the_next_start_keeps_accounts_and_versions(
    installation: Installation, running: subprocess.Popen[str]
) -> None:
    assert installation.answers
    before = json.loads((installation.var / "demo.json").read_bytes())
    installation.require_stopped(running, signal.SIGINT)
    installation.port = free_port()
    installation.serve()
    after = json.loads((installation.var / "demo.json").read_bytes())
    assert after == {**before, "url": f"http://127.0.0.1:{installation.port}"}
    assert re.findall(r"version (?!1 \(unchanged\))", installation.output) == []
    boss = next(one["token"] for one in after["accounts"] if one["name"] == "administrator")
    with urllib.request.urlopen(
        urllib.request.Request(
            f"{after['url']}/api/v1/organisation-log?kind=settings.loaded",
            headers={"Authorization": f"Bearer {boss}"},
        )
    ) as response:
        (loaded,) = json.load(response)["items"]  # all processes have the same settings, at each start
    assert loaded["payload"]["demo"] is True


def test_a_case_is_played_from_upload_to_decision(
    installation: Installation, running: subprocess.Popen[str]
) -> None:
    accounts = json.loads((installation.var / "demo.json").read_bytes())["accounts"]
    assert play(f"http://127.0.0.1:{installation.port}", accounts)[-1] == "case.completed"


def test_demo_accounts_are_kept_for_their_owner_only(
    installation: Installation, running: subprocess.Popen[str]
) -> None:
    file = installation.var / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    demo = json.loads(file.read_bytes())
    assert {(account["name"], account["role"]) for account in demo["accounts"]} == set(ACCOUNTS)
    assert demo["url"] == f"http://127.0.0.1:{installation.port}"


def test_printed_curl_lines_work_as_they_stand(
    installation: Installation, running: subprocess.Popen[str]
) -> None:
    lines = re.findall(r"^  curl .*$", installation.output, re.MULTILINE)
    assert len(lines) == 3
    definitions, case, _ = map(answered, lines)
    assert "address-change" in {definition["key"] for definition in definitions["items"]}
    assert case["status"] == "active"
    there = {path.name for path in installation.var.iterdir()} - {"output"}
    assert there <= FOLDERS.keys(), "what else lies in var/ is to be considered when a case is erased"
    wait_until(lambda: case["id"] in {task["case"] for task in answered(lines[2])["items"]})


def answered(line: str) -> Any:
    """What comes back for a printed command."""
    done = subprocess.run(
        ["bash", "-c", line.replace("curl ", "curl -sS --fail ", 1)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout)


def test_port_in_use_is_told_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        refused = Installation(tmp_path / "var", other.getsockname()[1], [])
        assert refused.start().wait(DEADLINE) == 1
        assert f"Port {refused.port} is in use" in refused.output
        assert not (refused.var / "postgres").exists()


def test_killed_database_is_started_again(installation: Installation, running: subprocess.Popen[str]) -> None:
    os.kill(installation.pid(running.pid, "postgres"), signal.SIGKILL)
    wait_until(lambda: "PostgreSQL answers again" in installation.output)
    wait_until(lambda: installation.asked("/readyz") == 200)
    assert running.poll() is None


def test_hanging_database_holds_no_request_and_everything_goes_on_after_it(
    installation: Installation, running: subprocess.Popen[str]
) -> None:
    assert installation.asked("/readyz") == 200
    servers = [pid for pid in installation.processes if "postgres" in os.readlink(f"/proc/{pid}/exe")]
    for pid in servers:
        os.kill(pid, signal.SIGSTOP)
    try:
        paths = ["/api/v1/cases", "/healthz", "/readyz"] * 4
        with ThreadPoolExecutor(len(paths)) as callers:
            assert list(callers.map(installation.asked, paths)) == [503, 200, 503] * 4
    finally:
        for pid in servers:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: installation.asked("/api/v1/cases") == 200)
    assert running.poll() is None


def test_only_the_web_server_holds_its_port(
    installation: Installation, running: subprocess.Popen[str]
) -> None:
    assert running.poll() is None
    held = [name for pid, name in installation.processes.items() if holds(pid, installation.port)]
    assert len(held) == 3  # the master and both workers
    assert all("gunicorn" in name for name in held)


def holds(pid: int, port: int) -> bool:
    """Whether a process has the socket that listens on a port. One that has ended since has none."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}
    with contextlib.suppress(FileNotFoundError):
        return any(os.readlink(entry) in listening for entry in Path(f"/proc/{pid}/fd").iterdir())
    return False


def test_killed_worker_is_replaced(installation: Installation, running: subprocess.Popen[str]) -> None:
    master = installation.pid(running.pid, "gunicorn")
    before = installation.children(master)
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: len(installation.children(master) - before) == 2 and installation.answers)
    assert running.poll() is None


def test_second_start_names_the_first_and_changes_nothing(
    installation: Installation, running: subprocess.Popen[str]
) -> None:
    second = installation.start(PORT=str(free_port()))
    assert second.wait(DEADLINE) == 1
    assert f"process {running.pid}" in installation.output
    assert installation.answers


def test_request_in_hand_when_its_worker_dies_gets_no_answer(
    installation: Installation, running: subprocess.Popen[str]
) -> None:
    url = postgres.url(Settings.read({"PARVANDEH_VAR": str(installation.var)}))
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'tokens'::regclass AND NOT granted"
    with (
        psycopg.connect(conninfo(url)) as holder,
        psycopg.connect(conninfo(url), autocommit=True) as onlooker,
        socket.create_connection(("127.0.0.1", installation.port), timeout=DEADLINE) as caller,
    ):
        holder.execute("LOCK TABLE tokens")
        caller.sendall(b"GET /api/v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n")
        wait_until(lambda: onlooker.execute(waiting).fetchone() == (1,))
        for worker in installation.children(installation.pid(running.pid, "gunicorn")):
            os.kill(worker, signal.SIGQUIT)  # as their master does when it gets this signal
        assert caller.recv(1000) == b""
    wait_until(lambda: installation.answers)


def test_supervisor_killed_with_kill_9_leaves_nothing_that_blocks_the_next_start(
    installation: Installation, running: subprocess.Popen[str]
) -> None:
    running.kill()
    running.wait()
    installation.serve()
    assert installation.answers


def test_death_of_a_child_stops_everything_with_exit_code_1(
    installation: Installation, running: subprocess.Popen[str]
) -> None:
    os.kill(installation.pid(running.pid, "gunicorn"), signal.SIGKILL)
    assert running.wait(DEADLINE) == 1
    assert "died" in installation.output
    wait_until(lambda: installation.processes == {})


def test_removed_data_folder_is_noticed_and_stops_everything(
    installation: Installation, running: subprocess.Popen[str]
) -> None:
    moved = installation.var.rename(installation.var.with_name("removed"))
    wait_until(lambda: not installation.answers)
    assert running.wait(DEADLINE) == 1
    assert "was removed" in (moved / "output").read_text()
    moved.rename(installation.var)


def test_killed_make_takes_everything_along_and_the_next_start_waits_for_it(
    installation: Installation, made: subprocess.Popen[str], make: list[str]
) -> None:
    before = installation.processes.keys()
    made.kill()
    made.wait()
    installation.serve(make)
    assert installation.answers
    wait_until(lambda: not before & installation.processes.keys())


def test_interrupted_make_alone_stops_everything(
    installation: Installation, made: subprocess.Popen[str]
) -> None:
    made.send_signal(signal.SIGINT)
    made.wait(DEADLINE)
    assert installation.processes == {}
    assert "Stopped." in installation.output


def test_the_product_alone_has_no_demo_accounts_and_no_hub(quick: Path) -> None:
    alone = Installation(quick / "alone", free_port(), [])
    process = alone.serve(PLAIN)
    assert healthy(alone.port)
    assert [line for line in alone.processes.values() if "-m demo" in line] == []
    with socket.create_server(("127.0.0.1", alone.hub_port)):
        pass  # nothing plays other systems there
    with urllib.request.urlopen(f"http://127.0.0.1:{alone.port}/") as page:
        assert b"/demo/" not in page.read()
    alone.require_stopped(process, signal.SIGTERM)
    assert not {"demo.json", "demo-connectors.toml"} & {path.name for path in alone.var.iterdir()}
    assert "unknown-connector" in alone.output


@pytest.mark.parametrize(
    ("main", "command"), [(engine_main, "run"), (engine_main, "worker"), (demo_main, "run")]
)
def test_faulty_connectors_are_told_before_anything_starts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    main: Callable[[list[str]], int],
    command: str,
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("PARVANDEH_VAR", str(tmp_path))
    monkeypatch.setenv("PORT", str(free_port()))
    (tmp_path / "connectors.toml").write_text('[it]\nkind = "telepathy"\n')
    assert main([command]) == 1
    assert "it.kind cannot be used" in capsys.readouterr().err
    assert not (tmp_path / "postgres").exists()
