// Telegram by the Bot API: long polling, or a webhook on the second listener.
#include "base/hash.hpp"
#include "base/text.hpp"
#include "extensions/channels/telegram/bot_api.hpp"
#include "extensions/channels/telegram/dialect.hpp"
#include "extensions/channels/telegram/updates.hpp"
#include "extensions/channels/telegram/webhook_inbox.hpp"
#include "ports/registry.hpp"
#include <fmt/core.h>

namespace openclaw::extensions::telegram {
namespace {

namespace rich_text = ports::rich_text;

constexpr std::string_view kPublicRoot = "https://api.telegram.org";
constexpr std::int64_t kPollSeconds = 30;
constexpr std::int64_t kPollTimeoutMs = 45'000; // the poll's own time and a margin
constexpr std::size_t kTextLimit = 4096;        // UTF-16 units after the markup is read
constexpr std::size_t kCaptionLimit = 1024;
constexpr std::int64_t kFileOut = 50 * 1024 * 1024;
constexpr std::int64_t kFileIn = 20 * 1024 * 1024; // of the public server
constexpr std::int64_t kTypingRefreshMs = 4000;    // Telegram shows it for five seconds
constexpr std::int64_t kAlbumMs = 500;             // the pictures of an album come one by one
constexpr std::size_t kMostCommands = 100;
constexpr std::size_t kLongestHelp = 256;

ports::SendReport report_of(const ApiAnswer& answer) {
  ports::SendReport report;
  if (answer.problem) {
    report.problem = answer.problem;
    return report;
  }
  if (const auto id = integer_or(answer.result, "message_id", 0); id != 0)
    report.message_ids.push_back(std::to_string(id));
  return report;
}

class Telegram final : public ports::Channel,
                       public ports::Typing,
                       public ports::Editing,
                       public ports::Reactions,
                       public ports::Files,
                       public ports::NativeCommands,
                       public ports::Probe {
public:
  Telegram(ports::ChannelServices services, Secret token, json::value settings)
      : services_(std::move(services)), settings_(std::move(settings)),
        api_(services_.http, string_or(settings_, "apiRoot", kPublicRoot), std::move(token)) {}

  ports::Capabilities capabilities() const override {
    ports::Capabilities capabilities;
    capabilities.text_limit = kTextLimit;
    capabilities.caption_limit = kCaptionLimit;
    capabilities.native_replies = true;
    capabilities.threads = true;
    capabilities.file_in_bytes = kFileIn;
    capabilities.file_out_bytes = kFileOut;
    capabilities.edit_interval_ms = 1000;
    capabilities.typing_refresh_ms = kTypingRefreshMs;
    return capabilities;
  }

  ports::Rendered render(const rich_text::Node& document) const override {
    return {rich_text::render(document, marks()), {}, rich_text::utf16_length(rich_text::plain_text(document))};
  }

  Result<ports::Chat> chat_of(std::string_view target) const override {
    auto id = std::string(trim(target));
    for (const std::string_view prefix : {"telegram:", "tg:"})
      if (id.starts_with(prefix)) id.erase(0, prefix.size());
    ports::Chat chat;
    if (const auto topic = id.find(":topic:"); topic != std::string::npos) {
      chat.thread_id = id.substr(topic + 7);
      id.resize(topic);
    }
    const bool number =
        !id.empty() && id.find_first_not_of("0123456789", id.front() == '-' ? 1 : 0) == std::string::npos;
    if (!number && !(id.starts_with('@') && id.size() > 1))
      return fail(Kind::invalid, fmt::format("\"{}\" is no Telegram chat.", printable(target, 80)),
                  "Use a chat's number, -100… for groups, @name for public channels, with :topic:NUMBER behind it for "
                  "a topic.");
    chat.kind = id.starts_with('-') || id.starts_with('@') ? ports::ChatKind::group : ports::ChatKind::direct;
    chat.id = std::move(id);
    return chat;
  }

  Task<> receive(ports::ChannelHost& host) override {
    CO_TRY_VOID(co_await introduce(host));
    const auto url = string_or(settings_, "webhookUrl");
    if (url.empty()) co_return co_await poll(host);
    co_return co_await listen(host, url);
  }

  Task<ports::SendReport> send(ports::Outgoing message) override {
    auto parameters = target_of(message.chat);
    add_reply(parameters, message);
    const auto markup = message.plain ? std::string_view() : std::string_view("HTML");
    if (message.file) co_return co_await send_file(std::move(parameters), std::move(message), markup);
    parameters["text"] = message.body.text;
    if (!markup.empty()) parameters["parse_mode"] = markup;
    CO_TRY(const auto answer, co_await api_.call("sendMessage", std::move(parameters)));
    co_return report_of(answer);
  }

  ports::Typing* typing() override { return this; }
  Task<> show_typing(ports::Chat chat) override {
    json::object parameters{{"chat_id", chat.id}, {"action", "typing"}};
    if (!chat.thread_id.empty()) parameters["message_thread_id"] = std::atoll(chat.thread_id.c_str());
    CO_TRY([[maybe_unused]] const auto answer, co_await api_.call("sendChatAction", std::move(parameters)));
    co_return Result<>{};
  }

  ports::Editing* editing() override { return this; }
  Task<ports::SendReport> edit(std::string message_id, ports::Outgoing message) override {
    json::object parameters{
        {"chat_id", message.chat.id}, {"message_id", std::atoll(message_id.c_str())}, {"text", message.body.text}};
    if (!message.plain) parameters["parse_mode"] = "HTML";
    CO_TRY(auto answer, co_await api_.call("editMessageText", std::move(parameters)));
    if (answer.problem && answer.problem->message.find("not modified") != std::string::npos) answer.problem.reset();
    auto report = report_of(answer);
    if (!report.problem && report.message_ids.empty()) report.message_ids.push_back(message_id);
    co_return report;
  }
  Task<ports::SendReport> remove(ports::Chat chat, std::string message_id) override {
    json::object parameters{{"chat_id", chat.id}, {"message_id", std::atoll(message_id.c_str())}};
    CO_TRY(const auto answer, co_await api_.call("deleteMessage", std::move(parameters)));
    co_return report_of(answer);
  }

  ports::Reactions* reactions() override { return this; }
  Task<> react(ports::Chat chat, std::string message_id, std::string emoji, bool remove) override {
    json::array list;
    if (!remove) list.push_back(json::object{{"type", "emoji"}, {"emoji", emoji}});
    json::object parameters{
        {"chat_id", chat.id}, {"message_id", std::atoll(message_id.c_str())}, {"reaction", std::move(list)}};
    CO_TRY(const auto answer, co_await api_.call("setMessageReaction", std::move(parameters)));
    if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
    co_return Result<>{};
  }

  ports::Files* files() override { return this; }
  Task<std::string> fetch(ports::Attachment attachment, std::size_t limit) override {
    json::object parameters{{"file_id", attachment.reference}};
    CO_TRY(const auto answer, co_await api_.call("getFile", std::move(parameters)));
    if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
    auto path = string_or(answer.result, "file_path");
    if (path.empty() || path.find("..") != std::string::npos)
      co_return fail(Kind::remote, "Telegram does not say where it is");
    CO_TRY(auto bytes, co_await api_.download(std::move(path), limit));
    // A page instead of a picture is an error page.
    if (attachment.type == ports::Attachment::Type::image && (bytes.starts_with("<!") || bytes.starts_with("<html")))
      co_return fail(Kind::invalid, "what came is a web page, not a picture");
    co_return bytes;
  }

  ports::NativeCommands* native_commands() override { return this; }
  Task<> publish(std::vector<ports::CommandHelp> commands) override {
    json::array list;
    for (const auto& command : commands) {
      // One name that Telegram refuses would cost the whole list.
      if (list.size() == kMostCommands || !is_command_name(command.name)) continue;
      const auto help = utf8_prefix(command.help.empty() ? command.name : command.help, kLongestHelp);
      list.push_back(json::object{{"command", command.name}, {"description", help}});
    }
    json::object parameters{{"commands", std::move(list)}};
    CO_TRY(const auto answer, co_await api_.call("setMyCommands", std::move(parameters)));
    if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
    co_return Result<>{};
  }

  ports::Probe* probe() override { return this; }
  Task<std::string> probe_account() {
    CO_TRY(const auto answer, co_await api_.call("getMe", {}));
    if (answer.problem) co_return std::unexpected(refusal(answer));
    me_ = {std::to_string(integer_or(answer.result, "id", 0)), string_or(answer.result, "username")};
    co_return "@" + me_.username;
  }
  Task<std::string> who() override { return probe_account(); }

private:
  Task<> introduce(ports::ChannelHost& host) {
    CO_TRY(auto who, co_await probe_account());
    host.connected(who);
    co_return Result<>{};
  }

  static json::array wanted_updates() {
    return {"message", "edited_message", "channel_post", "callback_query", "message_reaction", "my_chat_member"};
  }

  Task<> poll(ports::ChannelHost& host) {
    json::object none;
    CO_TRY(const auto cleared, co_await api_.call("deleteWebhook", std::move(none)));
    if (cleared.problem && cleared.problem->fault != ports::SendFault::unsupported)
      co_return std::unexpected(refusal(cleared));
    std::int64_t offset = std::atoll(host.checkpoint().c_str());
    std::string awaited_album;
    while (true) {
      json::object parameters{{"timeout", kPollSeconds}, {"allowed_updates", wanted_updates()}};
      if (offset > 0) parameters["offset"] = offset;
      CO_TRY(const auto answer, co_await api_.call("getUpdates", std::move(parameters), kPollTimeoutMs));
      if (answer.problem && answer.problem->fault == ports::SendFault::retry_after) {
        CO_TRY_VOID(co_await services_.time.sleep_ms(std::min<std::int64_t>(answer.problem->retry_after_ms, 60'000)));
        continue;
      }
      if (answer.problem) co_return std::unexpected(refusal(answer));
      host.alive();
      if (!answer.result.is_array()) continue;
      auto updates = answer.result.get_array();
      // The rest of an album that has just begun may be on its way; until it is there nothing is acknowledged.
      auto album = updates.empty() ? std::string() : album_of(updates.back());
      if (!album.empty() && album != awaited_album) {
        awaited_album = std::move(album);
        CO_TRY_VOID(co_await services_.time.sleep_ms(kAlbumMs));
        continue;
      }
      CO_TRY_VOID(co_await take(host, updates));
      for (const auto& update : updates)
        offset = std::max<std::int64_t>(offset, integer_or(update, "update_id", -1) + 1);
    }
  }

  Task<> take(ports::ChannelHost& host, json::array updates) {
    for (const auto& update : updates)
      if (const auto moved = moved_group(update))
        host.warn(fmt::format("The group {} is {} now: change its id in channels.telegram.groups.", moved->first,
                              moved->second));
    for (auto& event : events_from(updates, me_)) {
      if (event.type == ports::EventType::callback && !event.reply_token.empty()) {
        json::object parameters{{"callback_query_id", event.reply_token}};
        services_.background.spawn("telegram callback", answer_callback(std::move(parameters)));
        event.reply_token.clear();
      }
      CO_TRY_VOID(co_await host.receive(std::move(event)));
    }
    co_return Result<>{};
  }

  Task<> answer_callback(json::object parameters) {
    auto answered = co_await api_.call("answerCallbackQuery", std::move(parameters));
    (void)answered; // the button stops spinning; nothing depends on it
    co_return Result<>{};
  }

  Task<> listen(ports::ChannelHost& host, std::string url) {
    CO_TRY(auto secret, services_.secret("webhookSecret"));
    if (secret.empty())
      co_return fail(Kind::denied, "A Telegram webhook needs a secret, or anybody could write to it.",
                     "Set one with: openclaw config set channels.telegram.webhookSecret SECRET");
    const auto path = string_or(settings_, "webhookPath", "/telegram");
    const auto inbox = std::make_shared<WebhookInbox>(services_.executor, secret);
    // Requests that are under way when this ends must not wait for us.
    const WebhookInbox::Closer closer{*inbox};
    ports::Webhook webhook = [inbox](net::Request request, std::string body) {
      return WebhookInbox::answer(inbox, std::move(request), std::move(body));
    };
    CO_TRY_VOID(host.serve(path, std::move(webhook)));
    json::object parameters{{"url", url}, {"secret_token", secret.reveal()}, {"allowed_updates", wanted_updates()}};
    CO_TRY(const auto answer, co_await api_.call("setWebhook", std::move(parameters)));
    if (answer.problem) co_return std::unexpected(refusal(answer));
    while (true) {
      CO_TRY(auto batch, co_await inbox->next());
      host.alive();
      if (!album_of(batch.back()->update).empty()) {
        CO_TRY_VOID(co_await services_.time.sleep_ms(kAlbumMs));
        inbox->add_waiting(batch);
      }
      json::array updates;
      for (const auto& item : batch)
        updates.push_back(item->update);
      auto taken = co_await take(host, std::move(updates));
      inbox->finish(batch, taken);
      CO_TRY_VOID(std::move(taken));
    }
  }

  static void add_reply(json::object& parameters, const ports::Outgoing& message) {
    if (message.reply_to.empty()) return;
    parameters["reply_parameters"] =
        json::object{{"message_id", std::atoll(message.reply_to.c_str())}, {"allow_sending_without_reply", true}};
  }

  Task<ports::SendReport> send_file(json::object parameters, ports::Outgoing message, std::string_view markup) {
    using Type = ports::Attachment::Type;
    std::string method = "sendDocument";
    std::string field = "document";
    const auto& file = *message.file;
    // Other sounds are taken as documents only.
    const bool playable = file.mime_type == "audio/mpeg" || file.mime_type == "audio/mp4";
    // Photos above 10 MB are taken as documents only.
    if (file.type == Type::image && file.bytes.size() < 10 * 1024 * 1024 && file.mime_type != "image/gif") {
      method = "sendPhoto";
      field = "photo";
    } else if (file.type == Type::image && file.mime_type == "image/gif") {
      method = "sendAnimation";
      field = "animation";
    } else if (file.type == Type::voice && (file.mime_type == "audio/ogg" || playable)) {
      method = "sendVoice";
      field = "voice";
    } else if ((file.type == Type::audio || file.type == Type::voice) && playable) {
      method = "sendAudio";
      field = "audio";
    } else if (file.type == Type::video) {
      method = "sendVideo";
      field = "video";
    }
    if (!message.body.text.empty()) {
      parameters["caption"] = message.body.text;
      if (!markup.empty()) parameters["parse_mode"] = markup;
    }
    auto bytes = std::move(*message.file);
    CO_TRY(const auto answer,
           co_await api_.upload(std::move(method), std::move(parameters), std::move(field), std::move(bytes)));
    co_return report_of(answer);
  }

  ports::ChannelServices services_;
  json::value settings_;
  BotApi api_;
  Me me_;
};

Result<std::unique_ptr<ports::Channel>> make(ports::ChannelServices services) {
  TRY(auto settings, parse_json(services.settings_json, "settings of Telegram"));
  TRY(auto token, services.secret("botToken"));
  if (token.empty())
    return fail(Kind::denied, "Telegram has no bot token.",
                "Get one from @BotFather and set it with: openclaw config set channels.telegram.botToken TOKEN");
  return std::make_unique<Telegram>(std::move(services), std::move(token), std::move(settings));
}

} // namespace
} // namespace openclaw::extensions::telegram

namespace openclaw::ports {

void register_channels_telegram(Registry& registry);
void register_channels_telegram(Registry& registry) {
  ChannelType type;
  type.id = "telegram";
  type.label = "Telegram";
  type.not_there = "polls, inline queries, payments";
  type.setup_keys = {"botToken"};
  type.make = extensions::telegram::make;
  registry.add_channel(std::move(type));
}

} // namespace openclaw::ports
