"""The project's settings with a hasher that takes no time: each operation that changes something has a person of its own."""

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.security.hashers.QuickHasher"]
