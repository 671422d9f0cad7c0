"""Lock the attempt view to V1: the same up.sql that every program of the benchmark runs."""

import os
import pathlib

from alembic import op

revision = "attempt_view_v1"
down_revision = None


def upgrade():
    op.get_bind().exec_driver_sql(pathlib.Path(os.environ["BENCH_UP"]).read_text())
