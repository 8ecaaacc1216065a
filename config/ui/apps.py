from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from config.lib import shell


class UiConfig(AppConfig):
    name = "config.ui"
    label = "ui"

    def ready(self) -> None:
        """Every process sends tasks to our broker: commands and tests too, which do not pass by ``config.asgi``."""
        from config import celery  # noqa: F401

        shell.registry.add_navigation(
            shell.NavItem(key="home", label=_("Home"), icon="house", route="home", order=10, mobile=True)
        )
