"""since when a poll fails, and an end for refreshes that only said that they had begun"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BEGUN = ("It is read again now.", "Read on both sides now.")
jobs = sa.table('bulk_jobs', sa.column('id', sa.BigInteger), sa.column('action', sa.String))
items = sa.table(
    'bulk_items', sa.column('job_id', sa.BigInteger), sa.column('state', sa.String), sa.column('sentence', sa.Text)
)


def upgrade() -> None:
    op.add_column('polls', sa.Column('failing_since', sa.DateTime(timezone=True), nullable=True))
    refreshes = sa.select(jobs.c.id).where(jobs.c.action == "refresh")
    begun = items.c.job_id.in_(refreshes), items.c.state == "done", items.c.sentence.in_(BEGUN)
    op.execute(sa.update(items).where(*begun).values(sentence="It was read again."))


def downgrade() -> None:
    op.drop_column('polls', 'failing_since')
