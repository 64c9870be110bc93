"""The administration log records the rows that were written, so that a verification can compare them.

Triggers name each written row to the client, which writes what became of it at the end of the transaction.
The database alone records nothing: what somebody changes with SQL is in no entry.
"""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

# With the columns of their primary keys.
KEYS = {
    "calendar_versions": "id",
    "calendars": "id",
    "closures": "id",
    "commitment_explanations": "id",
    "commitment_versions": "commitment_id number",
    "commitments": "id",
    "consents": "id",
    "definition_versions": "id",
    "definitions": "key",
    "delegations": "id",
    "deployment_files": "deployment_id name",
    "deployments": "id",
    "flag_questions": "id",
    "flags": "id",
    "identities": "salt",  # its own key may be a national id
    "memberships": "id",
    "passwords": "user_id",
    "provisioned": "system_id resource_id",
    "registered_services": "id",
    "relations": "id",
    "report_action_changes": "id",
    "report_actions": "id",
    "substitutions": "id",
    "tokens": "id",
    "unit_calendars": "unit_id",
    "unit_lines": "ancestor_id unit_id",
    "unit_rates": "id",
    "units": "id",
    "users": "id",
    "webhooks": "id",
}
# Preferences, which mean nothing to others.
WITHOUT = {"users": "language calendar"}
SALTED = ("consents", "flag_questions", "flags", "identities", "provisioned", "relations", "users")

# As `engine/events/administration_log/rows.py` does, which verifies: a digest that the database computes
# proves nothing then.
_FUNCTION = """
CREATE FUNCTION name_written_row() RETURNS trigger LANGUAGE plpgsql
SET TimeZone = 'UTC' SET bytea_output = 'hex' AS $$
DECLARE
    before jsonb; key text; former text; digest text := '-';
    without text[] := string_to_array(TG_ARGV[1], ' ');
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - without = to_jsonb(NEW) - without THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        EXECUTE TG_ARGV[0] INTO key USING NEW;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        EXECUTE TG_ARGV[0] INTO former USING OLD;
        before := to_jsonb(OLD) - without;
        digest := encode(sha256(convert_to(coalesce(before ->> 'salt', '') || E'\\n' || (
            SELECT string_agg(part.key || ':' || part.value::text, E'\\n' ORDER BY part.key COLLATE "C")
            FROM jsonb_each(before) AS part WHERE part.value <> 'null' AND part.key <> 'salt'
        ), 'UTF8')), 'hex');
        RAISE INFO 'parvandeh row % % %', TG_TABLE_NAME, digest, former;
    END IF;
    IF key IS DISTINCT FROM former AND key IS NOT NULL THEN
        RAISE INFO 'parvandeh row % % %', TG_TABLE_NAME, '-', key;
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.add_column("organisation_log", sa.Column("rows", sa.Text()))
    for name in SALTED:
        # A volatile default: each row that exists gets one of its own, too.
        salt = sa.Column("salt", sa.Uuid(), nullable=False, server_default=sa.text("gen_random_uuid()"))
        op.add_column(name, salt)
    op.execute(_FUNCTION)
    for name, columns in KEYS.items():
        key = f"SELECT jsonb_build_array({', '.join(f'$1.{column}' for column in columns.split())})::text"
        op.execute(
            f"CREATE TRIGGER {name}_are_named AFTER INSERT OR UPDATE OR DELETE ON {name}"
            f" FOR EACH ROW EXECUTE FUNCTION name_written_row('{key}', '{WITHOUT.get(name, '')}')"
        )


def downgrade() -> None:
    for name in KEYS:
        op.execute(f"DROP TRIGGER {name}_are_named ON {name}")
    op.execute("DROP FUNCTION name_written_row()")
    for name in SALTED:
        op.drop_column(name, "salt")
    op.drop_column("organisation_log", "rows")
