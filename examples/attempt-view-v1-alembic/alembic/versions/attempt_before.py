"""The exam results and the older attempt view"""

import pathlib

from alembic import op

revision = "attempt_before"
down_revision = None

SQL = pathlib.Path(__file__).parent.parent / "sql"


def upgrade():
    op.execute((SQL / "attempt_before.sql").read_text())


def downgrade():
    op.execute("drop view public.attempt")
    op.execute("drop table public.exam_results")
