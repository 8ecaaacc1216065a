"""Files in S3. Loaded only where a bucket is configured: Amazon's client is large."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage


@contextmanager
def _as_of_a_disk() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise OSError(repr(error)) from error


class S3Files(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """S3 whose troubles are OSErrors, as a disk's are: whoever keeps files need not know it."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        with _as_of_a_disk():
            return super()._open(name, mode)

    def _save(self, name: str, content: Any) -> str:
        with _as_of_a_disk():
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        with _as_of_a_disk():
            super().delete(name)

    def presigned(self, key: str, parameters: dict[str, str], seconds: int) -> str:
        """An address at which S3 itself hands the file out for ``seconds``."""
        return str(self.url(key, parameters=parameters, expire=seconds))

    def walk(self) -> Iterator[tuple[str, datetime]]:
        """Every key with the time it was written."""
        prefix = f"{self.location}/" if self.location else ""
        with _as_of_a_disk():
            for entry in self.bucket.objects.all():
                yield entry.key.removeprefix(prefix), entry.last_modified
