"""How a revision is applied: on the connection, and inside the transaction, that `rblwatch.store.migrations` gives."""

from alembic import context

from rblwatch.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
