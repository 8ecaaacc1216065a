"""What the supervisor wants to know: the typed settings, and which of them somebody has set."""

import base64
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from config.env import BASE_DIR, Env, read
from deploy.stack.failures import StackError

DISK_NEEDED = 300 * 1024 * 1024
WEB_READY_PATH = "/health/ready"
KEYS = ("secret_key", "encryption_key")


@dataclass(frozen=True)
class Options:
    """``given``: the names that the environment or ``.env`` set. An embedded part whose URL is given is not started."""

    env: Env
    given: frozenset[str]
    root: Path = BASE_DIR

    @classmethod
    def read(cls) -> "Options":
        env = read()
        return cls(env=env, given=frozenset(env.model_fields_set))

    @property
    def var(self) -> Path:
        return self.env.VAR_DIR.resolve()

    @property
    def runtime(self) -> Path:
        """Sockets, ready files, private configuration: worth nothing after the stack has stopped."""
        return self.var / "run"

    @property
    def production(self) -> bool:
        return "ENVIRONMENT" in self.given and self.env.production

    def log(self, name: str) -> Path:
        return self.var / "log" / f"{name}.log"

    def marker(self, name: str) -> Path:
        return self.runtime / f"{name}.ready"

    def child_environment(self) -> dict[str, str]:
        """Defaults of a stack on one's own machine, for every name that is not set otherwise."""
        defaults = {
            "ENVIRONMENT": "development",
            "SECURE_SSL": "false",
            "EMAIL_VERIFICATION": "none",
            "BASE_URL": f"http://localhost:{self.env.PORT}",
            # So that a model server of this machine (Ollama, vLLM, llama.cpp) can be added as a provider.
            "OUTBOUND_ALLOW_LOOPBACK_PROVIDERS": "false" if self.production else "true",
            "SECRET_KEY": _kept_key(self.var / KEYS[0]),
            "FIELD_ENCRYPTION_KEY": _kept_key(self.var / KEYS[1]),
        }
        chosen = {name: value for name, value in defaults.items() if name not in self.given}
        # Fewer malloc arenas: a worker with 256 threads would otherwise hold a pool of free memory for each.
        return {"PORT": str(self.env.PORT), "VAR_DIR": str(self.var), "MALLOC_ARENA_MAX": "2", **chosen}


def prepare_directories(options: Options) -> None:
    """Make ``var/`` and its parts. Raises where they cannot be written or the disk is nearly full."""
    try:
        for directory in (options.var, options.runtime, options.var / "log"):
            directory.mkdir(parents=True, exist_ok=True)
        options.runtime.chmod(0o711)
    except PermissionError as error:
        raise StackError(f"{error.filename} cannot be written: start Troupe as its owner, or set VAR_DIR.") from error
    except OSError as error:
        raise StackError(f"{options.var} cannot be made: {error.strerror}.") from error
    if not os.access(options.var, os.W_OK):
        raise StackError(f"{options.var} cannot be written: start Troupe as its owner, or set VAR_DIR.")
    free = shutil.disk_usage(options.var).free
    if free < DISK_NEEDED:
        left = f"{free >> 20} MB left, {DISK_NEEDED >> 20} MB needed"
        raise StackError(f"The disk of {options.var} is full ({left}): make room, or set VAR_DIR.")


def rotate_log(path: Path, keep: int = 3) -> None:
    """Begin a new log file at each start; the last ``keep`` stay as ``.1``, ``.2``…"""
    for number in range(keep - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    if path.exists():
        path.replace(path.with_name(f"{path.name}.1"))


def _kept_key(path: Path) -> str:
    """32 random bytes as URL-safe base64, made once: sessions and encrypted columns must outlive a restart."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    except FileExistsError:
        pass
    if not (key := path.read_text().strip()):
        raise StackError(
            f"{path} is empty: restore it from a backup. Removing it makes stored provider keys unreadable."
        )
    return key
