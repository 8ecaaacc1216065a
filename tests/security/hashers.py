"""Hashers for tests: one that takes no time, and one that counts, to compare the work of two answers without a clock."""

from typing import ClassVar

from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher


class QuickHasher(Argon2PasswordHasher):
    """The house's own, without the work that makes guessing dear."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1


class CountingHasher(PBKDF2PasswordHasher):
    algorithm = "counting"
    iterations = 1
    hashed: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        self.hashed.append(password)
        return super().encode(password, salt, iterations)

    def harden_runtime(self, password: str, encoded: str) -> None:
        """The same work for every password here."""
