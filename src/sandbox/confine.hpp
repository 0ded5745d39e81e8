// Confined processes: our own binary re-executed as `sandbox-init`, which unshares user, mount, pid, ipc, uts (and
// network) namespaces, builds a small root, applies Landlock, seccomp and limits, drops everything, and executes the
// command. No daemon.
#pragma once
#include "async/process.hpp"
#include "base/result.hpp"
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace openclaw::sandbox {

enum class Network {
  none, // a network namespace with nothing in it, not even loopback
  host, // the machine's network; the owner's grant only
};

struct Mount {
  std::string source; // on this machine
  std::string target; // inside, absolute
  bool writable = false;
};

// Zero or less: not limited.
struct Limits {
  std::int64_t cpu_seconds = 600;
  std::int64_t memory_bytes = 4LL * 1024 * 1024 * 1024; // address space of one process
  std::int64_t file_bytes = 1LL * 1024 * 1024 * 1024;   // of one written file
  std::int64_t temporary_bytes = 256LL * 1024 * 1024;   // of the private /tmp
  int processes = 256;
  int open_files = 1024;
};

// The PATH inside, when the command brings none.
inline constexpr const char* kPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

struct Confinement {
  std::vector<Mount> mounts; // besides the read-only system (/usr, /bin, /lib*, selected /etc files), a private /tmp,
                             // /dev/{null,zero,full,random,urandom,tty}, /proc
  Network network = Network::none;
  Limits limits;
  bool system = true; // false: no /usr and no /etc, only the mounts
};

struct Command {
  std::vector<std::string> argv; // argv[0] absolute or found on the sandbox's PATH
  std::string program;           // the file to execute inside, where argv[0] says something else; usually empty
  std::map<std::string, std::string>
      environment;       // exactly this; PATH, HOME, LANG, TERM, USER are filled in when absent
  std::string directory; // inside
  bool pipe_input = false;
  bool merge_error = true;
  std::vector<std::pair<int, int>> descriptors;
  // A pseudo terminal instead of pipes, which controls the command's own session and nothing outside of the sandbox.
  std::optional<async::TerminalSize> terminal;
};

struct Support {
  bool user_namespaces = false;
  int landlock_abi = 0; // 0: none
  bool seccomp = false;
  bool usable = false;     // exec may run confined
  std::string explanation; // what is missing and what to do, in sentences; empty when all is there
};
// Tried for real once per process by a tiny confined run, then remembered.
Support support();

// Refuses (Kind::denied, with what to do) when the kernel does not allow confinement; never runs unconfined instead.
Result<std::shared_ptr<async::Process>> start(async::Executor executor, Confinement confinement, Command command);

// A folder (and what contains it) that no confined process ever sees, whatever the configuration says: the state
// folder. Of what is below it only workspaces, model servers, models and media can be mounted. ~/.openclaw and
// $OPENCLAW_STATE_DIR are always in.
void never_mount(std::string folder);

// The other side: `openclaw sandbox-init`, called by main() before anything else is set up. Reads its instructions from
// descriptor 3.
int sandbox_init(int argc, char** argv);
// As one word for main() to compare argv[1] with.
inline constexpr const char* kSandboxInit = "sandbox-init";

} // namespace openclaw::sandbox
