#include "policy/programs.hpp"

#include <algorithm>
#include <array>

namespace openclaw::policy {
namespace {

// clang-format off
constexpr std::array kRunners = std::to_array<std::string_view>({
    "7z", "Rscript", "agetty", "ansible", "apt", "apt-get", "aptitude", "ar", "aria2c", "ash", "at", "awk", "bash",
    "batch", "bazel", "bpftrace", "bun", "bundle", "busybox", "bwrap", "capsh", "cargo", "ccache", "cc", "chroot",
    "chrt", "clang", "clang++", "cmake", "composer", "cpan", "cpio", "cpulimit", "cron", "crontab", "csh", "ctest",
    "curl", "dash", "dc", "deno", "direnv", "distcc", "dmesg", "dnf", "doas", "docker", "dotnet", "dpkg", "dvips",
    "easy_install", "ed", "elixir", "emacs", "entr", "env", "erl", "ex", "expect", "fakeroot", "fd", "fdfind",
    "find", "firejail", "fish", "flock", "ftp", "g++", "gawk", "gcc", "gdb", "gem", "ghc", "ghci", "git", "go",
    "gradle", "guile", "helm", "hyperfine", "incus", "install", "ionice", "irb", "java", "journalctl", "jrunscript",
    "jshell", "julia", "just", "kotlin", "ksh", "kubectl", "ld", "ldd", "less", "lftp", "logrotate", "logsave",
    "ltrace", "lua", "luajit", "lxc", "make", "man", "mail", "mawk", "meson", "mksh", "more", "mutt", "mvn",
    "mysql", "nano", "nasm", "nawk", "nc", "ncat", "netcat", "nice", "ninja", "node", "nodejs", "nohup", "npm",
    "npx", "nsenter", "ocaml", "octave", "openssl", "opkg", "osascript", "parallel", "perl", "pexec", "php", "pic",
    "pico", "pip", "pip3", "pipenv", "pipx", "pkexec", "pnpm", "podman", "poetry", "powershell", "prlimit", "proot",
    "psql", "puppet", "pwsh", "pytest", "python", "python2", "python3", "qemu", "rake", "rbash", "red", "redis-cli",
    "rg", "rlwrap", "rpm", "rscript", "rsync", "ruby", "run-parts", "runc", "runcon", "runuser", "rustc", "rview",
    "rvim", "scala", "scp", "screen", "script", "sed", "service", "setarch", "setpriv", "setsid", "setuidgid",
    "sftp", "sg", "sh", "slsh", "snap", "socat", "softlimit", "split", "sqlite3", "ssh", "sshpass", "ssh-agent",
    "start-stop-daemon", "stdbuf", "strace", "su", "sudo", "sudoedit", "svn", "systemctl", "systemd-run", "tar",
    "task", "taskset", "tclsh", "tcpdump", "tcsh", "tee", "telnet", "time", "timeout", "tmux", "tox", "tsx",
    "ts-node", "unshare", "unsquashfs", "unzip", "uv", "uvx", "valgrind", "vi", "view", "vim", "vimdiff",
    "virtualenv", "watch", "watchexec", "wget", "wish", "xargs", "xdg-open", "xterm", "yarn", "yash", "yum", "zip",
    "zsh", "zypper"});
// clang-format on

} // namespace

const std::vector<SafeProgram>& safe_programs() {
  static const std::vector<SafeProgram> all = {
      {"ls",
       {"-l", "-a",  "-A",   "-la",  "-al", "-lA", "-lh", "-lah", "-lha", "-h",    "-1",           "-R",
        "-t", "-lt", "-ltr", "-lrt", "-r",  "-S",  "-d",  "-ld",  "-F",   "--all", "--almost-all", "--recursive"},
       {},
       true},
      {"cat", {"-n", "-b", "-A", "-E", "-T", "-s", "--number"}, {}, true},
      {"head", {"-q", "-v"}, {"-n", "-c", "--lines", "--bytes"}, true},
      {"tail", {"-q", "-v"}, {"-n", "-c", "--lines", "--bytes"}, true},
      {"wc", {"-l", "-w", "-c", "-m", "-L", "--lines", "--words", "--bytes", "--chars"}, {}, true},
      {"sort",
       {"-n", "-r", "-u", "-f", "-h", "-V", "-b", "-g", "-nr", "-rn", "--numeric-sort", "--reverse", "--unique"},
       {"-k", "-t"},
       true},
      // A second operand of uniq is a file that it writes.
      {"uniq", {"-c", "-d", "-u", "-i", "--count"}, {"-f", "-s", "-w"}, false},
      {"cut", {"-s", "--complement"}, {"-d", "-f", "-c", "-b", "--delimiter", "--fields"}, true},
      {"grep",
       {"-i",
        "-v",
        "-n",
        "-c",
        "-l",
        "-L",
        "-w",
        "-x",
        "-E",
        "-F",
        "-o",
        "-q",
        "-s",
        "-r",
        "-R",
        "-H",
        "-h",
        "-rn",
        "-in",
        "-ri",
        "-rin",
        "-rl",
        "-nE",
        "-En",
        "--ignore-case",
        "--invert-match",
        "--line-number",
        "--count",
        "--recursive"},
       {"-e", "-m", "-A", "-B", "-C"},
       true},
      {"tr", {"-d", "-s", "-c", "-C", "-cd", "-ds"}, {}, true},
      {"jq",
       {"-r", "-c", "-S", "-e", "-s", "-n", "-a", "-j", "--raw-output", "--compact-output", "--sort-keys", "--slurp",
        "--exit-status"},
       {"--indent"},
       true},
      {"pwd", {"-P", "-L"}, {}, false},
      {"date", {"-u", "--utc", "-I", "-R"}, {}, false},
      {"echo", {"-n", "-e", "-E"}, {}, true},
      {"basename", {"-a"}, {"-s"}, true},
      {"dirname", {}, {}, true},
      {"stat", {"-L", "-t", "--dereference", "--terse"}, {"-c", "--format"}, true},
      {"file", {"-b", "-i", "-L", "--brief", "--mime"}, {}, true},
      {"diff",
       {"-u", "-r", "-q", "-N", "-w", "-b", "-B", "-i", "-y", "-ru", "-ur", "--unified", "--brief", "--recursive"},
       {},
       true},
      {"sha256sum", {"-b", "-t", "--tag"}, {}, true},
      {"true", {}, {}, false},
      {"false", {}, {}, false},
  };
  return all;
}

bool is_runner(std::string_view name) {
  return std::find(kRunners.begin(), kRunners.end(), name) != kRunners.end();
}

} // namespace openclaw::policy
