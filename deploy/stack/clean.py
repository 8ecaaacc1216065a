"""``make clean-data``: an empty ``var/``, except for the generated keys.

The keys stay because a database named by ``DATABASE_URL`` may hold what they encrypted.
"""

import shutil

from deploy.stack import lock
from deploy.stack.failures import StackError
from deploy.stack.options import KEYS, Options

LOCK = "stack.lock"


def clean() -> int:
    """Raises ``StackError`` while a stack runs on the data."""
    var = Options.read().var
    if not var.is_dir():
        return 0
    with lock.exclusive(var / LOCK, "clean-data"):
        for path in var.iterdir():
            if path.name in (LOCK, *KEYS):
                continue
            try:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            except OSError as error:
                raise StackError(f"{error.filename} cannot be removed: {error.strerror}.") from error
    return 0
