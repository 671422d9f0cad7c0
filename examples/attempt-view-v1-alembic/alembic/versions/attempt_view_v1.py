"""Lock the attempt view to V1"""

import pathlib

from alembic import op

revision = "attempt_view_v1"
down_revision = "attempt_before"

SQL = pathlib.Path(__file__).parent.parent / "sql"


def upgrade():
    op.execute((SQL / "attempt_v1.sql").read_text())


def downgrade():
    # As downgrades of views are usually written: the older view does not come back, and CASCADE takes along what hangs on it.
    op.execute("drop view if exists public.attempt cascade")
