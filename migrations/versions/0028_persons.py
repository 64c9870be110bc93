"""A person has one account for work and one as an applicant; existing further accounts are marked."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    duplicate = sa.Column("duplicate", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("users", duplicate)
    # The oldest open account remains the person's account; nobody loses one.
    op.execute(
        "UPDATE users SET duplicate = true FROM ("
        " SELECT id, row_number() OVER ("
        "  PARTITION BY person, role = 'applicant' ORDER BY deactivated_at IS NOT NULL, created_at, id"
        " ) AS place FROM users WHERE person IS NOT NULL AND role NOT IN ('portal', 'service')"
        ") AS known WHERE known.id = users.id AND known.place > 1"
    )
    op.create_index(
        "uq_users_person",
        "users",
        ["person", sa.text("(role = 'applicant')")],
        unique=True,
        postgresql_where=sa.text(
            "person IS NOT NULL AND NOT duplicate AND role NOT IN ('portal', 'service')"
        ),
    )


def downgrade() -> None:
    op.drop_index("uq_users_person", "users")
    op.drop_column("users", "duplicate")
