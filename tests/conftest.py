"""What every test shares. The services are started by ``tests/services.py``."""

from tests.cast import anyone, cast

__all__ = ["anyone", "cast"]
