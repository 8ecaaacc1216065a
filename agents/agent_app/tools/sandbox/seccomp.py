"""The filter of system calls inside the sandbox: what reaches the kernel itself, its keys or other processes is refused. Pure.

It refuses as well what makes memory that no limit counts (memfd, System V), and new namespaces, which are the usual way to
find a hole in a kernel.
"""

import errno
import struct
from dataclasses import dataclass

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16  # places in struct seccomp_data

_NEW_NAMESPACES = 0x7E020000  # flags of clone: cgroup, ipc, mount, net, pid, user, uts
_CLONE3 = 435  # its flags lie in memory, where no filter can read them; libraries fall back to clone
_FAMILIES = (1, 2, 10, 16)  # of sockets: unix, IPv4, IPv6, netlink; the namespace of networks does not hold the others
_EVERYWHERE = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "mount_setattr": 442,
    "memfd_secret": 447,
}  # fmt: skip


@dataclass(frozen=True)
class _Machine:
    audit: int
    clone: int
    socket: int
    refused: dict[str, int]
    other_calls: int = 0  # where a second set of numbers begins (x32)


_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E, clone=56, socket=41, other_calls=0x40000000,
        refused={
            "shmget": 29, "msgget": 68, "ptrace": 101, "syslog": 103, "uselib": 134, "personality": 135, "vhangup": 153,
            "modify_ldt": 154, "pivot_root": 155, "adjtimex": 159, "chroot": 161, "acct": 163, "settimeofday": 164,
            "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname": 170,
            "setdomainname": 171, "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179,
            "lookup_dcookie": 212, "clock_settime": 227, "mbind": 237, "set_mempolicy": 238, "kexec_load": 246,
            "add_key": 248, "request_key": 249, "keyctl": 250, "migrate_pages": 256, "unshare": 272, "move_pages": 279,
            "perf_event_open": 298, "fanotify_init": 300, "name_to_handle_at": 303, "open_by_handle_at": 304,
            "clock_adjtime": 305, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312,
            "finit_module": 313, "memfd_create": 319, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
        },
    ),
    "aarch64": _Machine(
        audit=0xC00000B7, clone=220, socket=198,
        refused={
            "lookup_dcookie": 18, "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "vhangup": 58, "quotactl": 60,
            "acct": 89, "personality": 92, "unshare": 97, "kexec_load": 104, "init_module": 105, "delete_module": 106,
            "clock_settime": 112, "syslog": 116, "ptrace": 117, "reboot": 142, "sethostname": 161, "setdomainname": 162,
            "settimeofday": 170, "adjtimex": 171, "msgget": 186, "shmget": 194, "add_key": 217, "request_key": 218,
            "keyctl": 219, "swapon": 224, "swapoff": 225, "mbind": 235, "set_mempolicy": 237, "migrate_pages": 238,
            "move_pages": 239, "perf_event_open": 241, "fanotify_init": 262, "name_to_handle_at": 264,
            "open_by_handle_at": 265, "clock_adjtime": 266, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
            "kcmp": 272, "finit_module": 273, "memfd_create": 279, "bpf": 280, "userfaultfd": 282, "kexec_file_load": 294,
        },
    ),
}  # fmt: skip


def program(name: str) -> bytes | None:
    """The filter for processors called ``name``, as the kernel reads it; None where there is none."""
    found = _MACHINES.get(name)
    return None if found is None else b"".join(_instructions(found))


def _instructions(machine: _Machine) -> list[bytes]:
    refuse = _REFUSE | errno.EPERM
    unknown = _REFUSE | errno.ENOSYS
    made = [
        _step(_LOAD, _MACHINE), _step(_EQUAL, machine.audit, 1, 0), _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
    ]  # fmt: skip
    if machine.other_calls:
        made += [_step(_AT_LEAST, machine.other_calls, 0, 1), _step(_RETURN, unknown)]
    for number in [*machine.refused.values(), *_EVERYWHERE.values()]:
        made += [_step(_EQUAL, number, 0, 1), _step(_RETURN, refuse)]
    made += [_step(_EQUAL, _CLONE3, 0, 1), _step(_RETURN, unknown)]
    made += [
        _step(_EQUAL, machine.clone, 0, 4), _step(_LOAD, _FIRST_ARGUMENT), _step(_ANY_BIT, _NEW_NAMESPACES, 0, 1),
        _step(_RETURN, refuse), _step(_RETURN, _ALLOW),
    ]  # fmt: skip
    families = [_step(_EQUAL, family, len(_FAMILIES) - place, 0) for place, family in enumerate(_FAMILIES)]
    made += [_step(_EQUAL, machine.socket, 0, len(families) + 2), _step(_LOAD, _FIRST_ARGUMENT), *families]
    made += [_step(_RETURN, _REFUSE | errno.EAFNOSUPPORT), _step(_RETURN, _ALLOW)]
    return made


def _step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    """One instruction; ``if_so`` and ``if_not`` say how many of the next ones are left out."""
    return struct.pack("=HBBI", code, if_so, if_not, value)
