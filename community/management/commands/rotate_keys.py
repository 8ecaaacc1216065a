"""``manage.py rotate_keys``: encrypt every stored secret under the first key of ``FIELD_ENCRYPTION_KEY``."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from community.services.encryption import Rotation, column_rotate
from config.lib import secrets


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret anew. Put the new key before the old one (FIELD_ENCRYPTION_KEY=new,old), restart all "
        "processes, run this, then take the old key away. It may be stopped and started again at any time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Only count; exit with 1 where anything is left to do."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        total = Rotation()
        for column in secrets.columns:
            found = column_rotate(column=column, dry=options["check"])
            total.add(found)
            verb = "to renew" if options["check"] else "renewed"
            self.stdout.write(
                f"{column.model}.{column.field}: {found.current} current, {found.renewed} {verb}, {found.unreadable} unreadable"
            )
        if total.unreadable:
            raise CommandError(
                f"{total.unreadable} values cannot be read with the configured keys. Keep the old key until they are entered again."
            )
        if options["check"] and total.renewed:
            raise CommandError(f"{total.renewed} values are still under an old key.")
