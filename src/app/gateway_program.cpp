#include "app/gateway_program.hpp"

#include "agent/models.hpp"
#include "agent/run_events_fan.hpp"
#include "agent/runtime.hpp"
#include "app/config_watch.hpp"
#include "app/model_setup.hpp"
#include "async/offload.hpp"
#include "async/scope.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "config/config.hpp"
#include "config/redact.hpp"
#include "config/sections.hpp"
#include "config/state_folder.hpp"
#include "gateway/gateway.hpp"
#include "gateway/services.hpp"
#include "messaging/channels.hpp"
#include "messaging/messaging.hpp"
#include "sandbox/confine.hpp"
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <fmt/core.h>
#include <malloc.h>
#include <sys/stat.h>

namespace openclaw::app {
namespace {

constexpr int kDefaultPort = 18789;

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

// The listening addresses. Only loopback is open without TLS in this build.
Result<std::vector<net::HttpServer::Address>> addresses(const cli::GatewayOptions& options, const json::value& config) {
  const auto* gateway = find(config, "gateway");
  const int port =
      options.port.value_or(static_cast<int>(gateway ? integer_or(*gateway, "port", kDefaultPort) : kDefaultPort));
  const auto bind = !options.bind.empty() ? options.bind
                    : gateway             ? string_or(*gateway, "bind", "loopback")
                                          : std::string("loopback");
  if (bind != "loopback" && bind != "auto" && bind != "127.0.0.1" && bind != "localhost")
    return fail(Kind::denied,
                fmt::format("The gateway listens on loopback only in this build, and \"{}\" was asked for.", bind),
                "Reach it from elsewhere through: ssh -L 18789:127.0.0.1:18789 THIS-MACHINE");
  return std::vector<net::HttpServer::Address>{{"127.0.0.1", port}, {"::1", port}};
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
        runtime_(agent::RuntimeServices{loop_.get_executor(), time_, random_, *database_, registry_, *http_,
                                        events_, models_, folder_.path(), &messaging::Channels::record_end}),
        messaging_(runtime_),
        channels_(messaging::ChannelsServices{loop_.get_executor(), time_, random_, *database_, registry_, *http_, runtime_,
                                              messaging_, folder_.path()}) {
    events_.add(broadcaster_);
    events_.add(channels_.replies());
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
  Result<> apply(const config::Snapshot& snapshot) {
    TRY_VOID(snapshot.check());
    TRY(auto settings, agent::read_settings(snapshot.value, environment_.find("HOME").value_or("/"), folder_.path()));
    TRY_VOID(models_.configure(snapshot.value));
    runtime_.configure(std::move(settings), snapshot.value);
    return {};
  }

  Task<> serve() {
    CO_TRY_VOID(apply(snapshot_));
    if (options_.setup_model && options_.model_download) CO_TRY_VOID(co_await setup_model(models_, time_));
    CO_TRY(auto listen, addresses(options_, snapshot_.value));
    auto token = options_.token;
    if (token.empty()) {
      CO_TRY(token, config::gateway_token(folder_, snapshot_.value, environment_, config::CreateToken::yes));
    }
    log::redact(token);
    gateway::GatewayOptions gateway_options{std::move(listen), std::move(token),
                                            strings_at(snapshot_.value, "gateway.allowedHosts"),
                                            strings_at(snapshot_.value, "gateway.controlUi.allowedOrigins")};
    gateway::Gateway gateway(std::move(gateway_options), loop_.get_executor(), time_, random_, *database_,
                             broadcaster_);
    gateway::Services services{time_,
                               random_,
                               *database_,
                               runtime_,
                               models_,
                               messaging_,
                               gateway,
                               folder_.path(),
                               snapshot_.path,
                               std::string(kVersion),
                               [this] { return show(snapshot_); }};
    CO_TRY_VOID(gateway.start(scope_, services));
    CO_TRY_VOID(lock_.announce(gateway.port()));
    auto outcome = co_await serve_until_signal(&gateway);
    auto stopped = co_await stop(&gateway);
    if (outcome && !stopped) outcome = stopped;
    co_return outcome;
  }

  Task<> serve_until_signal(gateway::Gateway* gateway) {
    CO_TRY_VOID(co_await channels_.configure(snapshot_.value));
    CO_TRY_VOID(co_await runtime_.recover());
    CO_TRY_VOID(co_await channels_.recover());
    scope_.spawn("configuration watch", watch_config());
    CO_TRY_VOID(co_await announce(gateway));
    co_await signals_.async_wait(async::use_task);
    co_return Result<>{};
  }

  Task<> announce(gateway::Gateway* gateway) {
    CO_TRY(const auto login, co_await gateway->create_login_url());
    if (options_.ready_json) {
      fmt::print("{}\n", to_text(json::object{{"url", fmt::format("http://127.0.0.1:{}", gateway->port())},
                                              {"webchat", login},
                                              {"pid", static_cast<std::int64_t>(::getpid())}}));
    } else {
      fmt::print("openclaw {} listens on http://127.0.0.1:{}\n\n  WebChat: {}\n\nThe link is good once, for ten "
                 "minutes; a new one comes from: openclaw dashboard\n"
                 "Stop with Ctrl+C.\n",
                 kVersion, gateway->port(), login);
    }
    std::fflush(stdout);
    // What starting needed goes back to the system.
    malloc_trim(0);
    co_return Result<>{};
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
      if (loaded && loaded->hash == snapshot_.hash) continue;
      auto applied = loaded ? apply(*loaded) : Result<>(std::unexpected(loaded.error()));
      if (!applied) {
        log::warn("config", "The changed configuration is not usable, so the former one stays in force. " +
                                applied.error().text());
        continue;
      }
      snapshot_ = std::move(*loaded);
      if (auto connected = co_await channels_.configure(snapshot_.value); !connected) log::error("channels", connected.error().text());
      log::info("config", "The changed configuration is in force.", {{"hash", snapshot_.hash}});
      broadcaster_.models_changed();
    }
  }

  Task<> stop(gateway::Gateway* gateway) {
    auto goodbye = co_await gateway->stop("gateway stopping");
    auto runs = co_await runtime_.shut_down();
    auto messengers = co_await channels_.shut_down();
    auto told = co_await broadcaster_.shut_down("gateway stopping");
    scope_.cancel();
    auto joined = co_await scope_.join();
    for (auto* outcome : {&goodbye, &runs, &messengers, &told, &joined})
      if (!*outcome) co_return *outcome;
    co_return Result<>{};
  }

  cli::GatewayOptions options_;
  config::Environment environment_;
  config::StateFolder folder_;
  config::StateLock lock_;
  config::Config config_;
  config::Snapshot snapshot_;
  std::unique_ptr<store::Database> database_;
  async::SystemTime time_;
  SystemRandom random_;
  boost::asio::io_context loop_;
  // Held to the end: a second signal while stopping must not kill what is being written.
  boost::asio::basic_signal_set<async::Executor> signals_{loop_.get_executor(), SIGINT, SIGTERM};
  async::Scope scope_;
  std::unique_ptr<net::HttpClient> http_;
  ports::Registry registry_;
  agent::RunEventsFan events_;
  gateway::Broadcaster broadcaster_;
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
  sandbox::never_mount(folder.path());

  TRY(const auto sections, config::linked_sections());
  config::Config config(config::config_path(environment, folder.path()), config::compose_schema(sections), environment);
  TRY(auto snapshot, config.load());
  TRY_VOID(snapshot.check());
  for (const auto& problem : snapshot.problems)
    log::warn("config", problem.text());
  TRY(auto database, store::Database::open(folder.file("state.db")));
  GatewayProgram program(options, std::move(environment), std::move(folder), std::move(lock), std::move(config),
                         std::move(snapshot), std::move(database));
  return program.run();
}

} // namespace

int run_gateway(const cli::GatewayOptions& options) {
  // One arena for the loop, one for the pool: more only cost memory here.
  mallopt(M_ARENA_MAX, 2);
  std::signal(SIGPIPE, SIG_IGN);
  // Whatever is created in the state folder is its owner's alone.
  ::umask(077);
  const auto status = run(options);
  return status ? *status : print_error(status.error());
}

} // namespace openclaw::app
