"""``make test``: see that a browser is there, then pytest with branch coverage, then whether that is enough."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy import thresholds

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


def main() -> int:
    os.environ["CHROMIUM"] = chromium()
    workers = str(min(os.cpu_count() or 2, 4))
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "coverage.json"
        arguments = ["-n", workers, "--dist", "loadscope", "--cov", "--cov-branch"]
        arguments += ["--cov-report", "term:skip-covered", "--cov-report", f"json:{report}", *sys.argv[1:]]
        tests = subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False)
        if tests.returncode or sys.argv[1:]:  # a part of the tests need not run all of the code
            return tests.returncode
        if failed := thresholds.check(report):
            print(f"test: The tests run too little of: {', '.join(failed)}.")
        return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
