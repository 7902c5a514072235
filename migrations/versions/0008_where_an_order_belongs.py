"""where an order belongs in the lists, its words for the search, and what each person keeps of the lists"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

FACET = (
    "account_id * 65536 + (case status when 'Created' then 0 when 'Unshipped' then 1 when 'Partially Shipped' then 2"
    " when 'Shipped' then 3 else 4 end) * 8192"
    " + (case when magento_order_id is not null and magento_is_gone then 1 when magento_order_id is not null then 0"
    " when wants_magento and attention is not null then 2 when wants_magento then 3 else 4 end) * 1024"
    " + (case ship_node when 'SellerFulfilled' then 0 when 'WFSFulfilled' then 1 else 2 end) * 256"
    " + (case when attention is not null or wants_to_cancel then 1 else 0 end)"
    " + (case when acknowledge_by is not null then 2 else 0 end)"
    " + (case when to_ship then 4 else 0 end)"
    " + (case when is_open then 8 else 0 end)"
    " + (case when has_failed then 16 else 0 end)"
    " + (case when wants_to_cancel then 32 else 0 end)"
)
OLD = ('newest', 'status', 'account', 'account_status', 'no_magento', 'account_no_magento')
NEW = {
    'by_sold': ['ordered_at', 'id', 'facet', 'ship_by', 'total'],
    'by_due': ['ship_by', 'id', 'facet', 'ordered_at', 'total'],
    'by_total': ['total', 'id', 'facet', 'ordered_at', 'ship_by'],
    'facet_sold': ['facet', 'ordered_at', 'id'],
    'facet_due': ['facet', 'ship_by', 'id'],
    'facet_total': ['facet', 'total', 'id'],
}

FINDING = {
    "sqlite": (
        "create virtual table orders_fts using fts5(find_numbers, find_items, find_buyer, content='orders', "
        "content_rowid='id', detail=column, prefix='2 3', tokenize='unicode61 remove_diacritics 0')",
        "create trigger orders_fts_insert after insert on orders begin "
        "insert into orders_fts(rowid, find_numbers, find_items, find_buyer) "
        "values (new.id, new.find_numbers, new.find_items, new.find_buyer); end",
        "create trigger orders_fts_delete after delete on orders begin "
        "insert into orders_fts(orders_fts, rowid, find_numbers, find_items, find_buyer) "
        "values ('delete', old.id, old.find_numbers, old.find_items, old.find_buyer); end",
        "create trigger orders_fts_update after update of find_numbers, find_items, find_buyer on orders begin "
        "insert into orders_fts(orders_fts, rowid, find_numbers, find_items, find_buyer) "
        "values ('delete', old.id, old.find_numbers, old.find_items, old.find_buyer); "
        "insert into orders_fts(rowid, find_numbers, find_items, find_buyer) "
        "values (new.id, new.find_numbers, new.find_items, new.find_buyer); end",
    ),
    "postgresql": (
        "alter table orders add column find_vector tsvector generated always as ("
        "array_to_tsvector(string_to_array(ltrim(replace(find_numbers, ' ', ' n')), ' ')) || "
        "array_to_tsvector(string_to_array(ltrim(replace(find_items, ' ', ' i')), ' ')) || "
        "array_to_tsvector(string_to_array(ltrim(replace(find_buyer, ' ', ' b')), ' '))) stored",
        "create index ix_orders_find on orders using gin (find_vector)",
    ),
}


def stored(texts) -> str:
    words = {}
    for text in texts:
        folded = unicodedata.normalize('NFKD', unicodedata.normalize('NFKC', text or '').casefold())
        plain = ''.join(mark for mark in folded if not unicodedata.combining(mark))
        for word in ''.join(mark if mark.isalnum() else ' ' for mark in plain).split():
            words[word[:40]] = None
    return ''.join(f' {word}' for word in list(words)[:400])


def index_words() -> None:
    """Words for every order that is there; tracking numbers come with the next look at each."""
    bind = op.get_bind()
    for name in ('find_numbers', 'find_items', 'find_buyer'):
        op.add_column('orders', sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False))
    items = {}
    for order_id, sku, title in bind.execute(sa.text('select order_id, sku, title from order_lines')):
        items.setdefault(order_id, []).extend((sku, title))
    orders = bind.execute(sa.text('select id, po, customer_order_id, magento_increment_id, buyer from orders')).all()
    values = [
        {'i': row.id, 'n': stored(row[1:4]), 't': stored(items.get(row.id, ())), 'b': stored([row.buyer])} for row in orders
    ]
    if values:
        update = 'update orders set find_numbers = :n, find_items = :t, find_buyer = :b where id = :i'
        bind.execute(sa.text(update), values)
    for statement in FINDING[bind.dialect.name]:
        op.execute(sa.text(statement.replace(':', '\\:')))
    if bind.dialect.name == 'sqlite':
        op.execute("insert into orders_fts(orders_fts) values ('rebuild')")


def upgrade() -> None:
    # Plain additions: making the table anew, as batch mode may, would delete every line that hangs on it.
    for name in ('is_open', 'to_ship', 'wants_to_cancel', 'has_failed', 'wants_magento'):
        op.add_column('orders', sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    # The next look at each open order sets them right; until then this is near enough.
    op.execute("update orders set is_open = true where status in ('Created', 'Unshipped', 'Partially Shipped')")
    op.execute(
        "update orders set to_ship = true where status in ('Unshipped', 'Partially Shipped')"
        " and ship_node = 'SellerFulfilled'"
    )
    op.execute("update orders set wants_magento = true where is_open and magento_order_id is null")
    is_sqlite = op.get_bind().dialect.name == 'sqlite'
    # SQLite can add a computed column only where it is not stored; its indexes hold it all the same.
    kind = 'virtual' if is_sqlite else 'stored'
    null = 'not null' if is_sqlite else ''
    op.execute(f'alter table orders add column facet bigint generated always as ({FACET}) {kind} {null}')
    if not is_sqlite:
        op.execute('alter table orders alter column facet set not null')
    for name in OLD:
        op.drop_index(f'ix_orders_{name}', 'orders')
    for name, columns in NEW.items():
        op.create_index(f'ix_orders_{name}', 'orders', columns)
    op.add_column('users', sa.Column('grid', sa.JSON(), nullable=True))
    op.create_table('saved_lists',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('asks', sa.JSON(), nullable=False),
    sa.Column('is_shared', sa.Boolean(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_saved_lists_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_lists')),
    sa.UniqueConstraint('key', name=op.f('uq_saved_lists_key'))
    )
    op.create_index(op.f('ix_saved_lists_user_id'), 'saved_lists', ['user_id'])
    index_words()
