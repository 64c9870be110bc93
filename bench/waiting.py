"""Cases that wait, and the workers that continue them: how late timers fire, how fast many are processed."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from bench.place import Place, place
from engine import cases, definitions

SPREAD = 300  # timers that fall due one after the other
DRAINED = 10_000
WAITING = 100_000
JOBS = 40
SWEEPS = 50
IDLE_SECONDS = 20
TICKS = os.sysconf("SC_CLK_TCK")

PROCESS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
<process id="p" isExecutable="true"><startEvent id="start"/><intermediateCatchEvent id="pause">
<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>
<endEvent id="end"/><sequenceFlow id="a" sourceRef="start" targetRef="pause"/>
<sequenceFlow id="b" sourceRef="pause" targetRef="end"/></process></definitions>"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Seconds, milliseconds, a rate and shares of one core."""

    late_p50: float  # seconds from due to fired
    late_p99: float
    drained: float  # timers per second and worker
    job: float  # milliseconds from commit to done, with the worker idle before
    idle_cases: float  # percent
    idle_calls: float
    sweep_empty: float  # milliseconds, with no timer waiting
    sweep_full: float  # with WAITING of them


def measure() -> Waiting:
    """Measure on a separate server, in a temporary folder."""
    with place() as found:
        found.do(lambda uow: definitions.deploy(uow, {"p.bpmn": PROCESS}))
        return _figures(found)


def _figures(place: Place) -> Waiting:
    with place.worker("calls") as process:
        calls = _idle(process.pid)
    with place.worker("cases") as process:
        idle, job = _idle(process.pid), _job(place)
        late = _late(place)
    drained = _drained(place)
    empty = _sweep(place)
    _wait_for_long(place)
    cuts = quantiles(late, n=100, method="inclusive")
    return Waiting(
        late_p50=cuts[49],
        late_p99=cuts[98],
        drained=drained,
        job=job,
        idle_cases=idle,
        idle_calls=calls,
        sweep_empty=empty,
        sweep_full=_sweep(place),
    )


def _start(place: Place, count: int, due: Callable[[int], datetime]) -> None:
    """Start so many cases whose timers are due then."""
    place.start(count)
    ids = place.sql.execute("SELECT id FROM waits WHERE closed_at IS NULL ORDER BY id").fetchall()
    with place.sql.cursor() as cursor:
        cursor.executemany(
            "UPDATE waits SET due_at = %s WHERE id = %s",
            [(due(number), row[0]) for number, row in enumerate(ids)],
        )


def _late(place: Place) -> list[float]:
    """Measure the delay of timers that fall due one after another within ten seconds; the worker is idle."""
    begin = datetime.now().astimezone() + timedelta(seconds=8)
    _start(place, SPREAD, lambda number: begin + timedelta(seconds=10 * number / SPREAD))
    place.await_rows("SELECT FROM waits WHERE closed_at IS NULL", 0)
    fired = "SELECT extract(epoch FROM closed_at - due_at)::float FROM waits"
    return [seconds for (seconds,) in place.sql.execute(fired).fetchall()]


def _drained(place: Place) -> float:
    past = datetime.now().astimezone() - timedelta(seconds=1)
    _start(place, DRAINED, lambda _: past)
    with place.worker("cases"):
        began = time.perf_counter()
        place.await_rows("SELECT FROM waits WHERE closed_at IS NULL LIMIT 1", 0, pause=0.5)
        return DRAINED / (time.perf_counter() - began)


def _job(place: Place) -> float:
    """Measure a job that does nothing: its queueing and completion."""
    times = []
    for _ in range(JOBS):
        time.sleep(0.1)
        began = time.perf_counter()
        place.sql.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
            " VALUES ('cases', 'wake', jsonb_build_object('case_id', gen_random_uuid()))"
        )
        place.await_rows("SELECT FROM procrastinate_jobs", 0, pause=0.0005)
        times.append(time.perf_counter() - began)
    return median(times) * 1000


def _idle(pid: int) -> float:
    """Return the share of one core that an idle worker uses."""
    time.sleep(3)
    before = _ticks(pid)
    time.sleep(IDLE_SECONDS)
    return 100 * (_ticks(pid) - before) / TICKS / IDLE_SECONDS


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _wait_for_long(place: Place) -> None:
    """Create many timers that are due next year, all of the case that was started last."""
    place.sql.execute(
        "INSERT INTO waits (id, case_id, version_id, token_id, element, kind, due_at, opened_at)"
        " SELECT gen_random_uuid(), last.case_id, last.version_id, last.token_id, 'pause', 'timer',"
        " now() + interval '1 year', now() FROM generate_series(1, %s),"
        " (SELECT * FROM waits ORDER BY id DESC LIMIT 1) AS last",
        (WAITING,),
    )


def _sweep(place: Place) -> float:
    place.sql.execute("VACUUM ANALYZE waits")
    times = []
    for _ in range(SWEEPS):
        began = time.perf_counter()
        place.do(lambda uow: cases.wake_due(uow, 500))
        times.append(time.perf_counter() - began)
    return median(times) * 1000
