#include "extensions/channels/whatsapp/installation.hpp"

#include "async/offload.hpp"
#include "base/embedded.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include "ports/companion.hpp"
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <unistd.h>

namespace openclaw::extensions::whatsapp {
namespace {

namespace fs = std::filesystem;

constexpr int kOldestNode = 20;
constexpr std::size_t kSaid = 4096;
constexpr std::int64_t kVersionMs = 20'000;
constexpr std::int64_t kInstallMs = 10 * 60 * 1000;
constexpr std::string_view kSource = "extensions/channels/whatsapp/sidecar/";
constexpr std::string_view kInside = "/sidecar";
constexpr std::string_view kPackageFiles[] = {"package.json", "package-lock.json"};
constexpr std::string_view kProgramFiles[] = {"sidecar.mjs", "gateway_line.mjs", "keys.mjs", "inbox.mjs"};
constexpr std::string_view kGetNode =
    "Install Node.js 20 or newer with npm (Debian: apt install nodejs npm; else https://nodejs.org), then restart the "
    "gateway.";

std::string_view source(std::string_view name) {
  return find_embedded(embedded_texts(), std::string(kSource) + std::string(name)).value_or(std::string_view());
}

// The real file of a program on our PATH.
std::string on_path(std::string_view name) {
  const char* path = std::getenv("PATH");
  for (const auto folder : split(path ? path : sandbox::kPath, ':')) {
    if (folder.empty() || folder.front() != '/') continue;
    const auto file = fs::path(folder) / name;
    if (::access(file.c_str(), X_OK) == 0) return file.string();
  }
  return {};
}

struct Outcome {
  int code = 0;
  std::string said; // the end of its output
};

Task<Outcome> run(async::Executor executor, async::SpawnOptions options, std::int64_t timeout_ms) {
  CO_TRY(const auto process, async::spawn(executor, std::move(options)));
  async::Timer deadline(executor, std::chrono::milliseconds(timeout_ms));
  deadline.async_wait([process](boost::system::error_code code) {
    if (!code) process->signal(SIGKILL);
  });
  Outcome outcome;
  while (true) {
    CO_TRY(const auto piece, co_await process->read_output());
    if (!piece) break;
    outcome.said += *piece;
    if (outcome.said.size() > kSaid) outcome.said.erase(0, outcome.said.size() - kSaid);
  }
  CO_TRY(const auto status, co_await process->wait());
  deadline.cancel();
  outcome.code = status.code;
  co_return outcome;
}

Task<> on_pool(std::function<Result<>()> work) {
  std::function<Result<bool>()> wrapped = [work = std::move(work)]() -> Result<bool> {
    TRY_VOID(work());
    return true;
  };
  CO_TRY_VOID(co_await async::offload<bool>(std::move(wrapped)));
  co_return Result<>{};
}

Task<std::string> find_node(async::Executor executor, std::string given) {
  auto node = given.empty() ? on_path("node") : given;
  if (node.empty())
    co_return fail(Kind::denied, "WhatsApp needs Node.js, and there is none on the gateway's PATH.",
                   std::string(kGetNode));
  async::SpawnOptions options;
  options.argv = {node, "--version"};
  options.merge_error = true;
  auto outcome = co_await run(executor, std::move(options), kVersionMs);
  if (!outcome && outcome.error().kind == Kind::cancelled) co_return std::unexpected(outcome.error());
  const auto version = outcome ? std::string(trim(outcome->said)) : std::string("nothing");
  if (node_major(version) < kOldestNode)
    co_return fail(
        Kind::denied,
        fmt::format("WhatsApp needs Node.js {} or newer; {} says {}.", kOldestNode, node, printable(version, 60)),
        std::string(kGetNode));
  std::error_code code;
  const auto real = fs::canonical(node, code);
  co_return code ? node : real.string();
}

// What npm may know of our surroundings: where to fetch from and through what, no keys of ours.
constexpr std::string_view kOfNpm[] = {"PATH",
                                       "HOME",
                                       "XDG_CACHE_HOME",
                                       "HTTP_PROXY",
                                       "HTTPS_PROXY",
                                       "NO_PROXY",
                                       "http_proxy",
                                       "https_proxy",
                                       "no_proxy",
                                       "NODE_EXTRA_CA_CERTS",
                                       "NPM_CONFIG_REGISTRY",
                                       "npm_config_registry",
                                       "NPM_CONFIG_USERCONFIG",
                                       "npm_config_userconfig"};

Result<> write_source(const std::string& folder, std::string_view name) {
  const auto path = fmt::format("{}/{}", folder, name);
  TRY(const auto there, config::read_small_file(path, 4 * 1024 * 1024));
  if (there && *there == source(name)) return {};
  return config::replace_file(path, source(name));
}

Result<> write_sources(const std::string& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return fail(Kind::transient, fmt::format("{} cannot be made: {}.", folder, code.message()));
  for (const auto name : kPackageFiles)
    TRY_VOID(write_source(folder, name));
  for (const auto name : kProgramFiles)
    TRY_VOID(write_source(folder, name));
  return {};
}

// Packages of another lockfile are of no use any more.
Result<> remove_others(const std::string& all, const std::string& keep) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(all, code))
    if (entry.path().string() != keep) fs::remove_all(entry.path(), code);
  return {};
}

Task<> install(async::Executor executor, std::string all, std::string folder) {
  const auto npm = on_path("npm");
  if (npm.empty())
    co_return fail(Kind::denied, "WhatsApp needs npm once, to fetch Baileys, and there is none on the gateway's PATH.",
                   std::string(kGetNode));
  async::SpawnOptions options;
  options.argv = {npm,          "ci",        "--ignore-scripts", "--omit=peer",     "--omit=dev",
                  "--no-audit", "--no-fund", "--no-progress",    "--loglevel=error"};
  options.environment = ports::environment_of(kOfNpm);
  options.directory = folder;
  options.merge_error = true;
  CO_TRY(const auto outcome, co_await run(executor, std::move(options), kInstallMs));
  if (outcome.code != 0)
    co_return fail(Kind::transient, fmt::format("npm could not fetch Baileys: {}", printable(trim(outcome.said), 600)),
                   "It needs the npm registry once (a proxy is taken from HTTPS_PROXY, another registry from "
                   "NPM_CONFIG_REGISTRY).");
  // npm removes node_modules before it begins: the mark stands for a whole one.
  std::function<Result<>()> finish = [all, folder]() -> Result<> {
    TRY_VOID(config::replace_file(folder + "/installed", "npm ci\n"));
    return remove_others(all, folder);
  };
  co_return co_await on_pool(std::move(finish));
}

} // namespace

int node_major(std::string_view version) {
  if (!version.starts_with('v')) return 0;
  int major = 0;
  for (const char c : version.substr(1)) {
    if (c < '0' || c > '9' || major > 1000) break;
    major = major * 10 + (c - '0');
  }
  return major;
}

Task<Program> prepare_program(async::Executor executor, InstallationSettings settings,
                              std::function<void(std::string)> say) {
  CO_TRY(const auto node, co_await find_node(executor, settings.node));
  const auto folder = fmt::format("{}/{}", settings.folder, sha256_hex(source("package-lock.json")).substr(0, 16));
  std::function<Result<>()> write = [folder] { return write_sources(folder); };
  CO_TRY_VOID(co_await on_pool(std::move(write)));
  auto packages = settings.packages.empty() ? folder : settings.packages;
  if (settings.packages.empty() && ::access((folder + "/installed").c_str(), F_OK) != 0) {
    say("Fetching Baileys 7.0.0-rc.9 (MIT), which speaks WhatsApp Web's protocol, with npm. It is a program of its own "
        "that openclaw starts; its part libsignal is under the GPL-3.0.");
    CO_TRY_VOID(co_await install(executor, settings.folder, folder));
  }
  Program program;
  program.argv = {node, "--max-old-space-size=256", fmt::format("{}/sidecar.mjs", kInside)};
  program.mounts = {{packages + "/node_modules", fmt::format("{}/node_modules", kInside), false}};
  for (const auto name : kProgramFiles)
    program.mounts.push_back({fmt::format("{}/{}", folder, name), fmt::format("{}/{}", kInside, name), false});
  // A Node.js outside of the system's folders is not in the sandbox by itself.
  if (!node.starts_with("/usr/") && !node.starts_with("/bin/")) {
    const auto prefix = fs::path(node).parent_path().parent_path().string();
    program.mounts.push_back({prefix, prefix, false});
  }
  co_return program;
}

} // namespace openclaw::extensions::whatsapp
