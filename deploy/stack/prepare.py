"""``python -m deploy.stack.prepare WELCOME``: all between an empty database and a first page, in one process."""

import io
import os
import sys
from pathlib import Path

import django
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from config.env import env


def main() -> int:
    welcome = Path(sys.argv[1])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    if env.production:  # elsewhere they are served from where they are built
        call_command("collectstatic", interactive=False, verbosity=0)
    said = io.StringIO()
    if not env.production:
        call_command("seed_demo", stdout=said)
    welcome.write_text(said.getvalue().strip())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (DatabaseError, CommandError) as error:
        what = "the database" if isinstance(error, DatabaseError) else "a command"
        sys.exit(f"error: Preparing {what} failed: {' '.join(str(error).split())}")
