"""Run by the project's own Python: where the database stands by Alembic's record, what lies ahead, and which database it is."""

import json
import sys

from alembic import __version__
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

ini, wanted, back = sys.argv[1:4]
config = Config(ini)
script = ScriptDirectory.from_config(config)
answer = {"version": __version__, "heads": list(script.get_heads()), "current": [], "wanted": "", "back": None, "steps": []}

IDENTITY = """
select (select system_identifier::text from pg_control_system()), current_database()::text,
  current_setting('application_name'), (select setting from pg_settings where name = 'lock_timeout')
"""
WIDTH = """
select max(a.atttypmod) - 4 from pg_attribute a
where a.attrelid = to_regclass(%s) and a.attname = 'version_num' and a.atttypmod > 0
"""


def look(current, context):
    answer["current"] = list(current)
    cursor = context.connection.connection.cursor()
    cursor.execute(IDENTITY)
    answer["system"], answer["database"], answer["application"], answer["lockTimeout"] = cursor.fetchone()
    table = context.version_table if not context.version_table_schema else context.version_table_schema + "." + context.version_table
    cursor.execute(WIDTH, (table,))
    answer["width"] = cursor.fetchone()[0] or 32
    cursor.close()
    return []


with EnvironmentContext(config, script, fn=look, dont_mutate=True):
    script.run_env()

if len(answer["heads"]) == 1 and len(answer["current"]) < 2:
    target = script.get_revision(wanted)
    if target is not None:
        answer["wanted"] = target.revision
        before = [r.revision for r in script.iterate_revisions(target.revision, "base")][1:]
        if back == "base":
            answer["back"] = ""
        elif back and script.get_revision(back).revision in before:
            answer["back"] = script.get_revision(back).revision
        here = answer["current"][0] if answer["current"] else None
        if here != target.revision:
            between = list(script.iterate_revisions(target.revision, here or "base"))
            answer["steps"] = [{"id": r.revision, "text": r.doc or ""} for r in reversed(between)]
print("\ntidelock:" + json.dumps(answer))
