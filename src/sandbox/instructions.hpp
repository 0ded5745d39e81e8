// What `sandbox-init` is told on descriptor 3, as own structs and as bytes. It is our own data and is decoded as if it
// were not.
#pragma once
#include "base/result.hpp"
#include "sandbox/confine.hpp"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::sandbox {

struct MountInstruction {
  std::string source; // without links
  std::string target;
  bool writable = false;
  bool folder = true;
  std::uint64_t device = 0; // what the source was when it was judged; another file in its place is refused
  std::uint64_t inode = 0;
};

struct Instructions {
  std::uint64_t parent = 0; // who started us: when it is gone, so are we
  bool probe = false;       // build everything, execute nothing, and say what was possible
  bool system = true;
  bool network = false;
  bool terminal = false; // the standard descriptors are one, and it becomes the command's own
  Limits limits;
  std::vector<MountInstruction> mounts;
  std::string program; // empty: argv[0]
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string directory;
  std::vector<std::uint64_t> descriptors; // the i-th came as descriptor 4+i and becomes this number
  std::string filter;                     // the seccomp program: an array of struct sock_filter
};

inline constexpr std::size_t kInstructionsLimit = 8 * 1024 * 1024;
inline constexpr int kFirstPassed = 4;

std::string encode(const Instructions& instructions);
Result<Instructions> decode(std::string_view bytes);

} // namespace openclaw::sandbox
