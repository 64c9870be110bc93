"""The three requests of W1 written by hand: no engine, no checks, no tokens, no log.

The minimum cost of an application of this kind; the product is compared with it. It must not grow.
"""

import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from flask import Flask, request
from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    ForeignKey,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from engine.platform.ids import uuid7

TABLES = MetaData()
definitions = Table(
    "definitions", TABLES, Column("id", Uuid, primary_key=True), Column("key", Text, unique=True)
)
cases = Table(
    "cases",
    TABLES,
    Column("id", Uuid, primary_key=True),
    Column("definition_id", ForeignKey("definitions.id")),
    Column("status", Text),
    Column("data", JSONB),
    Column("started_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
)
tasks = Table(
    "tasks",
    TABLES,
    Column("id", Uuid, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), index=True),
    Column("name", Text),
    Column("status", Text),
    Column("opened_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
)

_DEFINITION = select(definitions.c.id).where(definitions.c.key == bindparam("key"))
_TASKS_OF_CASE = select(tasks).where(tasks.c.case_id == bindparam("case"))
_TASK_AND_CASE = (
    select(tasks.c.case_id, tasks.c.status, cases.c.data)
    .join(cases)
    .where(tasks.c.id == bindparam("task"))
    .with_for_update()
)
_CLOSE_TASK = update(tasks).where(tasks.c.id == bindparam("task"))
_END_CASE = update(cases).where(cases.c.id == bindparam("case"))


def prepare(url: str, key: str) -> None:
    """Create the tables and the one definition."""
    engine = _engine(url)
    with engine.begin() as connection:
        TABLES.create_all(connection)
        connection.execute(insert(definitions), {"id": uuid7(), "key": key})
    engine.dispose()


def create_app() -> Flask:
    """The application for gunicorn; the database is in DATABASE_URL."""
    app = Flask(__name__)
    engine = _engine(os.environ["DATABASE_URL"])

    @app.post("/api/v1/cases")
    def start() -> tuple[dict[str, Any], int]:
        body = request.get_json()
        data, now, case, task = body["data"], datetime.now(UTC), uuid7(), uuid7()
        data["fee"] = 50 + data["amount"] * 0.02
        with engine.begin() as connection:
            definition = connection.execute(_DEFINITION, {"key": body["definition"]}).scalar_one()
            new_case = {
                "id": case,
                "definition_id": definition,
                "status": "active",
                "data": data,
                "started_at": now,
            }
            connection.execute(insert(cases), new_case)
            new_task = {"id": task, "case_id": case, "name": "Review", "status": "open", "opened_at": now}
            connection.execute(insert(tasks), new_task)
        return {"id": case, "status": "active", "data": data}, 201

    @app.get("/api/v1/tasks")
    def list_tasks() -> dict[str, Any]:
        with engine.begin() as connection:
            rows = connection.execute(_TASKS_OF_CASE, {"case": UUID(request.args["case"])}).mappings()
            return {"items": [dict(row) for row in rows]}

    @app.post("/api/v1/tasks/<uuid:task>/complete")
    def complete(task: UUID) -> tuple[dict[str, Any], int]:
        answer, now = request.get_json()["data"], datetime.now(UTC)
        with engine.begin() as connection:
            row = connection.execute(_TASK_AND_CASE, {"task": task}).one()
            if row.status != "open":
                return {"status": row.status}, 409
            data = {**row.data, **answer, "outcome": answer["decision"]}
            connection.execute(_CLOSE_TASK.values(status="completed", closed_at=now), {"task": task})
            ended = _END_CASE.values(status="completed", ended_at=now, data=data)
            connection.execute(ended, {"case": row.case_id})
        return {"id": task, "status": "completed"}, 200

    return app


def _engine(url: str) -> Engine:
    return create_engine(
        url,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
