"""A newcomer's first hour: a clean clone, `make run`, and the README's own commands, taken from the file.

On the oldest Python that the README promises; the other tests run on the newest of the machine.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from demo.seeds import SEEDS
from engine.bpmn.expressions.syntax import OLDEST
from engine.platform.config import ROOT
from tests import waiting
from tests.acceptance.playing import play
from tests.browser import visits
from tests.working import free_port
from web.home import ROLES

PATIENCE = 600  # seconds, for pip and npm on a busy machine
BASH = ["bash", "-euo", "pipefail", "-c"]
OLDEST_PYTHON = "python{}.{}".format(*OLDEST)
# The commands show what is wrong to people; to this test an exit code does.
STRICT = 'curl() { command curl --no-progress-meter --fail-with-body "$@"; echo; }\n'


@dataclass(frozen=True)
class Clone:
    """A clean clone in which `make run` serves on a port."""

    folder: Path
    port: int
    make: "subprocess.Popen[bytes]"

    @property
    def output(self) -> str:
        """What `make run` has printed."""
        return (self.folder.parent / "output").read_text()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def processes(self) -> list[str]:
        """All that runs from the clone."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                here = Path(os.readlink(entry / "cwd")).is_relative_to(self.folder)
            except OSError:
                continue
            if line and (here or str(self.folder) in line):
                found.append(line)
        return found

    def run(self, commands: str) -> str:
        """What these commands print. Fails unless all of them succeed."""
        done = subprocess.run(
            [*BASH, STRICT + commands.replace("8000", str(self.port))],
            cwd=self.folder,
            env=environment(self.port),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def environment(port: int) -> dict[str, str]:
    """A newcomer's, but for the port and the number of processes."""
    own = ("DATABASE_URL", "PARVANDEH_VAR", "HUB_PORT", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "VIRTUAL_ENV")
    inherited = {
        name: value for name, value in os.environ.items() if name not in (*own, "PYTHONDONTWRITEBYTECODE")
    }
    # Python compiles what is imported; pip would compile thousands of modules that nobody needs here.
    quick = {"PIP_NO_COMPILE": "1"}
    return inherited | quick | {"PORT": str(port), "WEB_WORKERS": "2", "WORKERS": "1"}


def require_oldest_python() -> str:
    """The oldest Python that the README promises: CI fails without it, other machines skip the tests."""
    if found := shutil.which(OLDEST_PYTHON):
        return found
    missing = f"{OLDEST_PYTHON}, the oldest Python that the README promises, is missing on this machine"
    if "CI" in os.environ:
        pytest.fail(missing)
    pytest.skip(missing)


def blocks() -> list[str]:
    """The README's blocks of commands: what starts everything, and what is typed in another terminal."""
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def tracked() -> list[str]:
    """The files that a clone has."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip(f"not a checkout of git: {listed.stderr.decode()}")
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """`make run` in a clone, as soon as it has printed that it answers."""
    python = require_oldest_python()
    folder = tmp_path_factory.mktemp("clean") / "clone"
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    port = free_port()
    (start,) = blocks()[0].splitlines()
    # Tests in the background have a SIGINT that is ignored, and hand it on.
    command = ["env", "--default-signal=INT", *start.partition("#")[0].split()]
    with (folder.parent / "output").open("wb") as output:
        make = subprocess.Popen(
            command, cwd=folder, env=environment(port) | {"PYTHON": python}, stdout=output, stderr=output
        )
    made = Clone(folder, port, make)
    try:
        deadline = time.monotonic() + PATIENCE
        while "List the definitions" not in made.output:
            assert make.poll() is None, made.output
            assert time.monotonic() < deadline, made.output
            time.sleep(0.1)
        yield made
    finally:
        make.kill()  # what it has started ends with it
        make.wait()
        deadline = time.monotonic() + 60
        while made.processes and time.monotonic() < deadline:
            time.sleep(0.1)
        shutil.rmtree(folder.parent, ignore_errors=True)  # hundreds of megabytes, which pytest would keep


def test_first_start_shows_how_long_it_takes_and_how_far_it_is(clone: Clone) -> None:
    assert "one to four minutes" in clone.output
    assert re.search(r"installed \(\d+ s\)", clone.output)
    assert "2 of 2: bundling" in clone.output


def test_work_waits_behind_each_card_of_the_first_page(clone: Clone) -> None:
    file = clone.folder / "var" / "demo.json"
    waiting.until(lambda: json.loads(file.read_bytes())["seeded"] == len(SEEDS), PATIENCE)
    with sync_playwright() as playwright, visits.launch(playwright) as browser:

        def entered(role: str) -> Page:
            page = browser.new_context(locale="en-GB").new_page()
            page.goto(clone.url)
            page.locator(f'form[action="/demo/{dict(ROLES)[role]}"] button').click()
            return page

        expect(entered("caseworker").locator("tbody tr")).to_have_count(4)
        applicant = entered("applicant")
        expect(applicant.get_by_role("link", name="Complete the file")).to_be_visible()
        expect(applicant.get_by_role("link", name="Building permit")).to_be_visible()
        expect(entered("designer").get_by_role("link", name="Building permit")).to_be_visible()
        incidents = entered("administrator")
        incidents.goto(f"{clone.url}/administration/incidents")
        waiting.until(lambda: incidents.locator("tbody tr").count() == 1 or not incidents.reload())


def test_commands_of_the_readme_work_one_after_the_other(clone: Clone) -> None:
    _, look, case = blocks()
    printed = clone.run(look)
    assert '"openapi":"3.1.0"' in printed
    assert "Everything was as expected." in printed
    assert len(set(re.findall(r"case number: (\S+)", printed))) == 3
    events = json.loads(clone.run(case).strip().splitlines()[-1])["items"]
    assert [events[0]["kind"], events[-1]["kind"]] == ["case.started", "case.completed"]


def test_a_case_is_played_from_upload_to_decision_on_the_oldest_python(clone: Clone) -> None:
    version = clone.run(".venv/bin/python -c 'import sys; print(*sys.version_info[:2])'")
    assert tuple(map(int, version.split())) == OLDEST
    accounts = json.loads((clone.folder / "var" / "demo.json").read_bytes())["accounts"]
    assert play(clone.url, accounts)[-1] == "case.completed"


IMPORT = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_every_module_can_be_imported_on_the_oldest_python(clone: Clone) -> None:
    files = [Path(name) for name in tracked() if re.match(r"(engine|api|web|demo)/.*\.py$", name)]
    modules = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files]
    assert len(modules) > 1000
    command = [".venv/bin/python", "-W", "error", "-c", IMPORT, *modules]
    done = subprocess.run(command, cwd=clone.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


SCROLL = """() => new Promise(done => {
    scrollBy(0, 200);
    requestAnimationFrame(() => requestAnimationFrame(done));
})"""


def test_page_of_the_api_shows_every_operation_and_no_error(clone: Clone) -> None:
    with urlopen(f"{clone.url}/api/v1/openapi.json", timeout=60) as answer:
        operations = sum(map(len, json.load(answer)["paths"].values()))
    faults: list[str] = []
    with sync_playwright() as playwright, visits.launch(playwright) as browser, browser.new_page() as page:
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{clone.url}/api/v1/docs")
        expect(page.locator(".opblock").first).to_be_visible(timeout=60_000)
        shown: set[str] = set()  # of a long document, only what is in view is in the page
        for _ in range(10 * operations):
            shown.update(page.locator(".opblock-summary").all_inner_texts())
            if len(shown) >= operations:
                break
            page.evaluate(SCROLL)
        assert len(shown) == operations
    assert not faults


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics"])
def test_addresses_that_people_and_programs_look_at_first_answer(clone: Clone, path: str) -> None:
    with urlopen(clone.url + path, timeout=60) as answer:
        assert answer.status == 200
        assert answer.read()


def test_interrupting_make_alone_leaves_nothing_running(clone: Clone) -> None:
    os.kill(clone.make.pid, signal.SIGINT)
    clone.make.wait(PATIENCE)
    assert clone.processes == []
