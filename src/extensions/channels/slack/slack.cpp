// Slack: Socket Mode or signed HTTP events in, the Web API out.
#include "async/event.hpp"
#include "base/text.hpp"
#include "extensions/channels/slack/intake.hpp"
#include "extensions/channels/slack/outgoing.hpp"
#include "extensions/channels/slack/signature.hpp"
#include "extensions/channels/slack/socket_mode.hpp"
#include "ports/registry.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::slack {
namespace {

namespace rich_text = ports::rich_text;

constexpr std::string_view kPublicRoot = "https://slack.com/api/";
constexpr std::size_t kTextLimit = 4000; // what chat.update takes, and what Slack advises for new messages
constexpr std::size_t kCaptionLimit = 3000;
constexpr std::int64_t kFileLimit = 20 * 1024 * 1024;
constexpr std::int64_t kEditIntervalMs = 1200; // about fifty a minute
constexpr std::int64_t kTypingRefreshMs = 30'000;
constexpr std::size_t kPageSize = 200;
constexpr int kMostPages = 10;

std::string with_slash(std::string root) {
  if (!root.ends_with('/')) root += '/';
  return root;
}

// "payload=%7B…" or a command's fields, as Slack's forms are.
json::object read_form(std::string_view body) {
  const auto decode = [](std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const auto digit = [&](std::size_t index) {
        const char c = index < text.size() ? text[index] : 'x';
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
      };
      if (text[at] == '%' && digit(at + 1) >= 0 && digit(at + 2) >= 0) {
        out += static_cast<char>(digit(at + 1) * 16 + digit(at + 2));
        at += 2;
      } else {
        out += text[at] == '+' ? ' ' : text[at];
      }
    }
    return to_valid_utf8(out);
  };
  json::object fields;
  for (const auto part : split(body, '&')) {
    const auto equals = std::min(part.find('='), part.size());
    if (fields.size() < 64)
      fields[decode(part.substr(0, equals))] = decode(part.substr(std::min(equals + 1, part.size())));
  }
  return fields;
}

class Slack final : public ports::Channel,
                    public ports::Typing,
                    public ports::Editing,
                    public ports::Reactions,
                    public ports::Files,
                    public ports::Probe,
                    public ports::Directory {
public:
  struct Tokens {
    Secret bot, app, user, signing;
  };
  Slack(ports::ChannelServices services, Tokens tokens, json::value settings)
      : services_(std::move(services)), tokens_(std::move(tokens)), settings_(std::move(settings)),
        api_(services_.http, with_slash(string_or(settings_, "slackApiUrl", kPublicRoot)), tokens_.bot),
        check_(tokens_.signing), intake_(services_.time, api_, reader(), command_name(), rooms_by_name()),
        out_(services_.time, api_, ephemeral()) {}

  ports::Capabilities capabilities() const override {
    ports::Capabilities capabilities;
    capabilities.text_limit = kTextLimit;
    capabilities.caption_limit = kCaptionLimit;
    capabilities.idempotent_send = true; // by looking first where it may have been sent: outgoing.hpp
    capabilities.native_replies = true;
    capabilities.threads = true;
    capabilities.file_in_bytes = kFileLimit;
    capabilities.file_out_bytes = kFileLimit;
    capabilities.edit_interval_ms = kEditIntervalMs;
    capabilities.typing_refresh_ms = kTypingRefreshMs;
    return capabilities;
  }

  ports::Rendered render(const rich_text::Node& document) const override {
    auto text = render_mrkdwn(document);
    const auto length = rich_text::utf16_length(text);
    return {std::move(text), {}, length};
  }

  Result<ports::Chat> chat_of(std::string_view target) const override { return chat_from_target(target); }

  Task<> receive(ports::ChannelHost& host) override {
    CO_TRY(const auto who, co_await introduce());
    if (string_or(settings_, "mode", "socket") == "http") co_return co_await serve(host, who);
    auto* to = &host;
    SocketMode::Listener listener;
    listener.take = [this, to](Envelope envelope) { return intake_.take(*to, std::move(envelope)); };
    listener.connected = [to, who] { to->connected(who); };
    listener.catch_up = [this, to] { return intake_.catch_up(*to); };
    listener.alive = [to] { to->alive(); };
    listener.warn = [to](std::string what) { to->warn(std::move(what)); };
    SocketMode socket(services_.executor, services_.time, services_.http, api_, tokens_.app, std::move(listener));
    co_return co_await socket.run();
  }

  Task<ports::SendReport> send(ports::Outgoing message) override { co_return co_await out_.send(std::move(message)); }

  ports::Typing* typing() override { return this; }
  Task<> show_typing(ports::Chat chat) override { co_return co_await set_status(std::move(chat), "is typing..."); }
  Task<> stop_typing(ports::Chat chat) override { co_return co_await set_status(std::move(chat), ""); }

  ports::Editing* editing() override { return this; }
  Task<ports::SendReport> edit(std::string message_id, ports::Outgoing message) override {
    co_return co_await out_.edit(std::move(message_id), std::move(message));
  }
  Task<ports::SendReport> remove(ports::Chat chat, std::string message_id) override {
    json::object parameters{{"channel", chat.id}, {"ts", message_id}};
    CO_TRY(const auto answer, co_await api_.call("chat.delete", std::move(parameters)));
    ports::SendReport report;
    report.problem = answer.problem;
    co_return report;
  }

  ports::Reactions* reactions() override { return this; }
  Task<> react(ports::Chat chat, std::string message_id, std::string emoji, bool remove) override {
    if (!is_ts(message_id)) co_return Result<>{}; // a command is no message
    const auto name = emoji_name(emoji);
    if (!name)
      co_return fail(Kind::invalid, fmt::format("Slack's name of {} is not known.", printable(emoji, 40)),
                     "Use the name, for example: openclaw config set messages.ackReaction :eyes:");
    json::object parameters{{"channel", chat.id}, {"timestamp", message_id}, {"name", *name}};
    CO_TRY(const auto answer, co_await api_.call(remove ? "reactions.remove" : "reactions.add", std::move(parameters)));
    if (answer.problem && answer.error != "already_reacted" && answer.error != "no_reaction")
      co_return fail(Kind::remote, answer.problem->message);
    co_return Result<>{};
  }

  ports::Files* files() override { return this; }
  Task<std::string> fetch(ports::Attachment attachment, std::size_t limit) override {
    auto url = attachment.reference;
    if (url.starts_with("id:")) {
      json::object parameters{{"file", url.substr(3)}};
      CO_TRY(const auto answer, co_await api_.call("files.info", std::move(parameters)));
      if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
      const auto* file = openclaw::find(answer.body, "file");
      url = file ? string_or(*file, "url_private_download", string_or(*file, "url_private")) : std::string();
      if (url.empty()) co_return fail(Kind::missing, "Slack does not say where it is");
    }
    CO_TRY(auto response, co_await api_.download(std::move(url), limit));
    if (response.status != 200) co_return fail(Kind::missing, fmt::format("Slack answered {}", response.status));
    // Who may not read a file gets a page to log in, with status 200.
    const auto type = lowercase_ascii(response.headers.find("Content-Type").value_or(""));
    const auto begin = lowercase_ascii(response.body.substr(0, 14));
    const bool page = type.starts_with("text/html") || begin == "<!doctype html" || begin.starts_with("<html");
    if (page && !attachment.mime_type.starts_with("text/html"))
      co_return fail(Kind::invalid, "Slack gave its login page; the app needs the scope files:read");
    co_return std::move(response.body);
  }

  ports::Probe* probe() override { return this; }
  Task<std::string> who() override { co_return co_await introduce(); }

  ports::Directory* directory() override { return this; }
  Task<std::vector<ports::DirectoryEntry>> find(bool people, std::string query, std::size_t limit) override {
    std::vector<ports::DirectoryEntry> found;
    std::string cursor;
    for (int page = 0; page < kMostPages && found.size() < limit; ++page) {
      json::object parameters{{"limit", kPageSize}};
      if (!people) parameters["types"] = "public_channel,private_channel,mpim";
      if (!people) parameters["exclude_archived"] = true;
      if (!cursor.empty()) parameters["cursor"] = cursor;
      CO_TRY(const auto answer,
             co_await api_.call_as(reader(), people ? "users.list" : "conversations.list", std::move(parameters)));
      if (answer.problem) co_return std::unexpected(refusal(answer, "botToken"));
      add_entries(found, answer.body, people, lowercase_ascii(query), limit);
      const auto* more = openclaw::find(answer.body, "response_metadata");
      cursor = more ? string_or(*more, "next_cursor") : std::string();
      if (cursor.empty()) break;
    }
    co_return found;
  }

private:
  const Secret& reader() const { return tokens_.user.empty() ? tokens_.bot : tokens_.user; }
  const json::value* slash_settings() const { return openclaw::find(settings_, "slashCommand"); }
  // Empty: turned off.
  std::string command_name() const {
    const auto* slash = slash_settings();
    if (slash && !bool_or(*slash, "enabled", true)) return {};
    auto name = slash ? string_or(*slash, "name", "openclaw") : std::string("openclaw");
    return name.starts_with('/') ? name.substr(1) : name;
  }
  bool rooms_by_name() const {
    const auto* rooms = openclaw::find(settings_, "channels");
    return rooms && rooms->is_object() &&
           std::any_of(rooms->get_object().begin(), rooms->get_object().end(), [](const auto& room) {
             const std::string_view key = room.key();
             return key != "*" && key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != key.npos;
           });
  }
  bool ephemeral() const {
    const auto* slash = slash_settings();
    return !slash || bool_or(*slash, "ephemeral", true);
  }

  Task<std::string> introduce() {
    json::object none;
    CO_TRY(const auto answer, co_await api_.call("auth.test", std::move(none)));
    if (answer.problem) co_return std::unexpected(refusal(answer, "botToken"));
    Me me{string_or(answer.body, "user_id"), string_or(answer.body, "bot_id"), string_or(answer.body, "team_id"),
          string_or(answer.body, "user")};
    const auto who = fmt::format("@{} in {}", me.name, string_or(answer.body, "team", me.team_id));
    intake_.is(std::move(me));
    co_return who;
  }

  Task<> set_status(ports::Chat chat, std::string status) {
    auto thread = is_ts(chat.thread_id) ? chat.thread_id : intake_.newest_message(chat.id);
    if (thread.empty() || !status_works_) co_return Result<>{};
    json::object parameters{{"channel_id", chat.id}, {"thread_ts", std::move(thread)}, {"status", std::move(status)}};
    CO_TRY(const auto answer, co_await api_.call("assistant.threads.setStatus", std::move(parameters)));
    // It needs a right that an app may lack; then nobody is asked again until the account is made anew.
    if (answer.problem && answer.problem->fault == ports::SendFault::refused) status_works_ = false;
    co_return Result<>{};
  }

  static void add_entries(std::vector<ports::DirectoryEntry>& found, const json::value& page, bool people,
                          const std::string& query, std::size_t limit) {
    const auto* list = openclaw::find(page, people ? "members" : "channels");
    if (!list || !list->is_array()) return;
    for (const auto& item : list->get_array()) {
      if (found.size() >= limit) return;
      if (bool_or(item, "deleted", false)) continue;
      ports::DirectoryEntry entry;
      entry.id = fmt::format("{}:{}", people ? "user" : "channel", string_or(item, "id"));
      entry.name = people ? string_or(item, "real_name", string_or(item, "name")) : string_or(item, "name");
      entry.handle = (people ? "@" : "#") + string_or(item, "name");
      entry.kind = people                            ? ports::ChatKind::direct
                   : bool_or(item, "is_mpim", false) ? ports::ChatKind::group
                                                     : ports::ChatKind::channel;
      const auto words = lowercase_ascii(fmt::format("{} {} {}", entry.id, entry.name, entry.handle));
      if (query.empty() || words.find(query) != std::string::npos) found.push_back(std::move(entry));
    }
  }

  Task<> serve(ports::ChannelHost& host, std::string who) {
    auto* to = &host;
    ports::Webhook webhook = [this, to](net::Request request, std::string body) {
      return take_request(to, std::move(request), std::move(body));
    };
    CO_TRY_VOID(host.serve(string_or(settings_, "webhookPath", "/slack/events"), std::move(webhook)));
    host.connected(who);
    CO_TRY_VOID(co_await intake_.catch_up(host));
    async::Event never(services_.executor);
    while (true)
      CO_TRY_VOID(co_await never.wait());
  }

  Task<net::Response> take_request(ports::ChannelHost* host, net::Request request, std::string body) {
    using Verdict = SignatureCheck::Verdict;
    const auto verdict = check_.judge(request.headers, body, services_.time.now_ms());
    if (verdict == Verdict::replayed) co_return net::Response{401, {}, "this request was already taken\n"};
    if (verdict != Verdict::good) co_return net::Response{401, {}, "not signed by Slack, or too long ago\n"};
    host->alive();
    Envelope envelope;
    const auto type = request.headers.find("Content-Type").value_or("");
    if (type.starts_with("application/x-www-form-urlencoded")) {
      auto fields = read_form(body);
      const bool interactive = fields.contains("payload");
      envelope.type = interactive ? "interactive" : fields.contains("command") ? "slash_commands" : "";
      envelope.payload = std::move(fields);
    } else {
      auto payload = parse_json(body, "event of Slack");
      if (!payload || !payload->is_object()) co_return net::Response{400, {}, "not an event\n"};
      if (string_or(*payload, "type") == "url_verification")
        co_return net::Response{200, {{"Content-Type", "text/plain"}}, string_or(*payload, "challenge")};
      envelope.type = string_or(*payload, "type") == "event_callback" ? "events_api" : "";
      envelope.payload = std::move(*payload);
    }
    auto taken = co_await intake_.take(*host, std::move(envelope));
    if (!taken) {
      check_.forget(request.headers);
      co_return std::unexpected(taken.error());
    }
    co_return net::Response{200, {}, ""};
  }

  ports::ChannelServices services_;
  Tokens tokens_;
  json::value settings_;
  WebApi api_;
  SignatureCheck check_;
  Intake intake_;
  Sender out_;
  bool status_works_ = true;
};

Result<std::unique_ptr<ports::Channel>> make(ports::ChannelServices services) {
  TRY(auto settings, parse_json(services.settings_json, "settings of Slack"));
  Slack::Tokens tokens;
  TRY(tokens.bot, services.secret("botToken"));
  TRY(tokens.app, services.secret("appToken"));
  TRY(tokens.user, services.secret("userToken"));
  TRY(tokens.signing, services.secret("signingSecret"));
  const auto missing = [](std::string_view what, std::string_view key) {
    return fail(Kind::denied, fmt::format("Slack has no {}.", what),
                fmt::format("Take it from https://api.slack.com/apps and set it with: openclaw config set "
                            "channels.slack.{} VALUE",
                            key));
  };
  const bool http = string_or(settings, "mode", "socket") == "http";
  if (tokens.bot.empty()) return missing("bot token (xoxb-…)", "botToken");
  if (!http && tokens.app.empty()) return missing("app-level token (xapp-…) for Socket Mode", "appToken");
  if (http && tokens.signing.empty())
    return missing("signing secret, without which anybody could write", "signingSecret");
  return std::make_unique<Slack>(std::move(services), std::move(tokens), std::move(settings));
}

} // namespace
} // namespace openclaw::extensions::slack

namespace openclaw::ports {

void register_channels_slack(Registry& registry);
void register_channels_slack(Registry& registry) {
  ChannelType type;
  type.id = "slack";
  type.label = "Slack";
  type.not_there =
      "buttons, dialogs, pins, voice notes as such; people are named by id; threads are not read after a long absence";
  type.setup_keys = {"botToken", "appToken"};
  type.make = extensions::slack::make;
  registry.add_channel(std::move(type));
}

} // namespace openclaw::ports
