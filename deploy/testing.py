"""``make test``: see that a browser and a sandbox are there, then pytest with branch coverage, then whether that is enough."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy import thresholds

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def install(package: str) -> None:
    """Debian's, where we may."""
    if os.geteuid() == 0 and Path("/etc/debian_version").exists():
        print(f"Installing {package} for the tests…", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "--quiet"], ["install", "--yes", "--no-install-recommends", package]):
            subprocess.run(["apt-get", *command], check=False, env=quiet, stdout=subprocess.DEVNULL)


def chromium() -> str:
    """The path of a Chromium for Playwright. Installs Debian's where it may, else exits with the command to type."""
    if given := os.environ.get("CHROMIUM"):
        return given
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    install("chromium")
    if found := shutil.which("chromium"):
        return found
    return sys.exit(
        "test: The browser tests need Chromium: `sudo apt-get install --yes chromium`, or set CHROMIUM=/path/to/it."
    )


def bubblewrap() -> None:
    """Installs Debian's where it may. Without it the tests of sandboxes say why they are left out."""
    if shutil.which("bwrap") is None:
        install("bubblewrap")
    if shutil.which("bwrap") is None:
        print("test: Sandboxes are not tested without bubblewrap: `sudo apt-get install --yes bubblewrap`.", flush=True)


def main() -> int:
    os.environ["CHROMIUM"] = chromium()
    bubblewrap()
    # One more than can compute: many tests wait for processes and browsers.
    workers = str(min((os.cpu_count() or 2) + 1, 4))
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "coverage.json"
        arguments = ["-n", workers, "--dist", "loadscope", "--no-loadscope-reorder", "--cov", "--cov-branch"]
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
