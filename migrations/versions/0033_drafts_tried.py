"""Test runs are also of drafts, and a draft records the revision of which one has reached an end."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sketches", sa.Column("process_revision", sa.Integer(), nullable=True))
    op.add_column("sketches", sa.Column("tried_revision", sa.Integer(), nullable=True))
    op.execute("UPDATE sketches SET process_revision = revision")
    op.alter_column("sketches", "process_revision", nullable=False)
    op.alter_column("trials", "version_id", nullable=True)
    op.add_column("trials", sa.Column("sketch_id", sa.Uuid(), nullable=True))
    op.add_column("trials", sa.Column("process", sa.Text(), nullable=True))
    op.add_column("trials", sa.Column("process_revision", sa.Integer(), nullable=True))
    op.create_foreign_key(
        "fk_trials_sketch_id", "trials", "sketches", ["sketch_id"], ["id"], ondelete="CASCADE"
    )
    op.create_check_constraint(
        op.f("ck_trials_subject"),
        "trials",
        "num_nonnulls(version_id, sketch_id) = 1"
        " AND num_nonnulls(sketch_id, process, process_revision) IN (0, 3)",
    )
    op.create_index("ix_trials_sketch_id_owner_id", "trials", ["sketch_id", "owner_id"])


def downgrade() -> None:
    op.execute("DELETE FROM trials WHERE version_id IS NULL")
    op.drop_index("ix_trials_sketch_id_owner_id", "trials")
    op.drop_constraint(op.f("ck_trials_subject"), "trials", type_="check")
    op.drop_constraint("fk_trials_sketch_id", "trials", type_="foreignkey")
    for name in ("process_revision", "process", "sketch_id"):
        op.drop_column("trials", name)
    op.alter_column("trials", "version_id", nullable=False)
    op.drop_column("sketches", "tried_revision")
    op.drop_column("sketches", "process_revision")
