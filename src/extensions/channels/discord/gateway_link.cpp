#include "extensions/channels/discord/gateway_link.hpp"

#include "base/encoding.hpp"
#include "extensions/channels/discord/events.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::discord {
namespace {

constexpr std::size_t kLargestFrame = 16 * 1024 * 1024; // a server with all its channels and roles
constexpr std::size_t kMostWaiting = 256;
constexpr std::int64_t kGreetingMs = 30'000;
// Any code but 1000 and 1001 lets the session live, so that the next connection gets what it missed.
constexpr int kComingBack = 4200;

constexpr std::string_view kWanted[] = {"READY",
                                        "RESUMED",
                                        "MESSAGE_CREATE",
                                        "MESSAGE_UPDATE",
                                        "MESSAGE_DELETE",
                                        "MESSAGE_DELETE_BULK",
                                        "MESSAGE_REACTION_ADD",
                                        "MESSAGE_REACTION_REMOVE",
                                        "INTERACTION_CREATE",
                                        "CHANNEL_UPDATE",
                                        "THREAD_UPDATE"};

} // namespace

struct GatewayLink::State {
  State(const ports::ChannelServices& services, ports::ChannelHost& to, std::shared_ptr<RestApi> api,
        LinkSettings wanted)
      : executor(services.executor), background(services.background), time(services.time), random(services.random),
        http(services.http), rest(std::move(api)), settings(wanted), host(&to),
        waiting(services.executor, kMostWaiting) {}

  async::Executor executor;
  async::Scope& background;
  async::Time& time;
  Random& random;
  net::HttpClient& http;
  std::shared_ptr<RestApi> rest;
  LinkSettings settings;
  ports::ChannelHost* host; // until the link ends
  std::shared_ptr<net::WebSocket> socket;
  async::Queue<Dispatch> waiting;
  Session session;
  Verdict verdict = verdict_of(1006);
  std::int64_t done = 0;
  bool answered = true; // the last heartbeat
  bool full = false;    // nothing is read because much waits
  bool ended = false;   // by the owner
  bool left = false;    // by us, and `verdict` says why
  bool greeted = false;
  bool complained = false;
  async::Scope::Child heart;
  std::weak_ptr<State> weak;

  void say(int op, json::value data) {
    auto text = to_text(json::value(json::object{{"op", op}, {"d", std::move(data)}}));
    socket->send(std::make_shared<const std::string>(std::move(text)));
  }
  void beat() { say(1, done > 0 ? json::value(done) : json::value(nullptr)); }

  void greet() {
    if (!session.id.empty()) {
      say(6, json::object{{"token", rest->token().reveal()}, {"session_id", session.id}, {"seq", session.sequence}});
      return;
    }
    json::object properties{{"os", "linux"}, {"browser", "openclaw"}, {"device", "openclaw"}};
    say(2, json::object{{"token", rest->token().reveal()},
                        {"intents", settings.intents},
                        {"properties", std::move(properties)},
                        {"compress", false},
                        {"large_threshold", 50}});
  }

  void leave(Verdict why) {
    verdict = std::move(why);
    left = true;
    socket->close(kComingBack, "");
  }
  void leave_dead() {
    auto dead = verdict_of(1006);
    dead.error.message = "Discord does not answer: the connection is dead.";
    leave(std::move(dead));
  }

  static Task<> expect_greeting(std::shared_ptr<State> state) {
    CO_TRY_VOID(co_await state->time.sleep_ms(kGreetingMs));
    if (!state->ended && !state->greeted) state->leave_dead();
    co_return Result<>{};
  }

  static Task<> keep_beating(std::shared_ptr<State> state, std::int64_t interval) {
    // The first one at a random time: a million bots that come back together must not beat together.
    auto pause = static_cast<std::int64_t>(state->random.next() % static_cast<std::uint64_t>(interval));
    while (!state->ended) {
      CO_TRY_VOID(co_await state->time.sleep_ms(pause));
      if (state->ended) break;
      if (!state->answered && !state->full) {
        state->leave_dead();
        break;
      }
      state->answered = false;
      state->beat();
      pause = interval;
    }
    co_return Result<>{};
  }

  static Task<> defer(std::shared_ptr<State> state, std::shared_ptr<Deferral> deferral, std::string id,
                      std::string token, int type, bool ephemeral) {
    RestCall call{"POST", fmt::format("/interactions/{}/{}/callback", id, percent_encoded(token)), {}, {}};
    json::object body{{"type", type}};
    if (ephemeral) body["data"] = json::object{{"flags", 64}};
    call.body = json::value(std::move(body));
    call.with_token = false;
    call.timeout_ms = 3000;
    const auto answer = co_await state->rest->call(std::move(call));
    // 40060: a former life of this process did it already.
    deferral->accepted = answer && (!answer->problem || answer->code == 40060);
    deferral->done = true;
    deferral->changed.notify();
    co_return Result<>{};
  }

  // Components (buttons) are answered too, or they would look broken; there is nothing to fill in later.
  std::shared_ptr<Deferral> defer_at_once(const json::value& interaction) {
    const auto type = integer_or(interaction, "type", 0);
    const auto id = string_or(interaction, "id");
    if ((type != 2 && type != 3) || !is_snowflake(id) || reply_token(interaction).empty()) return nullptr;
    auto deferral = std::make_shared<Deferral>(executor);
    const bool alone = type == 2 && settings.ephemeral && find(interaction, "guild_id");
    if (const auto self = weak.lock())
      background.spawn("discord interaction",
                       defer(self, deferral, id, string_or(interaction, "token"), type == 2 ? 5 : 6, alone));
    return deferral;
  }

  // False: the connection ends.
  Task<bool> take(json::value frame) {
    static const json::value nothing;
    const auto* data = find(frame, "d");
    if (!data) data = &nothing;
    switch (integer_or(frame, "op", -1)) {
    case 0:
      co_return co_await take_dispatch(std::move(frame));
    case 1:
      beat();
      co_return true;
    case 7:
      leave({Next::resume, {}});
      co_return false;
    case 9:
      leave({data->is_bool() && data->get_bool() ? Next::resume : Next::identify, {}});
      co_return false;
    case 10: {
      const auto interval = std::clamp<std::int64_t>(integer_or(*data, "heartbeat_interval", 41'250), 50, 600'000);
      if (greeted) co_return true;
      greeted = true;
      heart.cancel();
      greet();
      if (const auto self = weak.lock()) heart = background.spawn("discord heartbeat", keep_beating(self, interval));
      co_return true;
    }
    case 11:
      answered = true;
      co_return true;
    default:
      co_return true;
    }
  }

  Task<bool> take_dispatch(json::value frame) {
    Dispatch dispatch;
    dispatch.type = string_or(frame, "t");
    dispatch.sequence = integer_or(frame, "s", 0);
    auto* data = frame.get_object().if_contains("d");
    if (dispatch.type == "GUILD_CREATE" && data) {
      // A whole server, of which one role is of interest.
      dispatch.data = json::object{{"id", string_or(*data, "id")}, {"own_role", own_role(*data, session.me)}};
    } else if (data && std::find(std::begin(kWanted), std::end(kWanted), dispatch.type) != std::end(kWanted)) {
      dispatch.data = std::move(*data);
    }
    if (dispatch.type == "READY") {
      if (const auto* user = find(dispatch.data, "user")) session.me.id = string_or(*user, "id");
    } else if (dispatch.type == "INTERACTION_CREATE") {
      dispatch.deferral = defer_at_once(dispatch.data);
    }
    full = waiting.size() >= kMostWaiting;
    const auto pushed = co_await waiting.push(std::move(dispatch));
    full = false;
    co_return pushed.has_value();
  }

  static Task<> read(std::shared_ptr<State> state) {
    while (!state->ended) {
      auto text = co_await state->socket->read();
      if (state->ended) break;
      if (!text) {
        state->read_ended(text.error());
        break;
      }
      state->host->alive();
      auto frame = parse_json(*text, "frame of Discord");
      if (!frame || !frame->is_object()) {
        if (!state->complained) state->host->warn("Discord sent something that is not JSON; it was left out.");
        state->complained = true;
        continue;
      }
      text->clear();
      text->shrink_to_fit();
      const auto going = co_await state->take(std::move(*frame));
      if (!going || !*going) break;
    }
    state->heart.cancel();
    state->waiting.close();
    co_return Result<>{};
  }

  void read_ended(const Error& error) {
    if (left) return;
    if (error.kind == Kind::invalid) {
      // The same session would send the same frame again.
      verdict = {Next::identify, Error{Kind::transient,
                                       "Discord sent a frame that cannot be read: " + error.message,
                                       "A new session is begun.",
                                       {}}};
      return;
    }
    const auto code = std::atoi(error.code.c_str());
    verdict = verdict_of(code == 0 ? 1006 : code);
  }
};

GatewayLink::GatewayLink(const ports::ChannelServices& services, ports::ChannelHost& host,
                         std::shared_ptr<RestApi> rest, LinkSettings settings)
    : state_(std::make_shared<State>(services, host, std::move(rest), settings)), background_(services.background) {
  state_->weak = state_;
}

GatewayLink::~GatewayLink() {
  state_->ended = true;
  state_->host = nullptr;
  state_->waiting.close();
  state_->heart.cancel();
  if (state_->socket) state_->socket->close(kComingBack, "");
  reader_.cancel();
}

Task<> GatewayLink::connect(std::string url, const Session& session) {
  state_->session = session;
  state_->done = session.sequence;
  net::Outbound request("GET", fmt::format("{}{}?v=10&encoding=json", url, url.ends_with('/') ? "" : "/"));
  request.body_limit = kLargestFrame;
  CO_TRY(state_->socket, co_await state_->http.connect_websocket(std::move(request)));
  reader_ = background_.spawn("discord reader", State::read(state_));
  state_->heart = background_.spawn("discord greeting", State::expect_greeting(state_));
  co_return Result<>{};
}

Task<std::optional<Dispatch>> GatewayLink::next() {
  auto* state = state_.get();
  co_return co_await state->waiting.pop();
}

void GatewayLink::done(std::int64_t sequence) {
  if (sequence > 0) state_->done = sequence;
}

Verdict GatewayLink::verdict() const {
  return state_->verdict;
}

} // namespace openclaw::extensions::discord
