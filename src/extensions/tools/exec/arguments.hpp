// The exec tool's arguments: read, and refused where they would widen rights.
#pragma once
#include "base/json.hpp"
#include <cstdint>
#include <map>
#include <string>

namespace openclaw::tools {

struct ExecArguments {
  std::string command;
  std::string directory; // as given; empty: the workspace
  std::map<std::string, std::string> environment;
  std::int64_t yield_ms = 10'000;
  std::int64_t timeout_seconds = 1800;
  bool background = false;
  bool terminal = false;
};

inline constexpr const char* kExecSchema =
    R"({"type":"object","properties":{
"command":{"type":"string","minLength":1,"maxLength":100000,"description":"The command. Plain words run without a shell; shell syntax goes through /bin/sh."},
"workdir":{"type":"string","description":"Folder to run in, in the workspace."},
"env":{"type":"object","additionalProperties":{"type":"string"},"description":"More environment variables."},
"yieldMs":{"type":"integer","minimum":0,"maximum":600000,"description":"After so many milliseconds the command goes on in the background (default 10000)."},
"background":{"type":"boolean","description":"Go on in the background at once, with an input that the process tool can write to."},
"timeout":{"type":"integer","minimum":1,"maximum":86400,"description":"The command is stopped after so many seconds (default 1800)."},
"pty":{"type":"boolean","description":"Run on a terminal (120 by 40) that process can type on: for programs that want one."},"elevated":{"type":"boolean"},
"host":{"type":"string","enum":["sandbox","gateway","node"]},
"security":{"type":"string","enum":["deny","allowlist","full"]},
"ask":{"type":"string","enum":["off","on-miss","always"]},
"node":{"type":"string"}},
"required":["command"],"additionalProperties":false})";

Result<ExecArguments> read_exec_arguments(const json::value& arguments);

} // namespace openclaw::tools
