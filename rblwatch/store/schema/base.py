"""What all tables have in common.

Owns how constraints and indexes are named. Must not know any table. Wherever a table gives ids, it never gives one
twice (`sqlite_autoincrement`), not even after the newest row is gone: bitmaps, messages and people refer to them.
"""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
