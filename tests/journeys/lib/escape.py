# Tries to get out of the sandbox it runs in, one way after another, and says of each: REFUSED why, or ESCAPED what.
# Usage: escape.py '{"secrets": [paths], "ports": [numbers], "abstract": name, "sockets": [paths], "pid": gateway}'
import ctypes, errno, glob, json, os, platform, signal, socket, stat, sys

told = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == "x86_64"


class Refused(Exception):
    pass


def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if result == -1:
        raise Refused(errno.errorcode.get(ctypes.get_errno(), ctypes.get_errno()))
    return result


def attempt(name, function):
    # In a child: some attempts are answered by a signal.
    reader, writer = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            said = "ESCAPED " + str(function())
        except Refused as refused:
            said = "REFUSED " + str(refused)
        except OSError as error:
            said = "REFUSED " + errno.errorcode.get(error.errno, str(error))
        except MemoryError:
            said = "REFUSED MemoryError"
        os.write(writer, said.encode()[:1000])
        os._exit(0)
    os.close(writer)
    said = b""
    while piece := os.read(reader, 4096):
        said += piece
    os.close(reader)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        said = b"REFUSED signal %d" % os.WTERMSIG(status)
    print(name + ": " + said.decode(), flush=True)


def readable(path):
    with open(path, "rb") as file:
        return path + " " + repr(file.read(40))


def any_of(paths, function=readable):
    reasons = []
    for path in paths:
        try:
            return function(path)
        except OSError as error:
            reasons.append(errno.errorcode.get(error.errno, "?"))
    raise Refused(" ".join(sorted(set(reasons))) or "nothing there")


def through_symlink(path):
    link = "link-%d" % os.getpid()
    os.symlink(path, link)
    try:
        return readable(link)
    finally:
        os.unlink(link)


def through_hardlink(path):
    os.link(path, "hard-%d" % os.getpid())
    return path


def climbing(path):
    return readable("../" * 40 + path.lstrip("/"))


for index, path in enumerate(told["secrets"]):
    attempt("secret %d directly" % index, lambda: readable(path))
    attempt("secret %d by a symbolic link" % index, lambda: through_symlink(path))
    attempt("secret %d by a hard link" % index, lambda: through_hardlink(path))
    attempt("secret %d by climbing" % index, lambda: climbing(path))
    attempt("secret %d by the roots of processes" % index, lambda: any_of([p + path for p in glob.glob("/proc/[0-9]*/root")] + ["/proc/self/root" + path]))
    attempt("secret %d by the folders of processes" % index, lambda: any_of([p + "/../" * 20 + path for p in glob.glob("/proc/[0-9]*/cwd")]))
try:
    open("../climbed", "w").close()  # its parent may be the sandbox's own /tmp; whoever started us looks for the file
except OSError:
    pass
attempt("a foreign root", lambda: any_of(["/proc/1/root/etc/shadow", "/proc/1/environ", "/proc/1/mem", "/proc/1/maps"]))
attempt("a write outside", lambda: any_of(["/usr/x", "/etc/x", "/bin/x", "/x", "/proc/x", "/dev/x", "/sys/x", "/run/x", "/home/x"], lambda path: os.open(path, os.O_CREAT | os.O_WRONLY) and path))


def descriptors():
    extra = []
    for name in os.listdir("/proc/self/fd"):
        if int(name) <= 2:
            continue
        try:
            what = os.readlink("/proc/self/fd/" + name)
        except FileNotFoundError:
            continue  # the listing itself
        if not what.startswith("pipe:"):
            extra.append(what)
    if extra:
        return extra
    raise Refused("none inherited")


attempt("inherited descriptors", descriptors)
if "openclaw" in " ".join(os.environ) or any(word in name for name in os.environ for word in ("TOKEN", "KEY", "SECRET", "OPENCLAW", "CREDENTIALS")):
    print("environment: ESCAPED " + " ".join(os.environ))
else:
    print("environment: REFUSED clean")

# mounts and namespaces
def mounting():
    if libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None) == 0:
        return "a tmpfs"
    raise Refused(errno.errorcode[ctypes.get_errno()])
attempt("mounting", mounting)
if x86:
    for name, number, arguments in [
        ("umount2", 166, (b"/proc", 2)), ("pivot_root", 155, (b".", b".")), ("chroot", 161, (b".",)), ("unshare of users", 272, (0x10000000,)),
        ("unshare of mounts", 272, (0x20000,)), ("setns", 308, (0, 0)), ("open_tree", 428, (-100, b"/", 1)), ("move_mount", 429, (0, b"", 0, b"", 0)),
        ("fsopen", 430, (b"tmpfs", 0)), ("mount_setattr", 442, (-100, b"/", 0, 0, 0)), ("clone into a user namespace", 56, (0x10000000 | 17, 0, 0, 0, 0)),
        ("clone3", 435, (0, 64)), ("open_by_handle_at", 304, (-100, 0, 0)), ("ptrace", 101, (16, told["pid"], 0, 0)), ("ptrace of the first process", 101, (16, 1, 0, 0)),
        ("process_vm_readv", 310, (1, 0, 0, 0, 0, 0)), ("pidfd_getfd", 438, (0, 0, 0)), ("io_uring_setup", 425, (8, ctypes.create_string_buffer(256))),
        ("io_uring_enter", 426, (0, 0, 0, 0, 0, 0)), ("userfaultfd", 323, (0,)), ("userfaultfd for user mode", 323, (1,)), ("bpf", 321, (0, 0, 0)),
        ("perf_event_open", 298, (0, 0, -1, -1, 0)), ("keyctl", 250, (0, -3, 1)), ("add_key", 248, (b"user", b"x", b"y", 1, -3)), ("request_key", 249, (b"user", b"x", 0, 0)),
        ("init_module", 175, (0, 0, b"")), ("kexec_load", 246, (0, 0, 0, 0)), ("reboot", 169, (0xfee1dead, 672274793, 0, 0)), ("sethostname", 170, (b"x", 1)),
        ("settimeofday", 164, (0, 0)), ("iopl", 172, (3,)), ("syslog", 103, (3, 0, 0)), ("swapon", 167, (b"/x", 0)), ("quotactl", 179, (0, 0, 0, 0)), ("acct", 163, (b"/tmp/x",)),
        ("another personality", 135, (0x0040000,)), ("mount by the x32 numbers", 0x40000000 | 165, (b"tmpfs", b"/tmp", b"tmpfs", 0, 0)),
        ("bpf by the x32 numbers", 0x40000000 | 321, (0, 0, 0)), ("becoming root", 105, (0,)), ("becoming root by setresuid", 117, (0, 0, 0)),
        ("a block device", 133, (b"/tmp/disk", stat.S_IFBLK | 0o600, os.makedev(8, 0))), ("a character device", 133, (b"/tmp/mem", stat.S_IFCHR | 0o600, os.makedev(1, 1))),
        ("memfd_secret", 447, (0,)), ("fanotify_init", 300, (0, 0)),
    ]:
        attempt(name, lambda: call(number, *arguments))
    attempt("TIOCSTI", lambda: call(16, 0, 0x5412, ctypes.create_string_buffer(b"x")))
    attempt("TIOCSTI with a high bit", lambda: call(16, 0, 0x100005412, ctypes.create_string_buffer(b"x")))
    attempt("TIOCLINUX", lambda: call(16, 0, 0x541c, ctypes.create_string_buffer(b"\x02")))

# other processes, and the kernel's files
if told["pid"] > 300:  # a small number may be a process of the sandbox itself
    attempt("a signal to the gateway", lambda: os.kill(told["pid"], 0) or "reached")
attempt("foreign processes", lambda: any_of([p for p in glob.glob("/proc/[0-9]*/cmdline") if b"ready-json" in open(p, "rb").read()]))
for path in ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/kernel/modprobe", "/proc/sys/vm/overcommit_memory", "/proc/self/uid_map", "/sys/kernel/uevent_helper", "/sys/fs/cgroup/cgroup.procs", "/proc/self/attr/current"]:
    attempt("writing " + path, lambda: os.write(os.open(path, os.O_WRONLY), b"0") and "written")
attempt("less chance to be killed", lambda: os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-500") and "written")

def ended_last():
    if os.path.exists("/proc/self/oom_score_adj") and open("/proc/self/oom_score_adj").read().strip() != "1000":
        return open("/proc/self/oom_score_adj").read()
    raise Refused("ended first")
attempt("outliving the gateway when memory runs out", ended_last)

# the network
for port in told["ports"]:
    for family, host in [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]:
        def connect():
            with socket.socket(family) as it:
                it.settimeout(3)
                it.connect((host, port))
                return host
        attempt("TCP to %s port %d" % (host, port), connect)
def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
        return it.sendto(b"x", ("192.0.2.1", 53))
attempt("a datagram", datagram)
for name, family, kind, protocol in [("raw", socket.AF_INET, socket.SOCK_RAW, 1), ("netlink", 16, socket.SOCK_RAW, 0), ("packet", 17, socket.SOCK_RAW, 3), ("vsock", 40, socket.SOCK_STREAM, 0), ("bluetooth", 31, socket.SOCK_RAW, 1), ("alg", 38, 5, 0), ("rds", 21, 5, 0), ("can", 29, 3, 1)]:
    attempt("a socket of the kind " + name, lambda: socket.socket(family, kind, protocol) and name)
def unix(address):
    with socket.socket(socket.AF_UNIX) as it:
        it.settimeout(3)
        it.connect(address)
        return repr(address)
attempt("an abstract socket of the machine", lambda: unix("\0" + told["abstract"]))
attempt("sockets of the machine", lambda: any_of(told["sockets"] + ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/systemd/private", "/run/dbus/system_bus_socket", "/run/user/%d/bus" % os.getuid()], unix))

# devices and rights
allowed = {"null", "zero", "full", "random", "urandom", "tty", "fd", "stdin", "stdout", "stderr", "shm", "ptmx", "pts"}
attempt("devices", lambda: sorted(set(os.listdir("/dev")) - allowed) or any_of(["/dev/mem", "/dev/kmem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/kvm", "/dev/fuse", "/dev/net/tun"]))
def rights():
    lines = dict(line.rstrip("\n").split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
    wanted = {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0" * 16, "CapPrm": "0" * 16, "CapInh": "0" * 16, "CapBnd": "0" * 16, "CapAmb": "0" * 16}
    wrong = {name: lines.get(name) for name, value in wanted.items() if lines.get(name) != value}
    if wrong:
        return wrong
    raise Refused("no rights")
if os.path.exists("/proc/self/status"):
    attempt("rights", rights)
def setuid_program():
    for program in ["/usr/bin/su", "/bin/su", "/usr/bin/passwd", "/bin/mount"]:
        if os.path.exists(program) and not os.statvfs(program).f_flag & os.ST_NOSUID:
            return program + " on a mount with setuid"
    raise Refused("nosuid")
attempt("setuid programs", setuid_program)

# amounts
def memory():
    return len(bytearray(5 * 1024 ** 3))
attempt("five gigabytes of memory", memory)
def large_file():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open("large", "wb") as file:
        try:
            file.truncate(1536 * 1024 ** 2)
        finally:
            os.unlink("large")
        return "1.5 GB"
attempt("a file of 1.5 gigabytes", large_file)
def scratch():
    about = os.statvfs("/tmp")
    size = about.f_blocks * about.f_frsize
    if size > 300 * 1024 ** 2:
        return "%d bytes in /tmp" % size
    raise Refused("%d MB" % (size >> 20))
attempt("an endless /tmp", scratch)
def descriptors_without_end():
    held = []
    while len(held) < 5000:
        held.append(os.dup(0))
    return len(held)
attempt("5000 descriptors", descriptors_without_end)
def forks():
    children = []
    try:
        while len(children) < 2000:
            pid = os.fork()
            if pid == 0:
                signal.pause()
                os._exit(0)
            children.append(pid)
        return "%d processes" % len(children)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)
attempt("2000 processes", forks)
print("END")
