"""REMEMBERS: the schema, what is written to it and read from it, and the two databases that it lives in.

Owns SQLAlchemy, Alembic, psycopg and sqlite3: nothing outside this package touches them. Must not hold rules: what is
stored was decided by core and services.
"""
