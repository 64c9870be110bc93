"""The administration log becomes one hash chain; its entries may concern the installation as a whole."""

import hashlib
import json
from datetime import UTC

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0036"
branch_labels = None
depends_on = None

TRIGGER = "organisation_log_is_append_only"


def upgrade() -> None:
    op.create_table(
        "chain_heads",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chain_heads"),
        # Each record rewrites the row: free space on the page avoids index updates.
        postgresql_with={"fillfactor": "50"},
    )
    op.add_column("organisation_log", sa.Column("seq", sa.BigInteger()))
    op.add_column("organisation_log", sa.Column("actor_role", sa.Text()))
    op.add_column("organisation_log", sa.Column("hash", sa.LargeBinary()))
    op.alter_column("organisation_log", "actor_id", nullable=True)
    op.alter_column("organisation_log", "unit_id", nullable=True)
    op.execute(f"ALTER TABLE organisation_log DISABLE TRIGGER {TRIGGER}")
    _chain()
    op.execute(f"ALTER TABLE organisation_log ENABLE ALWAYS TRIGGER {TRIGGER}")
    op.alter_column("organisation_log", "seq", nullable=False)
    op.alter_column("organisation_log", "hash", nullable=False)
    op.create_index("ix_organisation_log_seq", "organisation_log", ["seq"], unique=True)


def _chain() -> None:
    """Chain the present entries in the order of their ids, as `engine/events/hash_chain.py` does."""
    bound = op.get_bind()
    names = ("id", "at", "actor_id", "kind", "unit_id", "user_id", "payload")
    entries = sa.text(
        "SELECT id, at, actor_id, kind, unit_id, user_id, payload FROM organisation_log ORDER BY id"
    )
    rows = bound.execute(entries).mappings()
    last, chained = bytes(32), []
    for seq, row in enumerate(rows.all(), 1):
        members = {name: None if row[name] is None else str(row[name]) for name in names}
        members |= {"at": row["at"].astimezone(UTC).isoformat(timespec="microseconds"), "seq": seq}
        members["payload"] = row["payload"]
        canonical = json.dumps(members, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        last = hashlib.sha256(last + canonical).digest()
        chained.append({"one": row["id"], "seq": seq, "hash": last})
    if chained:
        bound.execute(
            sa.text("UPDATE organisation_log SET seq = :seq, hash = :hash WHERE id = :one"), chained
        )
    head = sa.text("INSERT INTO chain_heads VALUES ('organisation_log', :length, :hash)")
    bound.execute(head, {"length": len(chained), "hash": last})


def downgrade() -> None:
    op.execute(f"ALTER TABLE organisation_log DISABLE TRIGGER {TRIGGER}")
    # Earlier releases have no entries without a unit or an actor.
    op.execute("DELETE FROM organisation_log WHERE unit_id IS NULL OR actor_id IS NULL")
    op.execute(f"ALTER TABLE organisation_log ENABLE ALWAYS TRIGGER {TRIGGER}")
    op.drop_index("ix_organisation_log_seq", "organisation_log")
    for name in ("seq", "actor_role", "hash"):
        op.drop_column("organisation_log", name)
    op.alter_column("organisation_log", "actor_id", nullable=False)
    op.alter_column("organisation_log", "unit_id", nullable=False)
    op.drop_table("chain_heads")
