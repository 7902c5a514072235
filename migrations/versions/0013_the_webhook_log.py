"""what people do with events, and what the webhook log is narrowed by"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "event_acts",
        sa.Column("id", identity, nullable=False),
        sa.Column("event_id", identity, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("was_state", sa.String(), nullable=False),
        sa.Column("was_reason", sa.Text(), nullable=False),
        sa.Column("was_handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('replay', 'dismiss')", name=op.f("ck_event_acts_kind")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_event_acts_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_acts")),
    )
    op.create_index("ix_event_acts_event", "event_acts", ["event_id", "id"])
    for name, columns, where in (
        ("shops", ["store_id"], "source = 'magento'"),
        ("own", [], "source not in ('walmart', 'magento')"),
        ("to_nothing", ["state"], "state in ('ignored', 'failed', 'dismissed')"),
        ("again", [], "duplicates > 0"),
    ):
        condition = sa.text(where)
        names = [*columns, "received_at", "id"]
        op.create_index(f"ix_events_{name}", "events", names, sqlite_where=condition, postgresql_where=condition)
    op.create_index("ix_events_type", "events", ["type", "received_at", "id"])
