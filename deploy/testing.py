"""``make test``: see that a browser is there, then pytest with branch coverage."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
INSTALL = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]


def chromium() -> str:
    """The path of a Chromium for Playwright. Installs Debian's where it may, else exits with the command to type."""
    if given := os.environ.get("CHROMIUM"):
        return given
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    if os.geteuid() == 0 and Path("/etc/debian_version").exists():
        print("Installing Chromium for the browser tests…", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "--quiet"], INSTALL):
            subprocess.run(command, check=False, env=quiet, stdout=subprocess.DEVNULL)
        if found := shutil.which("chromium"):
            return found
    return sys.exit(
        "test: The browser tests need Chromium: `sudo apt-get install --yes chromium`, or set CHROMIUM=/path/to/it."
    )


def main() -> None:
    os.environ["CHROMIUM"] = chromium()
    workers = str(min(os.cpu_count() or 2, 4))
    arguments = [
        "-n",
        workers,
        "--dist",
        "loadscope",
        "--cov",
        "--cov-branch",
        "--cov-report",
        "term:skip-covered",
        *sys.argv[1:],
    ]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606


if __name__ == "__main__":
    main()
