"""The first thing a child runs: give up root if asked, tie its life to the supervisor's, exec the command.

Run as a script with ``python -I -S`` (see ``process.Service.argv``): standard library only, about 20 ms. ``preexec_fn``
would do the same but is unsafe where the parent has threads.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP = 28, 1 << 2
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def main(argv: list[str]) -> None:
    parent, death_signal, user, *command = argv
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if user != "-":
        become(user, libc)
    if libc is not None:
        # After the change of user, which clears it.
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != int(parent):
            sys.exit("The supervisor died before its child started.")
    os.execvp(command[0], command)  # noqa: S606


def become(user: str, libc: ctypes.CDLL | None) -> None:
    """Run as ``user``: PostgreSQL refuses to run as root.

    A checkout below /root (0700) would be out of that user's reach. Opening the directories above the checkout is not
    ours to do, so the capability to pass them is kept instead, where the machine grants it.
    """
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    if libc is not None:
        libc.prctl(PR_SET_KEEPCAPS, 1)
        # access(2), by which initdb looks for its programs, ignores the capabilities of ordinary users otherwise.
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    os.environ.update(HOME="/", USER=user, LOGNAME=user)
    if libc is not None:
        keep_path_access(libc)


def keep_path_access(libc: ctypes.CDLL) -> None:
    bit = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if libc.capset(ctypes.byref(header), ctypes.byref(sets)) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
