"""the log of all orders, by time"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_changes_at", "changes", ["at", "id"])
    op.create_index("ix_attempts_started_at", "attempts", ["started_at", "id"])
