"""Names of static files."""

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage
from servestatic.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Collects under names with a hash, always; links to those names only where they are served (``STATIC_HASHED``).

    So ``collectstatic`` does the same in every environment: the container image collects before it knows its secrets.
    """

    def url(self, name: str | None, force: bool = False) -> str:
        if force or settings.STATIC_HASHED:
            return str(super().url(name, force))
        return StaticFilesStorage.url(self, name)
