"""``manage.py seed_demo``: the demo person and sample content, for a machine of one's own."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from community.services.demo import DEMO_EMAIL, demo_seed


class Command(BaseCommand):
    help = "Make the demo person with their workspace and sample content, once. Refuses in production."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_PASSWORD:
            raise CommandError("There is no demo in production: its password is public.")
        demo_seed(password=settings.DEMO_PASSWORD)
        self.stdout.write(f"Demo sign-in: {DEMO_EMAIL} / {settings.DEMO_PASSWORD}")
