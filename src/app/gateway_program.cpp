#include "app/gateway_program.hpp"

#include "agent/models.hpp"
#include "agent/run_events_fan.hpp"
#include "agent/runtime.hpp"
#include "app/config_watch.hpp"
#include "app/memory.hpp"
#include "app/model_setup.hpp"
#include "async/offload.hpp"
#include "async/scope.hpp"
#include "base/hmac.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/moving/old_state.hpp"
#include "config/config.hpp"
#include "config/redact.hpp"
#include "config/sections.hpp"
#include "config/state_folder.hpp"
#include "gateway/bind.hpp"
#include "gateway/gateway.hpp"
#include "gateway/services.hpp"
#include "gateway/session_feed.hpp"
#include "messaging/answers.hpp"
#include "messaging/channels.hpp"
#include "messaging/messaging.hpp"
#include "net/trace_export.hpp"
#include "sandbox/confine.hpp"
#include "store/journal.hpp"
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <fmt/core.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace openclaw::app {
namespace {

constexpr int kDefaultPort = 18789;
constexpr rlim_t kOpenFiles = 8192;
constexpr std::int64_t kMemoryMs = 10'000;
constexpr std::size_t kFreeBytes = 4 * 1024 * 1024; // that the program may keep for later

int print_error(const Error& error) {
  fmt::print(stderr, "openclaw: {}\n", error.message);
  if (!error.hint.empty()) fmt::print(stderr, "{}\n", error.hint);
  return exit_status(error.kind);
}

std::vector<std::string> strings_at(const json::value& config, std::string_view path) {
  std::vector<std::string> list;
  const auto* value = find_path(config, path);
  if (value && value->is_array())
    for (const auto& item : value->get_array())
      if (item.is_string()) list.emplace_back(item.get_string());
  return list;
}

json::object show(const config::Snapshot& snapshot) {
  json::array issues, warnings;
  for (const auto& problem : snapshot.problems) {
    json::object item{{"path", problem.path}, {"message", problem.text()}};
    (problem.severity == config::Problem::Severity::error ? issues : warnings).push_back(std::move(item));
  }
  return {{"path", snapshot.path},
          {"exists", snapshot.exists},
          {"raw", config::redact_text_for_display(snapshot.raw)},
          {"parsed", config::redact_for_display(snapshot.written)},
          {"valid", snapshot.valid()},
          {"config", config::redact_for_display(snapshot.value)},
          {"hash", snapshot.hash},
          {"issues", std::move(issues)},
          {"warnings", std::move(warnings)},
          {"legacyIssues", json::array()}};
}

// Two gateways with one configuration would answer the same messengers twice.
Result<> check_mode(const cli::GatewayOptions& options, const json::value& config) {
  const auto* section = find(config, "gateway");
  if (options.any_mode || !section || string_or(*section, "mode") != "remote") return {};
  const auto* remote = find(*section, "remote");
  const auto url = remote ? string_or(*remote, "url") : std::string();
  return fail(Kind::denied,
              fmt::format("gateway.mode is \"remote\": this machine uses the gateway at {}, so none is started here.",
                          url.empty() ? std::string("another machine") : url),
              "To run one here: openclaw config set gateway.mode local. To start one once all the same: "
              "--allow-unconfigured.");
}

Result<gateway::Listening> listening(const cli::GatewayOptions& options, const json::value& config,
                                     const config::Environment& environment) {
  const json::value none = json::object();
  const auto* section = find(config, "gateway");
  const auto& settings = section ? *section : none;
  if (const auto* tls = find_path(config, "gateway.tls.enabled"); tls && tls->is_bool() && tls->get_bool())
    return fail(
        Kind::denied, "gateway.tls.enabled is set, and this build does not serve TLS itself.",
        "Put a reverse proxy with TLS before it (gateway.trustedProxies, gateway.allowedHosts), or use ssh -L.");
  TRY(const auto told, gateway::port_from(environment.find("OPENCLAW_GATEWAY_PORT")));
  const int port = options.port.value_or(told.value_or(static_cast<int>(integer_or(settings, "port", kDefaultPort))));
  const auto bind = !options.bind.empty() ? options.bind : string_or(settings, "bind", "loopback");
  return gateway::where_to_listen(bind, string_or(settings, "customBindHost"), port, gateway::machine_addresses());
}

// The keys of the section `gateway` in which the two differ: the listener, its doors and credentials are made once.
std::vector<std::string> read_at_start_only(const json::value& before, const json::value& now) {
  const json::value none = json::object();
  const auto section = [&](const json::value& config) -> const json::value& {
    const auto* found = find(config, "gateway");
    return found && found->is_object() ? *found : none;
  };
  const auto& old = section(before).get_object();
  const auto& fresh = section(now).get_object();
  std::vector<std::string> keys;
  for (const auto& field : old) {
    const auto* same = fresh.if_contains(field.key());
    if (!same || *same != field.value()) keys.push_back("gateway." + std::string(field.key()));
  }
  for (const auto& field : fresh)
    if (!old.contains(field.key())) keys.push_back("gateway." + std::string(field.key()));
  return keys;
}

class GatewayProgram {
public:
  GatewayProgram(const cli::GatewayOptions& options, config::Environment environment, config::StateFolder folder,
                 config::StateLock lock, config::Config config, config::Snapshot snapshot,
                 std::unique_ptr<store::Database> database)
      : options_(options), environment_(std::move(environment)), folder_(std::move(folder)), lock_(std::move(lock)),
        config_(std::move(config)), snapshot_(std::move(snapshot)), database_(std::move(database)), loop_(1),
        scope_(loop_.get_executor()),
        http_(net::make_http_client(loop_.get_executor(), net::client_config_from_environment())),
        broadcaster_(loop_.get_executor(), time_),
        models_((ports::register_extensions(registry_), registry_),
                ports::ServerServices{loop_.get_executor(), scope_, time_, *http_, folder_.file("servers"),
                                      [this](std::string_view name) { return environment_.find(name).value_or(""); }},
                environment_.variables(), events_),
        runtime_(agent::RuntimeServices{loop_.get_executor(), time_, random_, *database_, registry_, *http_, events_,
                                        models_, folder_.path(), &messaging::record_answer}),
        messaging_(runtime_),
        channels_(messaging::ChannelsServices{loop_.get_executor(), time_, random_, *database_, registry_, *http_,
                                              runtime_, messaging_, folder_.path()}) {
    events_.add(broadcaster_);
    events_.add(channels_.replies());
    events_.add(session_feed_);
  }

  int run() {
    const auto outcome = async::run(loop_, serve());
    async::stop_pool();
    // From here on nothing handles signals any more: one that comes late must not turn a clean end into a kill.
    sigset_t late;
    sigemptyset(&late);
    sigaddset(&late, SIGINT);
    sigaddset(&late, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &late, nullptr);
    return outcome ? 0 : print_error(outcome.error());
  }

private:
  // A variable's name in the key's place, or "ollama-local" where a server wants any key: ordinary words that a tool
  // may show.
  bool is_placeholder(std::string_view text) const {
    return environment_.find(text) || (text.size() < 16 && text.find_first_of("0123456789") == std::string_view::npos);
  }

  Result<> apply(const config::Snapshot& snapshot) {
    TRY_VOID(snapshot.check());
    config::each_secret_text(snapshot.value, [this](std::string_view text) {
      if (!is_placeholder(text)) log::redact(Secret(std::string(text)));
    });
    TRY(auto settings, agent::read_settings(snapshot.value, environment_.find("HOME").value_or("/"), folder_.path()));
    TRY_VOID(models_.configure(snapshot.value));
    traces_.configure(snapshot.value);
    runtime_.configure(std::move(settings), snapshot.value);
    return {};
  }

  // What clients compare to see whether a change is in force. The hash itself would let them guess at secrets in it.
  std::string revision_of(const config::Snapshot& snapshot) const {
    return "hmac-sha256:v1:" + hmac_sha256_hex(revision_key_, snapshot.hash);
  }

  // As the file is now, for whoever wants to change it: what is in force may be older, when the file became unusable.
  json::object show_file() const {
    const auto loaded = config_.load();
    auto shown = show(loaded ? *loaded : snapshot_);
    json::array waiting;
    for (const auto& key : read_at_start_only(started_with_, loaded ? loaded->value : snapshot_.value))
      waiting.push_back(json::value(key));
    shown["restartRequired"] = std::move(waiting);
    shown["configRevisionHash"] = loaded && loaded->valid() ? json::value(revision_of(*loaded)) : json::value(nullptr);
    shown["appliedConfigHash"] = revision_of(snapshot_);
    if (!rejected_.empty()) shown["notInForce"] = rejected_;
    return shown;
  }

  Task<> serve() {
    CO_TRY_VOID(apply(snapshot_));
    if (const auto* section = find(snapshot_.value, "gateway")) started_with_.get_object()["gateway"] = *section;
    if (options_.setup_model && options_.model_download) CO_TRY_VOID(co_await setup_model(models_, time_));
    CO_TRY(auto listen, listening(options_, snapshot_.value, environment_));
    config::GatewayAuth auth{false, options_.token};
    if (auth.secret.empty()) {
      CO_TRY(auth, config::gateway_auth(folder_, snapshot_.value, environment_, config::CreateToken::yes));
    }
    log::redact(auth.secret);
    exposed_ = listen.exposed;
    gateway::GatewayOptions gateway_options{std::move(listen.addresses),
                                            std::move(auth.secret),
                                            strings_at(snapshot_.value, "gateway.allowedHosts"),
                                            strings_at(snapshot_.value, "gateway.controlUi.allowedOrigins"),
                                            auth.password ? gateway::AuthMode::password : gateway::AuthMode::token,
                                            strings_at(snapshot_.value, "gateway.trustedProxies"),
                                            exposed_};
    if (const auto* ui = find_path(snapshot_.value, "gateway.controlUi"); ui && bool_or(*ui, "enabled", true)) {
      gateway_options.control_ui_root = string_or(*ui, "root");
      gateway_options.control_ui_path = string_or(*ui, "basePath");
    }
    for (const auto& [name, value] : environment_.variables())
      if (config::is_secret_place(name)) log::redact(Secret(value));
    gateway::Gateway gateway(std::move(gateway_options), loop_.get_executor(), time_, random_, *database_,
                             broadcaster_);
    gateway::Services services{time_,          random_,
                               *database_,     runtime_,
                               models_,        messaging_,
                               gateway,        folder_.path(),
                               snapshot_.path, std::string(kVersion),
                               config_,        [this] { return show_file(); },
                               &channels_,     [this] { return revision_of(snapshot_); }};
    CO_TRY_VOID(gateway.start(scope_, services));
    CO_TRY_VOID(lock_.announce(gateway.port()));
    auto outcome = co_await serve_until_signal(&gateway);
    auto stopped = co_await stop(&gateway);
    if (outcome && !stopped) outcome = stopped;
    co_return outcome;
  }

  // Also what was changed while no gateway ran: the journal's last configuration is compared with the one that counts
  // now.
  Task<> journal_config() {
    CO_TRY(const auto former, store::last_journal_entry(database_->reader(), "config"));
    store::JournalEntry entry;
    entry.time_ms = time_.now_ms();
    entry.actor = "gateway";
    entry.behalf = "owner";
    entry.action = "config";
    entry.subject = snapshot_.hash;
    entry.outcome = "in force";
    if (former && former->subject == entry.subject) co_return Result<>{};
    std::function<Result<bool>(store::Connection&)> save = [entry](store::Connection& connection) -> Result<bool> {
      TRY_VOID(store::record(connection, entry));
      return true;
    };
    CO_TRY([[maybe_unused]] const bool saved, co_await database_->write<bool>(std::move(save)));
    co_return Result<>{};
  }

  Task<> serve_until_signal(gateway::Gateway* gateway) {
    CO_TRY_VOID(co_await channels_.configure(snapshot_.value));
    CO_TRY_VOID(co_await runtime_.recover());
    CO_TRY_VOID(co_await channels_.recover());
    CO_TRY_VOID(co_await journal_config());
    scope_.spawn("memory", watch_memory());
    scope_.spawn("configuration watch", watch_config());
    CO_TRY_VOID(co_await announce(gateway));
    co_await signals_.async_wait(async::use_task);
    co_return Result<>{};
  }

  Task<> announce(gateway::Gateway* gateway) {
    CO_TRY(const auto login, co_await gateway->create_login_url());
    give_back_memory(); // what starting needed
    if (options_.ready_json) {
      fmt::print("{}\n", to_text(json::object{{"url", fmt::format("http://127.0.0.1:{}", gateway->port())},
                                              {"webchat", login},
                                              {"pid", static_cast<std::int64_t>(::getpid())}}));
    } else {
      fmt::print("openclaw {} listens on http://127.0.0.1:{}\n\n  WebChat: {}\n\nThe link is good once, for ten "
                 "minutes; a new one comes from: openclaw dashboard\n"
                 "Stop with Ctrl+C.\n",
                 kVersion, gateway->port(), login);
      if (exposed_)
        fmt::print(
            "\nOther machines reach it too, in place of 127.0.0.1 with: {}. There is no TLS: whoever can read the "
            "network can read what is sent.\nPut a proxy with TLS before it where you do not trust the network.\n",
            join(gateway::machine_addresses(), ", "));
    }
    std::fflush(stdout);
    co_return Result<>{};
  }

  // After a crowd has gone its memory lies about in small free pieces; the system gets it back.
  Task<> watch_memory() {
    while (true) {
      CO_TRY_VOID(co_await time_.sleep_ms(kMemoryMs));
      if (mallinfo2().fordblks > kFreeBytes) give_back_memory();
    }
  }

  Task<> watch_config() {
    auto watch = ConfigWatch::create(loop_.get_executor(), config_.path());
    if (!watch) {
      log::warn("config", watch.error().text());
      co_return Result<>{};
    }
    while (true) {
      CO_TRY_VOID(co_await watch->changed(time_));
      auto loaded = config_.load();
      // The same text may refer to another secret by now.
      if (loaded && loaded->hash == snapshot_.hash && loaded->value == snapshot_.value) {
        rejected_.clear(); // what was refused was taken back
        continue;
      }
      auto applied = loaded ? apply(*loaded) : Result<>(std::unexpected(loaded.error()));
      rejected_ = applied ? std::string() : applied.error().text();
      if (!applied) {
        log::warn("config", "The changed configuration is not usable, so the former one stays in force. " +
                                applied.error().text());
        continue;
      }
      snapshot_ = std::move(*loaded);
      if (auto connected = co_await channels_.configure(snapshot_.value); !connected)
        log::error("channels", connected.error().text());
      log::info("config", "The changed configuration is in force.", {{"hash", snapshot_.hash}});
      if (const auto keys = read_at_start_only(started_with_, snapshot_.value); !keys.empty())
        log::warn("config", fmt::format("{} {} only at the start, so the change waits for the next one.",
                                        join(keys, ", "), keys.size() == 1 ? "is read" : "are read"));
      if (auto told = co_await journal_config(); !told) log::error("config", told.error().text());
      broadcaster_.models_changed();
    }
  }

  Task<> stop(gateway::Gateway* gateway) {
    auto goodbye = co_await gateway->stop("gateway stopping");
    auto runs = co_await runtime_.shut_down();
    auto messengers = co_await channels_.shut_down();
    auto told = co_await broadcaster_.shut_down("gateway stopping");
    auto flushed = co_await traces_.flush();
    scope_.cancel();
    auto joined = co_await scope_.join();
    for (auto* outcome : {&goodbye, &runs, &messengers, &told, &flushed, &joined})
      if (!*outcome) co_return *outcome;
    co_return Result<>{};
  }

  cli::GatewayOptions options_;
  bool exposed_ = false; // other machines reach it
  config::Environment environment_;
  config::StateFolder folder_;
  config::StateLock lock_;
  config::Config config_;
  config::Snapshot snapshot_;
  json::value started_with_ = json::object(); // of the configuration, what is read at the start only
  std::string rejected_;                      // why the file as it stands is not in force
  std::unique_ptr<store::Database> database_;
  async::SystemTime time_;
  SystemRandom random_;
  const Secret revision_key_{random_hex(random_, 32)};
  boost::asio::io_context loop_;
  // Held to the end: a second signal while stopping must not kill what is being written.
  boost::asio::basic_signal_set<async::Executor> signals_{loop_.get_executor(), SIGINT, SIGTERM};
  async::Scope scope_;
  std::unique_ptr<net::HttpClient> http_;
  net::TraceExport traces_{*http_, scope_, time_};
  ports::Registry registry_;
  agent::RunEventsFan events_;
  gateway::Broadcaster broadcaster_;
  gateway::SessionFeed session_feed_{time_, *database_, broadcaster_.clients()};
  agent::Models models_;
  agent::Runtime runtime_;
  messaging::Messaging messaging_;
  messaging::Channels channels_;
};

Result<int> run(const cli::GatewayOptions& options) {
  auto environment = config::Environment::of_process();
  TRY(auto folder, config::StateFolder::locate(environment, options.profile));
  TRY_VOID(folder.prepare());
  environment.add_file(folder.file(".env"));
  TRY(auto lock, config::StateLock::acquire(folder));
  TRY(const auto logs, folder.sub("logs"));
  TRY_VOID(log::open(logs, options.verbose ? log::Level::debug : log::Level::info));
  if (options.verbose) log::show_on_console(log::Level::info);
  if (cli::holds_unknown_state(folder.path()))
    log::warn("gateway",
              fmt::format("{} holds conversations of an OpenClaw program, which this gateway does not see and "
                          "does not touch. What would become of them: openclaw migrate --dry-run",
                          folder.path()));
  sandbox::never_mount(folder.path());

  TRY(const auto sections, config::linked_sections());
  config::Config config(config::config_path(environment, folder.path()), config::compose_schema(sections), environment,
                        folder.path());
  TRY(auto snapshot, config.load());
  TRY_VOID(snapshot.check());
  TRY_VOID(check_mode(options, snapshot.value));
  for (const auto& problem : snapshot.problems)
    log::warn("config", problem.text());
  TRY(auto database, store::Database::open(folder.file("state.db")));
  GatewayProgram program(options, std::move(environment), std::move(folder), std::move(lock), std::move(config),
                         std::move(snapshot), std::move(database));
  return program.run();
}

} // namespace

int run_gateway(const cli::GatewayOptions& options) {
  set_memory_limits();
  std::signal(SIGPIPE, SIG_IGN);
  // A client is a descriptor, and the usual limit of 1024 is meant for programs that use select().
  if (rlimit files{}; ::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < kOpenFiles) {
    files.rlim_cur = std::min(files.rlim_max, kOpenFiles);
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  // A core file would hold every secret in memory.
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  // Whatever is created in the state folder is its owner's alone.
  ::umask(077);
  const auto status = run(options);
  return status ? *status : print_error(status.error());
}

} // namespace openclaw::app
