"""since when there is a poll"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('polls', sa.Column('began_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('polls', 'began_at')
