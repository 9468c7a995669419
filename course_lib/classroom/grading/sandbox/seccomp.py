"""A filter of system calls: those that serve to break out, and no loader of data needs, are refused.

The filter is a small program of the kernel's own machine (BPF), run before every system call. It reads

    struct seccomp_data { int number; u32 architecture; u64 instruction_pointer; u64 arguments[6]; };

and answers "allow" or "fail with this error". It lists what is forbidden: a list of what is allowed would
have to know every call that torch's libraries make on every machine. Calls newer than the list do not exist.
"""

import ctypes
import errno
import struct
from platform import machine

from course_lib.classroom.grading.sandbox import linux

_LOAD, _EQUAL, _ABOVE, _ANY_BIT, _ANSWER = 0x20, 0x15, 0x25, 0x45, 0x06
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE = 0, 4
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LOCAL_SOCKETS, _NETLINK = 1, 16
_NEWEST = 462
_CLONE3 = 435
_PUSH_INPUT, _CONSOLE = 0x5412, 0x541C  # ioctl: type into the terminal that one was started from

_NEW_NAMESPACES = (
    linux.NEW_MOUNTS
    | linux.NEW_CGROUPS
    | linux.NEW_NAMES
    | linux.NEW_IPC
    | linux.NEW_USERS
    | linux.NEW_PROCESSES
    | linux.NEW_NETWORK
)

#: What is refused, with its numbers on x86-64 and on 64-bit ARM (-1: does not exist there).
_FORBIDDEN = {
    # other processes' memory and descriptors
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438), "process_madvise": (440, 440),
    # the file system's shape
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "swapon": (167, 224),
    "swapoff": (168, 225), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "fanotify_init": (300, 262), "sysfs": (139, -1),
    # namespaces
    "unshare": (272, 97), "setns": (308, 268),
    # doors into the kernel that had many holes
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "vmsplice": (278, 75),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "lookup_dcookie": (212, 18),
    "modify_ldt": (154, -1), "personality": (135, 92), "uselib": (134, -1), "nfsservctl": (180, 42),
    "move_pages": (279, 239), "migrate_pages": (256, 238), "memfd_secret": (447, 447),
    # the machine itself
    "reboot": (169, 142), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "acct": (163, 89), "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
    "clock_adjtime": (305, 266), "sethostname": (170, 161), "setdomainname": (171, 162),
    "syslog": (103, 116), "iopl": (172, -1), "ioperm": (173, -1), "vhangup": (153, 58),
    # memory that would outlive the session, or that nothing counts
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "memfd_create": (319, 279),
}  # fmt: skip
_CLONE, _SOCKET, _IOCTL = (
    {"x86_64": 56, "aarch64": 220},
    {"x86_64": 41, "aarch64": 198},
    {"x86_64": 16, "aarch64": 29},
)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def install() -> None:
    """Filter the system calls of this process and of all that it will start, for good.

    Raises:
        OSError: when the kernel takes no filter, or the processor is not known here.
    """
    if not linux.available():
        raise OSError(errno.ENOSYS, f"no filter of system calls for {machine()}")
    text = b"".join(program(machine()))
    linux.install_filter(_Program(len(text) // 8, text))


def program(processor: str) -> list[bytes]:
    """Write the filter for a processor, "x86_64" or "aarch64"."""
    column = list(_ARCHITECTURES).index(processor)
    lines = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, _ARCHITECTURES[processor], 1, 0),
        _step(_ANSWER, _KILL),
        _step(_LOAD, _NUMBER),
        *_refuse(_ABOVE, _NEWEST, errno.ENOSYS),  # x86's 32-bit names for the calls are above too
        *_refuse(
            _EQUAL, _CLONE3, errno.ENOSYS
        ),  # its flags lie in memory, unseen; libraries fall back to clone
    ]
    for numbers in _FORBIDDEN.values():
        if numbers[column] >= 0:
            lines += _refuse(_EQUAL, numbers[column], errno.EPERM)
    lines += _when(_CLONE[processor], 0, _refuse(_ANY_BIT, _NEW_NAMESPACES, errno.EPERM))
    # ZeroMQ, which a kernel of Jupyter is made of, lists networks, and takes only this for "there are none".
    sockets = _refuse(_EQUAL, _NETLINK, errno.EOPNOTSUPP) + _demand(_LOCAL_SOCKETS, errno.EACCES)
    lines += _when(_SOCKET[processor], 0, sockets)
    terminal = _refuse(_EQUAL, _PUSH_INPUT, errno.EPERM) + _refuse(_EQUAL, _CONSOLE, errno.EPERM)
    lines += _when(_IOCTL[processor], 1, terminal)
    return [*lines, _step(_ANSWER, _ALLOW)]


def _step(code: int, value: int, jump_if: int = 0, jump_else: int = 0) -> bytes:
    return struct.pack("<HBBI", code, jump_if, jump_else, value)


def _refuse(test: int, value: int, error: int) -> list[bytes]:
    """Fail if what is loaded passes a test."""
    return [_step(test, value, 0, 1), _step(_ANSWER, _FAIL | error)]


def _demand(value: int, error: int) -> list[bytes]:
    """Fail unless what is loaded is `value`."""
    return [_step(_EQUAL, value, 1, 0), _step(_ANSWER, _FAIL | error)]


def _when(number: int, argument: int, tests: list[bytes]) -> list[bytes]:
    """Test an argument of the system call `number`, by its lower half; allow that call if no test fails."""
    body = [_step(_LOAD, 16 + 8 * argument), *tests, _step(_ANSWER, _ALLOW)]
    return [_step(_EQUAL, number, 0, len(body)), *body]
