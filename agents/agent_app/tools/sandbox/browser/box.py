"""The machine that a browser runs in: as ``bubblewrap`` makes them, with fonts, more memory, and one socket to a proxy of ours.

The browser's own sandbox is off: it needs new namespaces, which the filter of system calls refuses. The machine is the sandbox.
"""

import json
import os
import platform
import shlex
import shutil
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings

from agent_app.tools.sandbox import bubblewrap, seccomp
from agent_app.tools.sandbox.bubblewrap import NoSandbox

PORT = 3128  # of the relay, inside
PROCESSES = 512  # and threads: a browser has many
_TMP = 256 * 2**20
_SHARED = 128 * 2**20
_OURS = "/.box"
_PRIVATE, _MEMORY = "/tmp", "/dev/shm"  # noqa: S108  # inside, and of the machine's own
_KNOWN = (
    "/usr/lib/chromium/chromium", "/usr/lib/chromium-browser/chromium-browser", "/opt/google/chrome/chrome",
    "/opt/chromium.org/chromium/chromium",
)  # fmt: skip
# Only what comes over the proxy may be looked at, and nothing may be kept.
_POLICY = {
    "URLBlocklist": ["file://*", "chrome://*", "devtools://*", "view-source:*", "ftp://*", "filesystem:*"],
    "DownloadRestrictions": 3, "PrintingEnabled": False, "PasswordManagerEnabled": False, "SyncDisabled": True,
    "DefaultGeolocationSetting": 2, "DefaultNotificationsSetting": 2, "AudioCaptureAllowed": False,
    "VideoCaptureAllowed": False, "AllowFileSelectionDialogs": False, "QuicAllowed": False,
    "BackgroundModeEnabled": False, "MetricsReportingEnabled": False, "ComponentUpdatesEnabled": False,
    "AutofillAddressEnabled": False, "AutofillCreditCardEnabled": False, "SafeBrowsingProtectionLevel": 0,
}  # fmt: skip
_RELAY = f"""
import asyncio

async def pipe(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()

async def serve(reader, writer):
    try:
        there = await asyncio.open_unix_connection("/proxy/socket")
    except OSError:
        return writer.close()
    await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer))

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", {PORT})
    await server.serve_forever()

asyncio.run(main())
"""
# Its own descriptors (3 and 4: the browser's commands) are not the relay's business.
_LAUNCH = '"$1" -I /proxy/relay.py 3>&- 4>&- 9>&- </dev/null >/dev/null 2>&1 & shift; exec "$@" 9>&-'


def missing() -> str:
    """Why no browser can be had on this machine, in words; empty where one may be."""
    if reason := bubblewrap.missing():
        return reason
    if find_spec("playwright") is None:
        return "The Python package “playwright” is not there. Install the dependency group “sandbox”."
    if binary() is None:
        return "Chromium is not there. Install it (apt-get install chromium), or set CHROMIUM to its program."
    if not bubblewrap._proc_works():
        return "A browser needs a /proc of its own, which this container forbids (Docker: systempaths=unconfined)."
    if bubblewrap.user() is not None and shutil.which("setpriv") is None:
        return "The program “setpriv” is not there, without which a browser would run as root."
    return ""


@lru_cache
def binary() -> Path | None:
    """Chromium's own program: Debian's ``/usr/bin/chromium`` is a script that starts it."""
    for name in filter(None, (settings.CHROMIUM, *_KNOWN)):
        path = Path(name).resolve()
        if path.is_file() and bubblewrap.readable(path.parent) and _is_program(path):
            return path
    return None


def _is_program(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def prepare(directory: Path) -> Path:
    """Write what the machine needs into ``directory`` (which has the proxy's ``proxy/socket``); answers the program that starts
    the browser in it, with the browser's arguments as its own. Raises NoSandbox."""
    chromium = binary()
    if chromium is None:
        raise NoSandbox(missing())
    shared = directory / "proxy"
    (shared / "relay.py").write_text(_RELAY)
    (shared / "policy.json").write_text(json.dumps(_POLICY))
    filter_ = directory / "seccomp"
    filter_.write_bytes(seccomp.program(platform.machine()) or b"")
    if (user := bubblewrap.user()) is not None:
        for path in (directory, shared, *shared.iterdir()):
            os.chown(path, user, user)
    program = directory / "browser"
    line = " ".join(shlex.quote(part) for part in _command(shared, chromium))
    program.write_text(f'#!/bin/sh\nexec {line} "$@" 9<{shlex.quote(str(filter_))}\n')
    program.chmod(0o700)
    return program


def _command(shared: Path, chromium: Path) -> list[str]:
    called, mounted = bubblewrap.interpreter()
    user = bubblewrap.user()
    lower = [] if user is None else [
        shutil.which("setpriv") or "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--",
    ]  # fmt: skip
    limited = ["prlimit", f"--nproc={PROCESSES}", f"--fsize={_TMP}", "--core=0", "--nofile=2048", "--"]
    inside, own = _place(chromium)
    made = [
        *lower, *limited, "bwrap", "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
        "--unshare-cgroup-try", "--uid", "1000", "--gid", "1000", "--hostname", "box", "--die-with-parent", "--new-session",
        "--cap-drop", "ALL", "--seccomp", "9", "--clearenv", "--setenv", "HOME", _PRIVATE, "--setenv", "LANG", "C.UTF-8",
        "--ro-bind", "/usr/lib", "/lib", "--ro-bind-try", "/usr/lib64", "/lib64", "--dir", "/bin",
        "--ro-bind-try", "/usr/share", "/usr/share", "--ro-bind-try", "/usr/local/lib", "/usr/local/lib",
        "--symlink", "/lib", "/usr/lib", "--ro-bind-try", "/etc/fonts", "/etc/fonts",
        "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
        "--ro-bind", str(shared), "/proxy", *_policies(shared), *own,
        "--ro-bind", str(mounted), "/opt/python" if called.startswith("/opt/") else called,
        "--ro-bind", os.path.realpath("/bin/sh"), f"{_OURS}/sh",
        "--dev", "/dev", "--size", str(_SHARED), "--tmpfs", _MEMORY, "--proc", "/proc",
        "--size", str(_TMP), "--tmpfs", _PRIVATE, "--remount-ro", "/", "--chdir", _PRIVATE,
        "--", f"{_OURS}/sh", "-c", _LAUNCH, "box", called, inside,
    ]  # fmt: skip
    return made


def _policies(shared: Path) -> list[str]:
    """Chromium and Chrome read them in places of their own."""
    found = []
    for place in ("/etc/chromium", "/etc/opt/chrome"):
        found += ["--ro-bind", str(shared / "policy.json"), f"{place}/policies/managed/troupe.json"]
    return found


def _place(chromium: Path) -> tuple[str, list[str]]:
    """Where the browser is inside, and what must be mounted for that."""
    if chromium.is_relative_to("/usr/lib"):
        return f"/lib/{chromium.relative_to('/usr/lib')}", []
    return f"/opt/browser/{chromium.name}", ["--ro-bind", str(chromium.parent), "/opt/browser"]
