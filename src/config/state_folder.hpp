// The state folder (~/.openclaw) and who has it: created 0700, checked, and owned by one gateway at a time through
// flock on gateway.lock, which also tells the command line where that gateway listens.
#pragma once
#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "config/config.hpp"
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::config {

class StateFolder {
public:
  // $OPENCLAW_STATE_DIR, else ~/.openclaw, or ~/.openclaw-PROFILE. Touches nothing.
  static Result<StateFolder> locate(const Environment& environment, std::string_view profile = {});

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  bool exists() const;
  // Creates it; takes away what others may do with it (with a log line); Kind::denied when it belongs to another user.
  Result<> prepare() const;
  // The path of a folder in it ("logs", "agents/main/sessions"), created 0700.
  Result<std::string> sub(std::string_view name) const;

private:
  explicit StateFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

struct RunningGateway {
  int pid = 0;
  int port = 0; // 0 while it is starting
};

class StateLock {
public:
  // Kind::conflict names the process that has it and what to do.
  static Result<StateLock> acquire(const StateFolder& folder);
  // Tells the command line the port; call it once listening.
  Result<> announce(int port);

private:
  explicit StateLock(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

// The gateway that holds the lock at this moment; nothing when none does.
Result<std::optional<RunningGateway>> find_running_gateway(const StateFolder& folder);

enum class CreateToken { no, yes };
// gateway.auth.token of the configuration, else $OPENCLAW_GATEWAY_TOKEN, else STATE/gateway.token, which
// CreateToken::yes makes from 256 random bits. Kind::missing when there is none.
Result<Secret> gateway_token(const StateFolder& folder, const json::value& config, const Environment& environment,
                             CreateToken create);

// The secret that every client shows, and what it is called.
struct GatewayAuth {
  bool password = false;
  Secret secret;
};
// By gateway.auth.mode; without it a configured password (or $OPENCLAW_GATEWAY_PASSWORD) is what clients show, unless
// a token is configured beside it. Kind::missing when there is no password although the mode asks for one.
Result<GatewayAuth> gateway_auth(const StateFolder& folder, const json::value& config, const Environment& environment,
                                 CreateToken create);

} // namespace openclaw::config
