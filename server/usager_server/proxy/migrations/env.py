"""What alembic runs: the steps, in one transaction, on the connection that `proxy.migrating` hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table_schema="proxy", transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
