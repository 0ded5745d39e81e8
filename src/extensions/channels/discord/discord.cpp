// Discord: events by the gateway, everything else by REST.
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "extensions/channels/discord/dialect.hpp"
#include "extensions/channels/discord/directory.hpp"
#include "extensions/channels/discord/receiver.hpp"
#include "extensions/channels/discord/voice.hpp"
#include "ports/registry.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::discord {
namespace {

namespace rich_text = ports::rich_text;

constexpr std::string_view kPublicBase = "https://discord.com/api";
constexpr std::size_t kTextLimit = 2000;
constexpr std::int64_t kFileIn = 8 * 1024 * 1024;
constexpr std::int64_t kFileOut = 10 * 1024 * 1024; // of servers without boosts
constexpr std::int64_t kTypingRefreshMs = 8000;     // Discord shows it for ten seconds
constexpr std::size_t kMostDirect = 1000;           // and commands
constexpr int kIntents = 1 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 13 | 1 << 15;
constexpr int kMembersIntent = 1 << 1;
constexpr int kPresenceIntent = 1 << 8;
constexpr int kEphemeral = 1 << 6;
constexpr int kVoiceMessage = 1 << 13;

LinkSettings link_settings(const json::value& settings) {
  LinkSettings link;
  link.intents = kIntents;
  if (const auto* intents = find(settings, "intents")) {
    if (bool_or(*intents, "guildMembers", false)) link.intents |= kMembersIntent;
    if (bool_or(*intents, "presence", false)) link.intents |= kPresenceIntent;
  }
  if (const auto* command = find(settings, "slashCommand")) link.ephemeral = bool_or(*command, "ephemeral", true);
  return link;
}

ports::SendReport report_of(const RestAnswer& answer) {
  ports::SendReport report;
  report.problem = answer.problem;
  if (auto id = string_or(answer.body, "id"); !report.problem && !id.empty())
    report.message_ids.push_back(std::move(id));
  return report;
}

// Nothing that a model writes may wake a whole server; only who is replied to is told.
json::object content_of(const ports::Outgoing& message) {
  json::object body;
  body["content"] = message.plain ? escape(message.body.text) : message.body.text;
  body["allowed_mentions"] = json::object{{"parse", json::array()}, {"replied_user", true}};
  // A voice message has no words beside it.
  if (message.file && message.file->type == ports::Attachment::Type::voice && message.body.text.empty())
    if (auto voice = voice_attachment(message.file->bytes, message.file->file_name)) {
      body["attachments"] = json::array{std::move(*voice)};
      body["flags"] = kVoiceMessage;
      body.erase("content");
    }
  return body;
}

class Discord final : public ports::Channel,
                      public ports::Typing,
                      public ports::Editing,
                      public ports::Reactions,
                      public ports::Files,
                      public ports::NativeCommands,
                      public ports::Directory,
                      public ports::Probe {
public:
  Discord(ports::ChannelServices services, Secret token, const json::value& settings)
      : services_(std::move(services)),
        rest_(std::make_shared<RestApi>(services_.time, services_.http, string_or(settings, "restBase", kPublicBase),
                                        std::move(token))),
        link_(link_settings(settings)), receiver_(services_, rest_, link_),
        most_lines_(static_cast<std::size_t>(
            std::clamp<std::int64_t>(integer_or(settings, "maxLinesPerMessage", 17), 5, 2000))) {}

  ports::Capabilities capabilities() const override {
    ports::Capabilities capabilities;
    capabilities.text_limit = kTextLimit;
    capabilities.caption_limit = kTextLimit;
    capabilities.idempotent_send = true; // a nonce is remembered for some minutes
    capabilities.native_replies = true;
    capabilities.threads = true;
    capabilities.file_in_bytes = kFileIn;
    capabilities.file_out_bytes = kFileOut;
    capabilities.edit_interval_ms = 1200;
    capabilities.typing_refresh_ms = kTypingRefreshMs;
    return capabilities;
  }

  ports::Rendered render(const rich_text::Node& document) const override {
    ports::Rendered rendered;
    rendered.text = to_markdown(document);
    rendered.length = codepoints(rendered.text);
    // A tall message is too long as well: people lose their place.
    if (const auto tall = lines(rendered.text); tall > most_lines_)
      rendered.length = std::max(rendered.length, kTextLimit + tall - most_lines_);
    return rendered;
  }

  Result<ports::Chat> chat_of(std::string_view target) const override {
    auto id = std::string(trim(target));
    if (id.starts_with("discord:")) id.erase(0, 8);
    bool person = false;
    for (const auto& [begin, is_person] : {std::pair<std::string_view, bool>{"user:", true},
                                           {"channel:", false},
                                           {"<@!", true},
                                           {"<@", true},
                                           {"<#", false}})
      if (id.starts_with(begin)) {
        id.erase(0, begin.size());
        person = is_person;
        if (begin.front() == '<' && id.ends_with('>')) id.pop_back();
        break;
      }
    if (!is_snowflake(id))
      return fail(Kind::invalid, fmt::format("\"{}\" is no chat of Discord.", printable(target, 80)),
                  "Use channel:ID or user:ID (Developer Mode, right click, Copy ID).");
    ports::Chat chat;
    chat.kind = person ? ports::ChatKind::direct : ports::ChatKind::channel;
    chat.id = person ? "user:" + id : id;
    return chat;
  }

  Task<> receive(ports::ChannelHost& host) override { return receiver_.run(host); }

  Task<ports::SendReport> send(ports::Outgoing message) override {
    if (!message.reply_token.empty()) {
      CO_TRY(auto answered, co_await answer_command(message));
      if (answered) co_return std::move(*answered);
    }
    CO_TRY(auto target, co_await target_of(message.chat));
    if (target.problem) co_return ports::SendReport{{}, std::move(target.problem)};
    auto body = content_of(message);
    RestCall call{"POST", fmt::format("/channels/{}/messages", target.id), {}, std::move(message.file)};
    // A repeated nonce gives back the message that is there already. At most 25 characters.
    body["nonce"] = sha256_hex(message.idempotency_key).substr(0, 24);
    body["enforce_nonce"] = true;
    if (is_snowflake(message.reply_to))
      body["message_reference"] = json::object{{"message_id", message.reply_to}, {"fail_if_not_exists", false}};
    call.body = json::value(std::move(body));
    CO_TRY(const auto answer, co_await rest_->call(std::move(call)));
    co_return report_of(answer);
  }

  ports::Typing* typing() override { return this; }
  Task<> show_typing(ports::Chat chat) override {
    CO_TRY(const auto target, co_await target_of(std::move(chat)));
    if (target.problem) co_return fail(Kind::remote, target.problem->message);
    RestCall call{"POST", fmt::format("/channels/{}/typing", target.id), {}, {}};
    CO_TRY(const auto answer, co_await rest_->call(std::move(call)));
    // Where it is refused it is not asked again: too many refusals lock a bot out.
    if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
    co_return Result<>{};
  }

  ports::Editing* editing() override { return this; }
  Task<ports::SendReport> edit(std::string message_id, ports::Outgoing message) override {
    CO_TRY(auto target, co_await target_of(message.chat));
    if (target.problem) co_return ports::SendReport{{}, std::move(target.problem)};
    RestCall call{"PATCH", fmt::format("/channels/{}/messages/{}", target.id, percent_encoded(message_id)), {}, {}};
    if (!message.reply_token.empty()) {
      call.path = fmt::format("/webhooks/{}/messages/{}", message.reply_token, percent_encoded(message_id));
      call.with_token = false;
    }
    call.body = json::value(content_of(message));
    CO_TRY(const auto answer, co_await rest_->call(std::move(call)));
    co_return report_of(answer);
  }
  Task<ports::SendReport> remove(ports::Chat chat, std::string message_id) override {
    CO_TRY(auto target, co_await target_of(std::move(chat)));
    if (target.problem) co_return ports::SendReport{{}, std::move(target.problem)};
    RestCall call{"DELETE", fmt::format("/channels/{}/messages/{}", target.id, percent_encoded(message_id)), {}, {}};
    call.patient = true;
    CO_TRY(const auto answer, co_await rest_->call(std::move(call)));
    co_return report_of(answer);
  }

  ports::Reactions* reactions() override { return this; }
  Task<> react(ports::Chat chat, std::string message_id, std::string emoji, bool remove) override {
    // A server's own emoji is named NAME:ID.
    if (emoji.starts_with('<') && emoji.ends_with('>')) emoji = emoji.substr(1, emoji.size() - 2);
    if (emoji.starts_with("a:") || emoji.starts_with(':')) emoji.erase(0, emoji.find(':') + 1);
    CO_TRY(const auto target, co_await target_of(std::move(chat)));
    if (target.problem) co_return fail(Kind::remote, target.problem->message);
    RestCall call{remove ? "DELETE" : "PUT",
                  fmt::format("/channels/{}/messages/{}/reactions/{}/@me", target.id, percent_encoded(message_id),
                              percent_encoded(emoji)),
                  {},
                  {}};
    call.patient = true;
    CO_TRY(const auto answer, co_await rest_->call(std::move(call)));
    if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
    co_return Result<>{};
  }

  ports::Files* files() override { return this; }
  Task<std::string> fetch(ports::Attachment attachment, std::size_t limit) override {
    co_return co_await rest_->download(std::move(attachment.reference), limit, std::move(attachment.mime_type));
  }

  ports::NativeCommands* native_commands() override { return this; }
  Task<> publish(std::vector<ports::CommandHelp> commands) override {
    RestCall who{"GET", "/applications/@me", {}, {}};
    CO_TRY(const auto application, co_await rest_->call(std::move(who)));
    if (application.problem) co_return std::unexpected(refusal(application));
    json::array list;
    for (const auto& command : commands) {
      if (list.size() >= 100) break;
      json::object argument{{"type", 3}, {"name", "arguments"}, {"description", "What follows the command"}};
      const auto help = utf8_prefix(command.help.empty() ? command.name : command.help, 100);
      list.push_back(json::object{{"name", lowercase_ascii(command.name)},
                                  {"description", help},
                                  {"type", 1},
                                  {"options", json::array{std::move(argument)}}});
    }
    RestCall call{"PUT", fmt::format("/applications/{}/commands", string_or(application.body, "id")), {}, {}};
    call.body = json::value(std::move(list));
    call.patient = true;
    CO_TRY(const auto answer, co_await rest_->call(std::move(call)));
    if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
    co_return Result<>{};
  }

  ports::Directory* directory() override { return this; }
  Task<std::vector<ports::DirectoryEntry>> find(bool people, std::string query, std::size_t limit) override {
    if (people) co_return co_await find_people(rest_, std::move(query), limit);
    co_return co_await find_channels(rest_, std::move(query), limit);
  }

  ports::Probe* probe() override { return this; }
  Task<std::string> who() override {
    RestCall call{"GET", "/users/@me", {}, {}};
    CO_TRY(const auto answer, co_await rest_->call(std::move(call)));
    if (answer.problem) co_return std::unexpected(refusal(answer));
    co_return "@" + string_or(answer.body, "username");
  }

private:
  struct Target {
    std::string id;
    std::optional<ports::SendProblem> problem;
  };

  // The channel that a chat is: a thread is one itself, and a person's is opened at first use.
  Task<Target> target_of(ports::Chat chat) {
    if (!chat.thread_id.empty()) co_return Target{std::move(chat.thread_id), {}};
    if (!chat.id.starts_with("user:")) co_return Target{std::move(chat.id), {}};
    if (const auto known = direct_.find(chat.id); known != direct_.end()) co_return Target{known->second, {}};
    RestCall call{"POST", "/users/@me/channels", {}, {}};
    call.body = json::value(json::object{{"recipient_id", chat.id.substr(5)}});
    call.patient = true;
    CO_TRY(auto answer, co_await rest_->call(std::move(call)));
    auto id = string_or(answer.body, "id");
    if (!answer.problem && !is_snowflake(id))
      answer.problem = ports::SendProblem{ports::SendFault::transient, "Discord opened no chat with this person.", 0};
    // Nothing was sent yet: that no answer came does no harm.
    if (answer.problem && answer.problem->fault == ports::SendFault::ambiguous)
      answer.problem->fault = ports::SendFault::transient;
    if (answer.problem) co_return Target{{}, std::move(answer.problem)};
    if (direct_.size() >= kMostDirect) direct_.clear();
    direct_[chat.id] = id;
    co_return Target{std::move(id), {}};
  }

  // As the answer to a command: the first part fills in what said "thinking", others follow. Nothing when the command
  // is too old for that (15 minutes).
  Task<std::optional<ports::SendReport>> answer_command(ports::Outgoing message) {
    const auto key = message.idempotency_key;
    // An answer may come in blocks, and each begins with a part 0: only one of them fills the place.
    const auto filled = originals_.find(message.reply_token);
    const bool first = (key.ends_with("-0") || key.ends_with("-preview")) &&
                       (filled == originals_.end() || filled->second == key || filled->second.ends_with("-preview"));
    auto body = content_of(message);
    if (!first && link_.ephemeral && !message.chat.space_id.empty())
      body["flags"] = integer_or(body, "flags", 0) | kEphemeral;
    RestCall call{first ? "PATCH" : "POST", "/webhooks/" + message.reply_token, {}, std::move(message.file)};
    call.path += first ? "/messages/@original" : "?wait=true";
    call.body = json::value(std::move(body));
    call.with_token = false;
    call.repeatable = first;
    CO_TRY(const auto answer, co_await rest_->call(std::move(call)));
    if (answer.status == 404 || answer.status == 401) co_return std::optional<ports::SendReport>();
    auto report = report_of(answer);
    if (first && !report.problem) {
      if (originals_.size() >= kMostDirect) originals_.clear();
      originals_[message.reply_token] = key;
    }
    // Unlike everything else, this has no nonce: a second one would be seen twice.
    if (!first && report.problem && report.problem->fault == ports::SendFault::ambiguous) {
      report.problem->fault = ports::SendFault::unsupported;
      report.problem->message += " It may have arrived.";
    }
    co_return std::optional<ports::SendReport>(std::move(report));
  }

  ports::ChannelServices services_;
  std::shared_ptr<RestApi> rest_;
  LinkSettings link_;
  Receiver receiver_;
  std::size_t most_lines_;
  std::map<std::string, std::string> direct_;    // "user:ID" to the channel
  std::map<std::string, std::string> originals_; // by a command's token: the key of what fills its place
};

Result<std::unique_ptr<ports::Channel>> make(ports::ChannelServices services) {
  TRY(const auto settings, parse_json(services.settings_json, "settings of Discord"));
  TRY(auto token, services.secret("token"));
  if (token.empty())
    return fail(Kind::denied, "Discord has no bot token.",
                "Make a bot at https://discord.com/developers and set its token with: openclaw config set "
                "channels.discord.token TOKEN");
  return std::make_unique<Discord>(std::move(services), std::move(token), settings);
}

} // namespace
} // namespace openclaw::extensions::discord

namespace openclaw::ports {

void register_channels_discord(Registry& registry);
void register_channels_discord(Registry& registry) {
  ChannelType type;
  type.id = "discord";
  type.label = "Discord";
  type.not_there = "polls, buttons of our own, voice channels, sharding, threads made for answers";
  type.setup_keys = {"token"};
  type.make = extensions::discord::make;
  registry.add_channel(std::move(type));
}

} // namespace openclaw::ports
