"""How a step makes an index: at once on an empty table, without holding up those who write on one that is in use."""

from alembic import op
from sqlalchemy import text

IS_EMPTY = "SELECT pg_relation_size(CAST(:table AS regclass)) = 0"
PARTITIONS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:table AS regclass) ORDER BY 1"
# Left by a run that was broken off: it is filled by every write, and answers nothing.
IS_BROKEN = "SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"


def make_index(name: str, table: str, columns: str, *, unique: bool = False) -> None:
    """Make an index, owned by usager_owner; what is there already, whole, is left.

    Shape   columns is what follows the name of the table: "(tenant, head) WHERE head > 0".
    Time    on a table that holds something, two looks at each row, and as long as the longest transaction under way;
            reads and writes go on. What the step did before is kept, so make the indexes last in a step.
    Errors  a table that is partitioned has no such way: `make_index_of_parts`.
    """
    kind = "UNIQUE INDEX" if unique else "INDEX"
    connection = op.get_bind()
    if connection.execute(text(IS_EMPTY), {"table": table}).scalar_one():
        op.execute("SET LOCAL ROLE usager_owner")
        op.execute(f"CREATE {kind} IF NOT EXISTS {name} ON {table} {columns}")
        op.execute("RESET ROLE")
        return
    is_broken = connection.execute(text(IS_BROKEN), {"name": name}).scalar_one_or_none()
    with op.get_context().autocommit_block():
        op.execute("SET ROLE usager_owner")
        op.execute("SET lock_timeout = 0")  # it holds nobody up while it waits
        if is_broken:
            op.execute(f"DROP INDEX CONCURRENTLY {name}")
        op.execute(f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {name} ON {table} {columns}")
        op.execute("RESET lock_timeout")
        op.execute("RESET ROLE")


def make_index_of_parts(name: str, table: str, columns: str) -> None:
    """Make an index on a table that is partitioned: beside those who write, a partition after the other; then whole.

    Shape   the name of a partition's own ends as name does after that of the table; partitions to come get theirs.
    """
    partitions = list(op.get_bind().execute(text(PARTITIONS), {"table": table}).scalars())
    suffix = name.removeprefix(table)
    for partition in partitions:
        make_index(f"{partition}{suffix}", partition, columns)
    op.execute("SET LOCAL ROLE usager_owner")
    op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON ONLY {table} {columns}")
    for partition in partitions:
        op.execute(f"ALTER INDEX {name} ATTACH PARTITION {partition}{suffix}")
    op.execute("RESET ROLE")
