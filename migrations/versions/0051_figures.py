"""The figures of oversight: of cases, steps and delays, and their sums. A worker fills them from the log."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

TABLES = (
    *("case_figures", "step_figures", "delay_causes", "period_figures", "step_period_figures"),
    *("step_workers", "cause_period_figures", "duration_bins"),
)
BUCKETS = (
    *("worked", "technical_failure", "other_agency", "in_queue", "with_applicant"),
    *("suspended", "scheduled_wait", "office_closed"),
)


def upgrade() -> None:
    _make_case_figures()
    _index_case_figures()
    _make_step_figures()
    _make_delay_causes()
    _make_period_figures()
    _make_step_period_figures()
    _make_step_workers()
    _make_cause_period_figures()
    _make_duration_bins()


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
    op.execute("DELETE FROM cursors WHERE name LIKE 'figures%'")  # or new tables would never be filled


def _columns(kind: sa.types.TypeEngine[Any], *names: str) -> Iterator[sa.Column[Any]]:
    return (sa.Column(name, kind, nullable=False) for name in names)


def _optional(kind: sa.types.TypeEngine[Any], *names: str) -> Iterator[sa.Column[Any]]:
    return (sa.Column(name, kind) for name in names)


def _sums(*names: str) -> Iterator[sa.Column[Any]]:
    zero = sa.text("0")
    return (sa.Column(name, sa.BigInteger(), server_default=zero, nullable=False) for name in names)


def _make_case_figures() -> None:
    op.create_table(
        "case_figures",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_columns(sa.Text(), "unit", "service_class"),
        sa.Column("channel", sa.Text()),
        sa.Column("represented", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_period", sa.Date(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_period", sa.Date()),
        *_optional(sa.Text(), "ending", "outcome", "effect", "decided_by"),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("late", sa.Boolean()),
        sa.Column("late_ms", sa.BigInteger(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("life_ms", sa.BigInteger()),
        sa.Column("life_bin", sa.SmallInteger()),
        *_columns(sa.BigInteger(), *BUCKETS),
        sa.Column("visits_planned", sa.SmallInteger()),
        sa.Column("visits_actual", sa.SmallInteger(), nullable=False),
        sa.Column("visits_known", sa.Boolean(), nullable=False),
        sa.Column("stars", sa.SmallInteger()),
        sa.Column("send_backs", sa.SmallInteger(), nullable=False),
        sa.Column("appealed", sa.Boolean(), nullable=False),
        sa.Column("upheld", sa.Boolean()),
        *_optional(sa.BigInteger(), "noted_ms", "cost", "unexplained_ms"),
        sa.Column("explained", sa.Text()),
        sa.PrimaryKeyConstraint("case_id", name="pk_case_figures"),
    )


def _index_case_figures() -> None:
    op.create_index(
        "ix_case_figures_ended",
        "case_figures",
        ["ended_at", "case_id"],
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_index("ix_case_figures_life", "case_figures", ["ended_period", "life_ms"])
    op.create_index("ix_case_figures_life_of_unit", "case_figures", ["definition", "unit", "life_ms"])
    op.create_index(
        "ix_case_figures_open",
        "case_figures",
        ["unit", "definition"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_case_figures_stale", "case_figures", ["case_id"], postgresql_where=sa.text("seq = 0"))
    op.create_index("ix_case_figures_started", "case_figures", ["started_at", "case_id"])


def _make_step_figures() -> None:
    op.create_table(
        "step_figures",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("service_class", sa.Text(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step_unit", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_period", sa.Date(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_period", sa.Date()),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("wait_ms", sa.BigInteger()),
        sa.Column("wait_bin", sa.SmallInteger()),
        sa.Column("work_ms", sa.BigInteger()),
        sa.Column("work_bin", sa.SmallInteger()),
        sa.Column("send_backs", sa.SmallInteger(), nullable=False),
        sa.Column("people", ARRAY(sa.Uuid()), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_step_figures"),
    )
    op.create_index("ix_step_figures_closed", "step_figures", ["closed_at"])
    op.create_index(
        "ix_step_figures_open",
        "step_figures",
        ["step_unit", "role"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_step_figures_opened", "step_figures", ["opened_at"])
    op.create_index("ix_step_figures_wait", "step_figures", ["definition", "version", "element", "wait_ms"])
    op.create_index("ix_step_figures_work", "step_figures", ["definition", "version", "element", "work_ms"])


def _make_delay_causes() -> None:
    op.create_table(
        "delay_causes",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("service_class", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_period", sa.Date(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "rank", name="pk_delay_causes"),
    )
    op.create_index("ix_delay_causes_element", "delay_causes", ["element", "bucket", "ended_at"])


def _make_period_figures() -> None:
    op.create_table(
        "period_figures",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_columns(sa.Text(), "unit", "service_class"),
        *_sums("started", "started_by_channel", "started_online", "closed", "completed", "withdrawn"),
        *_sums("cancelled", "granted", "refused", "ruled", "silent", "with_term", "on_time", "late_ms"),
        *_sums("life_ms", *BUCKETS, "planned_cases", "visits_planned", "visits_known", "visits_actual"),
        *_sums("rated", "stars", "send_backs", "appealed", "appeals_decided", "upheld", "noted_cases"),
        *_sums("noted_ms", "cost_cases", "cost", "unexplained_ms"),
        sa.PrimaryKeyConstraint(
            "period", "definition", "version", "unit", "service_class", name="pk_period_figures"
        ),
        postgresql_with={"fillfactor": "70"},
    )


def _make_step_period_figures() -> None:
    op.create_table(
        "step_period_figures",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("service_class", sa.Text(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step_unit", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("arrived", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("wait_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("worked", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("work_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("send_backs", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint(
            "period",
            "definition",
            "version",
            "unit",
            "service_class",
            "element",
            "kind",
            "step_unit",
            "role",
            name="pk_step_period_figures",
        ),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("ix_step_period_figures_unit", "step_period_figures", ["step_unit", "period"])


def _make_step_workers() -> None:
    op.create_table(
        "step_workers",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("step_unit", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("steps", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint(
            "period", "step_unit", "role", "definition", "element", "person", name="pk_step_workers"
        ),
        postgresql_with={"fillfactor": "70"},
    )


def _make_cause_period_figures() -> None:
    op.create_table(
        "cause_period_figures",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("service_class", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("cases", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint(
            "period",
            "definition",
            "version",
            "unit",
            "service_class",
            "party",
            "element",
            "bucket",
            name="pk_cause_period_figures",
        ),
        postgresql_with={"fillfactor": "70"},
    )


def _make_duration_bins() -> None:
    op.create_table(
        "duration_bins",
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("service_class", sa.Text(), nullable=False),
        sa.Column("bin", sa.SmallInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint(
            "of",
            "definition",
            "version",
            "element",
            "period",
            "unit",
            "service_class",
            "bin",
            name="pk_duration_bins",
        ),
        postgresql_with={"fillfactor": "70"},
    )
