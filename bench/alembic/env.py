"""Alembic's environment of the benchmark: one connection through the socket the variables of libpq name."""

import sqlalchemy
from alembic import context

engine = sqlalchemy.create_engine("postgresql+psycopg2://", poolclass=sqlalchemy.pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
