// Where Node.js and the sidecar's packages are. Baileys is not part of openclaw: it is fetched with npm, once for each
// lockfile, into STATE/foreign/whatsapp/program, or lies in a folder that the settings name.
#pragma once
#include "async/task.hpp"
#include "async/time.hpp"
#include "sandbox/confine.hpp"
#include <functional>
#include <string>
#include <vector>

namespace openclaw::extensions::whatsapp {

struct Program {
  std::vector<std::string> argv; // as the sandbox sees it
  std::vector<sandbox::Mount> mounts;
};

struct InstallationSettings {
  std::string folder;   // STATE/foreign/whatsapp/program
  std::string packages; // a folder with node_modules to use instead of an own one, empty: none
  std::string node;     // the program, empty: looked for on the PATH
};

// Ready to be started. `say` is told, in sentences, before something is fetched. Kind::denied: a person must install
// something.
Task<Program> prepare_program(async::Executor executor, InstallationSettings settings,
                              std::function<void(std::string)> say);

// "v20.11.1" → 20; 0 when it is no version.
int node_major(std::string_view version);

} // namespace openclaw::extensions::whatsapp
