"""Where a model answers."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One model behind one key. ``kind`` is the provider's type, ``guarded``: the address comes from a user.

    ``circuit`` names the pair of provider and key for the circuit breaker; empty where none is kept (the local model).
    """

    provider: str
    base_url: str
    model: str
    kind: str = "custom"
    api_key: str = ""
    organization_id: str = ""
    circuit: str = ""
    guarded: bool = True
    max_output: int | None = None  # tokens, where it is known
    extra: dict[str, Any] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return f"{self.base_url.rstrip('/')}{path}"

    def redacted(self, body: bytes) -> bytes:
        """A provider may quote the key it was given, and not every key looks like one."""
        key = self.api_key.encode()
        return body.replace(key, b"[redacted]") if key else body
