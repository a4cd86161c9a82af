"""How a revision is applied: on the connection, and inside the transaction, that `rblwatch.store.migrations` gives."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
