from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo
import itertools

from sqlalchemy import select, text

from bench.history.generating import Order, Writer
from bench.history.organisation import prepare
from demo.history.offices import DAY, milliseconds
from engine import cases, tasks
from engine.cases import Application, messages, incidents
from engine.bpmn import CallFailure
from engine.models import Call, Case, Event, Incident
from engine.tasks import Marks, Question
from engine.platform.db import Actor, Database, UnitOfWork
from engine.organisation import calendars
from tests.deploying import checked_once

UNTIL = milliseconds(datetime(2026, 11, 20, tzinfo=UTC))
ZONE = ZoneInfo("Asia/Tehran")

def test_it(database, database_url, actor):
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    order = Order(database_url, ZONE, 7, 10, (UNTIL - 120 * DAY, UNTIL))
    with checked_once():
        setting = prepare(database, order.zone, order.period, order.outages, order.cases)
    world = setting.world
    names = setting.names
    clock = [datetime(2026, 8, 3, 8, tzinfo=ZONE)]
    def person(unit, role="caseworker", n=0):
        p = world.offices[unit].people[role][n]
        return Actor(UUID(p.id), names[p.id], "caseworker")
    applicant = Actor(UUID(setting.applicants[3][0].id), "history-7000000003", "applicant")
    admin, service = actor("administrator"), actor("service")
    portal = actor("portal")
    def do(who, command, later=timedelta(hours=1)):
        clock[0] += later
        return database.run(lambda s, now: command(UnitOfWork(s, who, clock[0])))
    def see(case):
        return do(admin, lambda uow: cases.get(uow, case), timedelta(0))
    def task(case, element):
        return next(t["id"] for t in see(case).tasks if t["element"] == element)
    def call(case):
        with database.transaction() as s:
            return s.scalars(select(Call.id).where(Call.case_id == case, Call.status == "open")).one()
    NAT=setting.applicants[3][1]
    app = Application(applicant=NAT, unit="district-1", channel="online")
    c = do(portal, lambda uow: cases.start(uow, "trade-permit", {"note": "x"}, app)).id
    w = person("district-1")
    do(w, lambda uow: tasks.claim(uow, task(c, "review")))
    do(w, lambda uow: tasks.complete(uow, task(c, "review"), {}))
    do(service, lambda uow: messages.send(uow, "trade-permit.opinion", {"case_number": see(c).number}, {}))
    insp = person("health", "inspector")
    do(insp, lambda uow: tasks.claim(uow, task(c, "inspect")))
    do(insp, lambda uow: tasks.complete(uow, task(c, "inspect"), {}))
    do(admin, lambda uow: cases.suspend(uow, c, reason_code="court-order"))
    do(admin, lambda uow: cases.resume(uow, c))
    t = task(c, "decide")
    do(w, lambda uow: tasks.claim(uow, t))
    o = do(w, lambda uow: tasks.request_opinion(uow, t, Question("?", unit="legal-office")))
    l = person("legal-office")
    do(l, lambda uow: tasks.claim(uow, o))
    do(l, lambda uow: tasks.complete(uow, o, {"opinion": "ok", "favourable": True}))
    do(w, lambda uow: tasks.complete(uow, t, {"decision": "granted"}))
    v = do(w, lambda uow: cases.record_visit(uow, c, cases.NewVisit(clock[0] - timedelta(minutes=5), "identity"))).id
    do(w, lambda uow: cases.correct_visit(uow, c, v, cases.Correction(reason="signature")))
    do(w, lambda uow: tasks.complete(uow, task(c, "hand_over"), {}))
    do(applicant, lambda uow: cases.rate(uow, c, cases.Rating(4, True, "identity")))
    dump(database, c)
    p = do(portal, lambda uow: cases.start(uow, "property-certificate", {"note": "x"}, Application(applicant=NAT, unit="registry-north", channel="online"))).id
    do(admin, lambda uow: cases.note_attempt(uow, call(p), cases.Tried(1, "timeout", 30.0)))
    do(admin, lambda uow: cases.fail_call(uow, call(p), CallFailure("timeout", "no"), 3, cases.Tried(3, "timeout", 30.0)))
    with database.transaction() as s:
        inc = s.scalars(select(Incident.id).where(Incident.case_id == p)).one()
    do(admin, lambda uow: incidents.retry(uow, inc))
    do(admin, lambda uow: cases.answer(uow, call(p), {"ok": True}, {"seconds": 0.5, "request_digest": "a"}, cases.Tried(1, "ok", 0.5)))
    do(service, lambda uow: messages.send(uow, "property-certificate.clearance", {"case_number": see(p).number}, {"clear": True}))
    w2=see(p).tasks[0]
    print(w2)
    from engine.models import Task
    with database.transaction() as s:
        ass = s.scalars(select(Task.assignee_id).where(Task.id == w2["id"])).one()
    a = Actor(ass, names[str(ass)], "caseworker")
    do(a, lambda uow: tasks.complete(uow, w2["id"], {}))
    dump(database, p)
    # welfare: silence
    q = do(portal, lambda uow: cases.start(uow, "welfare-allowance", {"note": "x"}, Application(applicant=NAT, unit="welfare-tehran", channel="online"))).id
    d = person("service-office")
    do(applicant, lambda uow: tasks.complete(uow, task(q, "interview"), {})) if 0 else None
    do(service, lambda uow: messages.send(uow, "welfare-allowance.form", {"case_number": see(q).number}, {}))
    do(service, lambda uow: messages.send(uow, "welfare-allowance.report", {"case_number": see(q).number}, {}))
    do(d, lambda uow: tasks.complete(uow, task(q, "interview"), {}))
    do(admin, lambda uow: cases.wake(uow, q), timedelta(hours=49))
    for k in range(4):
        clock[0] += timedelta(days=20)
        for _ in range(3):
            do(admin, lambda uow: cases.do_due(uow, q))
    dump(database, q)
    r = person("district-1", n=1)
    c2 = do(portal, lambda uow: cases.start(uow, "trade-permit", {}, app)).id
    from engine.cases import migration
    def dump_refs(): pass
    assert 0

def dump(database, case):
    with database.transaction() as s:
        n = {}
        print("=====")
        for e in s.scalars(select(Event).where(Event.case_id == case).order_by(Event.seq)):
            f = e.facts
            pl = e.payload
            print(f"{e.seq:3} {e.at:%m-%d %H:%M:%S} {e.kind:18} {e.element or ''} {'T' if e.task_id else ''} {e.actor_role}/{e.actor_unit} F={f} P={pl}")
        row = s.execute(select(Case.__table__).where(Case.id == case)).mappings().one()
        print({k: v for k, v in row.items() if k not in ("state", "log_hash")})
        for name in ("tasks","waits","calls","decisions","clocks"):
            for r in s.execute(text(f"select * from {name} where case_id = :c"), {"c": case}).mappings():
                print(name, {k: (str(v) if v is not None else v) for k, v in r.items() if v is not None and k != "request"})
