"""what the last run of each poll found"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('polls', sa.Column('found', sa.JSON(), nullable=True))
    op.add_column('polls', sa.Column('finding', sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column('polls', 'finding')
    op.drop_column('polls', 'found')
