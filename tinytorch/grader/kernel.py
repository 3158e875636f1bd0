"""What a process asks of the kernel before it runs student code: limits, Landlock, a filter of system calls.

Runs inside the sandbox, on the standard library alone. Every step is one-way: nothing that follows can undo it.
"""

import contextlib
import ctypes
import errno
import os
import platform
import resource
import struct
from collections.abc import Iterable

__all__ = ["abi", "adopt", "die_with_parent", "filter_calls", "filterable", "first_to_end", "landlock", "limit", "no_new_privileges"]

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 36, 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
INTERPRETER = 100 << 20  # address space of Python with NumPy, one thread

Rule = tuple[int, ...]


def _check(result: int, what: str) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def first_to_end() -> None:
    """Where memory is short the kernel ends this process, however small it is, and no grader."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def no_new_privileges() -> None:
    """No program started from here gains privileges, and none of the same user may look into this process."""
    _check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _check(LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable")


def die_with_parent(parent: int) -> None:
    """Be killed when the grader dies, also if it did so before this call."""
    _check(LIBC.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0), "pdeathsig")
    if parent and os.getppid() != parent:
        os._exit(1)


def adopt() -> None:
    """In the grader: processes that a student's one leaves behind become ours to bury, not the machine's."""
    _check(LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "subreaper")


def limit(limits: dict[str, int]) -> None:
    """Set resource limits by name, hard; `AS` comes on top of what the interpreter and NumPy hold already."""
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        value += INTERPRETER if name == "AS" else 0
        top = resource.getrlimit(kind)[1]
        value = value if top == resource.RLIM_INFINITY else min(value, top)
        resource.setrlimit(kind, (value, value))


# Landlock ---------------------------------------------------------------------------------------------------------

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
MAKE_CHAR, MAKE_SOCK, MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
READ = EXECUTE | READ_FILE | READ_DIR


def abi() -> int:
    """The version of Landlock that this kernel has; 0 for none."""
    return max(0, LIBC.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1))


def landlock(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str]) -> None:
    """Leave only these paths, no TCP, and (where the kernel can) no signal to anything outside."""
    version = abi()
    files = (1 << (13 if version < 2 else 14 if version < 3 else 15 if version < 5 else 16)) - 1
    attributes = struct.pack("QQQ", files, 3, 3)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = _check(LIBC.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0), "landlock")
    for paths, access in (
        (readable, READ),
        (writable, files & ~(MAKE_CHAR | MAKE_SOCK | MAKE_BLOCK)),
        (devices, READ_FILE | WRITE_FILE),
    ):
        for path in paths:
            _allow(ruleset, path, access)
    _check(LIBC.syscall(RESTRICT_SELF, ruleset, 0), "landlock")
    os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    access &= access if os.path.isdir(path) else EXECUTE | READ_FILE | WRITE_FILE
    _check(LIBC.syscall(ADD_RULE, ruleset, 1, struct.pack("=Qi", access, place), 0), f"landlock {path}")
    os.close(place)


# The filter -------------------------------------------------------------------------------------------------------
# Numbers of system calls: x86-64, AArch64 (-1: not there). What a program of NumPy never needs is refused.

ALWAYS = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "userfaultfd": (323, 282), "bpf": (321, 280), "perf_event_open": (298, 241), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fspick": (433, 433), "mount_setattr": (442, 442), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "kexec_load": (246, 104), "init_module": (175, 105), "finit_module": (313, 273), "syslog": (103, 116),
    "personality": (135, 92), "acct": (163, 89), "quotactl": (179, 60),
    # Of these the whole machine has so many, or a user all together.
    "io_setup": (206, 0), "inotify_init": (253, -1), "inotify_init1": (294, 26),
    # Memory that counts for no process: in buffers of sockets, say, gigabytes.
    "setsockopt": (54, 208), "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "msgget": (68, 186), "msgsnd": (69, 189),
    "msgrcv": (70, 188), "msgctl": (71, 187), "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191),
    "semtimedop": (220, 192), "mq_open": (240, 180), "mq_unlink": (241, 181),
}  # fmt: skip
# Below bubblewrap files and processes are the host's own: calls that get to them, and that Landlock does not look at.
SHARED = {
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setparam": (142, 118), "migrate_pages": (256, 238),
    "sched_setscheduler": (144, 119), "sched_setattr": (314, 274), "move_pages": (279, 239),
    "setsid": (112, 157), "setpgid": (109, 154),
}  # fmt: skip
# There, too: said to have worked, and not done. An honest `shutil.copy` asks for it; a file of ours may be open to be read only.
UNDONE = {
    "chmod": (90, -1), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, -1),
    "fchown": (93, 55), "lchown": (94, -1), "fchownat": (260, 54), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "setxattrat": (463, 463), "removexattr": (197, 14), "lremovexattr": (198, 15),
    "fremovexattr": (199, 16), "removexattrat": (466, 466), "file_setattr": (469, 469), "utime": (132, -1), "utimes": (235, -1),
    "futimesat": (261, -1), "utimensat": (280, 88),
}  # fmt: skip
KILL, TGKILL, PRLIMIT, AFFINITY, FCNTL, IOCTL = (62, 129), (234, 131), (302, 261), (203, 122), (72, 25), (16, 29)
CLONE, CLONE3, SOCKETPAIR, FALLOCATE = (56, 220), (435, 435), (53, 199), (285, 47)
NAMESPACES = 0x7E020080
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
LD, AND, JEQ, JGE, JSET, RET = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
KILL_PROCESS, ERRNO = 0x80000000, 0x00050000
ALLOWED: Rule = (RET, 0, 0, 0x7FFF0000)
REFUSED: Rule = (RET, 0, 0, ERRNO | errno.EPERM)
UNSUPPORTED: Rule = (RET, 0, 0, ERRNO | errno.EOPNOTSUPP)  # honest programs do without then
NR, ARCH = 0, 4


def filterable() -> bool:
    """Whether the numbers of this machine's system calls are known here."""
    return platform.machine() in MACHINES


def filter_calls(shared: bool) -> None:
    """Refuse the calls above, most with EPERM, here and in every child; `shared`: also those that reach the host's own."""
    column, audit = MACHINES[platform.machine()]
    code = b"".join(struct.pack("=HBBI", *rule) for rule in _program(column, audit, shared))
    text = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(text))
    _check(LIBC.prctl(PR_SET_SECCOMP, 2, program, 0, 0), "seccomp")


def _program(column: int, audit: int, shared: bool) -> list[Rule]:
    me = os.getpid()
    cases = [(numbers[column], REFUSED) for numbers in (*ALWAYS.values(), *(SHARED.values() if shared else ()))]
    cases += [(numbers[column], (RET, 0, 0, ERRNO)) for numbers in (UNDONE.values() if shared else ())]
    rules: list[Rule] = [(LD, 0, 0, ARCH), (JEQ, 1, 0, audit), (RET, 0, 0, KILL_PROCESS), (LD, 0, 0, NR)]
    if not column:  # the x32 calls of x86-64 have numbers of their own
        rules += [(JGE, 0, 1, 1 << 30), (RET, 0, 0, ERRNO | errno.ENOSYS)]
    rules += _case(CLONE[column], [(LD, 0, 0, 16), (JSET, 1, 0, NAMESPACES), ALLOWED, REFUSED])
    rules += _case(CLONE3[column], [(RET, 0, 0, ERRNO | errno.ENOSYS)])  # its flags cannot be seen; libc falls back
    # A pair of datagram sockets could be connected elsewhere; a pair of streams cannot.
    rules += _case(SOCKETPAIR[column], [(LD, 0, 0, 24), (AND, 0, 0, 15), *_if_among((1,), ALLOWED, REFUSED)])
    # A lease of a file that is the same user's lets nobody else open it; a descriptor's owner gets a signal of one's choice.
    rules += _case(FCNTL[column], [(LD, 0, 0, 24), *_if_among((1024, 8, 10, 15) if shared else (1024,), REFUSED, ALLOWED)])
    if shared:
        for calls in (KILL, PRLIMIT, AFFINITY):
            rules += _case(calls[column], [(LD, 0, 0, 16), *_if_among((0, me), ALLOWED, REFUSED)])
        rules += _case(TGKILL[column], [(LD, 0, 0, 16), *_if_among((me,), ALLOWED, REFUSED)])
        # Those of terminals and plain descriptors; others change flags of files that are the same user's, for good.
        rules += _case(IOCTL[column], [(LD, 0, 0, 24), (AND, 0, 0, 0xFF00), *_if_among((0x5400,), ALLOWED, UNSUPPORTED)])
        rules += _case(FALLOCATE[column], [UNSUPPORTED])  # takes room on the disk beyond the limit of a file
    for number, answer in cases:
        rules += _case(number, [answer]) if number >= 0 else []
    return [*rules, ALLOWED]


def _case(number: int, block: list[Rule]) -> list[Rule]:
    return [(JEQ, 0, len(block), number), *block]


def _if_among(values: tuple[int, ...], then: Rule, otherwise: Rule) -> list[Rule]:
    tests = [(JEQ, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [*tests, otherwise, then]
