// WhatsApp Web: a linked device of the owner's number, by the unmodified Baileys in a confined process of its own.
#include "base/text.hpp"
#include "extensions/channels/whatsapp/dialect.hpp"
#include "extensions/channels/whatsapp/link.hpp"
#include "extensions/channels/whatsapp/login_files.hpp"
#include "ports/registry.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::whatsapp {
namespace {

namespace rich_text = ports::rich_text;
using ports::SendFault;

constexpr std::size_t kTextLimit = 4000; // as OpenClaw; WhatsApp takes 65,536
constexpr std::int64_t kFileIn = 50 * 1024 * 1024;
constexpr std::int64_t kFileOut = 16 * 1024 * 1024;
constexpr std::int64_t kTypingRefreshMs = 8000; // WhatsApp shows it for ten seconds
constexpr std::int64_t kAnswerMs = 45'000;      // the sidecar itself waits 20 s for WhatsApp's answer
constexpr std::int64_t kUploadMs = 180'000;
constexpr std::int64_t kLimitPauseMs = 5000; // WhatsApp does not say how long its limits last
constexpr std::size_t kPiece = 256 * 1024;
constexpr double kAtOnce = 10; // messages that may follow each other without a pause

SendFault fault_from(std::string_view name) {
  if (name == "ambiguous") return SendFault::ambiguous;
  if (name == "limit") return SendFault::retry_after;
  if (name == "missing") return SendFault::missing;
  if (name == "refused") return SendFault::refused;
  if (name == "invalid") return SendFault::unsupported;
  return SendFault::transient;
}

Result<ports::SendReport> report_of(const Result<json::value>& answer) {
  ports::SendReport report;
  if (answer) {
    report.message_ids.push_back(string_or(*answer, "id"));
    return report;
  }
  if (answer.error().kind == Kind::cancelled) return std::unexpected(answer.error());
  report.problem = ports::SendProblem{fault_from(answer.error().code), answer.error().message, kLimitPauseMs};
  return report;
}

std::string_view kind_of(const ports::OutgoingFile& file) {
  using Type = ports::Attachment::Type;
  if (file.type == Type::image && (file.mime_type == "image/jpeg" || file.mime_type == "image/png")) return "image";
  if (file.type == Type::video && file.mime_type == "video/mp4") return "video";
  if (file.type == Type::voice || file.mime_type == "audio/ogg") return "voice";
  if (file.type == Type::audio) return "audio";
  return "document";
}

json::array names(const std::vector<std::string>& list) {
  json::array array;
  for (const auto& name : list)
    array.emplace_back(name);
  return array;
}

class WhatsApp final : public ports::Channel,
                       public ports::Typing,
                       public ports::Editing,
                       public ports::Reactions,
                       public ports::Files,
                       public ports::Probe,
                       public ports::Login,
                       public ports::Directory {
public:
  WhatsApp(ports::ChannelServices services, json::object settings)
      : services_(std::move(services)), settings_(std::move(settings)),
        keys_(std::make_shared<KeyLog>(services_.folder, services_.folder_key)) {}

  ports::Capabilities capabilities() const override {
    ports::Capabilities capabilities;
    capabilities.text_limit = kTextLimit;
    capabilities.idempotent_send = true; // a message's id is made from our key
    capabilities.native_replies = true;
    capabilities.file_in_bytes = kFileIn;
    capabilities.file_out_bytes = kFileOut;
    capabilities.edit_interval_ms = 2000;
    capabilities.typing_refresh_ms = kTypingRefreshMs;
    return capabilities;
  }
  ports::Rendered render(const rich_text::Node& document) const override {
    auto text = rich_text::render(document, marks());
    const auto length = rich_text::utf16_length(text);
    return {std::move(text), {}, length};
  }
  Result<ports::Chat> chat_of(std::string_view target) const override { return chat_from(target); }

  Task<> receive(ports::ChannelHost& host) override {
    // Each round is one linked device; the next begins with a code.
    while (true) {
      InstallationSettings wanted{programs_folder(), string_or(settings_, "sidecarFolder"),
                                  string_or(settings_, "nodePath")};
      auto* to = &host;
      std::function<void(std::string)> say = [to](std::string what) { to->warn(std::move(what)); };
      CO_TRY(auto program, co_await prepare_program(services_.executor, std::move(wanted), std::move(say)));
      LinkPlan plan{services_.executor, services_.time, std::move(program), keys_, sidecar_settings()};
      link_ = std::make_shared<Link>(std::move(plan), host);
      auto ended = co_await Link::live(link_);
      link_.reset();
      if (!ended) co_return std::unexpected(ended.error());
    }
  }

  Task<ports::SendReport> send(ports::Outgoing message) override {
    CO_TRY_VOID(co_await wait_for_turn());
    const auto id = message_id_of(message.idempotency_key);
    json::object params{{"to", message.chat.id}, {"id", id}, {"text", message.body.text}};
    if (!message.reply_to.empty()) params["replyTo"] = message.reply_to;
    if (message.chat.kind != ports::ChatKind::direct) params["mentions"] = names(mentions_in(message.body.text));
    if (!message.file) {
      const auto answer = co_await ask("send", std::move(params), kAnswerMs);
      co_return report_of(answer);
    }
    auto file = std::move(*message.file);
    const auto kind = kind_of(file);
    const bool bare = kind == "voice" || kind == "audio"; // these have no caption
    if (bare) params["text"] = "";
    CO_TRY_VOID(co_await hand_over(id, std::move(file.bytes)));
    params["file"] = json::object{{"id", id}, {"kind", kind}, {"type", file.mime_type}, {"name", file.file_name}};
    const auto answer = co_await ask("send", std::move(params), kUploadMs);
    CO_TRY(auto report, report_of(answer));
    if (report.problem || !bare || message.body.text.empty()) co_return report;
    message.file.reset();
    message.reply_to.clear();
    message.idempotency_key += "-words";
    CO_TRY(auto words, co_await send(std::move(message)));
    words.message_ids.insert(words.message_ids.begin(), report.message_ids.begin(), report.message_ids.end());
    co_return words;
  }

  ports::Typing* typing() override { return this; }
  Task<> show_typing(ports::Chat chat) override { return type(std::move(chat), true); }
  Task<> stop_typing(ports::Chat chat) override { return type(std::move(chat), false); }

  ports::Editing* editing() override { return this; }
  Task<ports::SendReport> edit(std::string message_id, ports::Outgoing message) override {
    CO_TRY_VOID(co_await wait_for_turn());
    const auto key = fmt::format("edit\n{}\n{}", message_id, message.body.text);
    json::object params{
        {"to", message.chat.id}, {"id", message_id_of(key)}, {"target", message_id}, {"text", message.body.text}};
    if (message.chat.kind != ports::ChatKind::direct) params["mentions"] = names(mentions_in(message.body.text));
    const auto answer = co_await ask("edit", std::move(params), kAnswerMs);
    CO_TRY(auto report, report_of(answer));
    if (!report.problem) report.message_ids = {message_id};
    co_return report;
  }
  Task<ports::SendReport> remove(ports::Chat chat, std::string message_id) override {
    json::object params{{"to", chat.id}, {"id", message_id_of("remove\n" + message_id)}, {"target", message_id}};
    const auto answer = co_await ask("remove", std::move(params), kAnswerMs);
    co_return report_of(answer);
  }

  ports::Reactions* reactions() override { return this; }
  Task<> react(ports::Chat chat, std::string message_id, std::string emoji, bool remove) override {
    json::object params{{"to", chat.id},
                        {"id", message_id_of(random_hex(services_.random, 16))},
                        {"target", message_id},
                        {"emoji", remove ? std::string() : emoji}};
    CO_TRY([[maybe_unused]] const auto answer, co_await ask("react", std::move(params), kAnswerMs));
    co_return Result<>{};
  }

  ports::Files* files() override { return this; }
  Task<std::string> fetch(ports::Attachment attachment, std::size_t limit) override {
    CO_TRY(const auto reference, parse_json(attachment.reference, "reference of a file"));
    auto parameters = reference.is_object() ? reference.get_object() : json::object();
    const auto link = link_;
    CO_TRY(auto bytes, co_await Link::fetch(link, std::move(parameters), limit));
    // A page instead of a picture is an error page.
    if (attachment.type == ports::Attachment::Type::image && (bytes.starts_with("<!") || bytes.starts_with("<html")))
      co_return fail(Kind::invalid, "what came is a web page, not a picture");
    co_return bytes;
  }

  ports::Probe* probe() override { return this; }
  Task<std::string> who() override {
    if (!link_ || !link_->up())
      co_return fail(Kind::transient, "WhatsApp is not connected.", "See: openclaw channels status");
    co_return person_id(link_->me().number);
  }

  ports::Login* login() override { return this; }
  Task<> log_out() override {
    const auto link = link_;
    if (link) co_return co_await Link::log_out(link);
    co_return keys_->erase();
  }

  ports::Directory* directory() override { return this; }
  Task<std::vector<ports::DirectoryEntry>> find(bool people, std::string query, std::size_t limit) override {
    std::vector<ports::DirectoryEntry> found;
    if (people) co_return found; // a linked device is not given the phone's address book
    json::object none;
    CO_TRY(const auto answer, co_await ask("groups", std::move(none), kAnswerMs));
    const auto wanted = lowercase_ascii(query);
    if (const auto* groups = openclaw::find(answer, "groups"); groups && groups->is_array())
      for (const auto& group : groups->get_array()) {
        ports::DirectoryEntry entry{string_or(group, "id"), string_or(group, "name"), {}, ports::ChatKind::group};
        const bool fits =
            lowercase_ascii(entry.name).find(wanted) != std::string::npos || entry.id.find(wanted) != std::string::npos;
        if (fits && found.size() < limit) found.push_back(std::move(entry));
      }
    co_return found;
  }

private:
  Task<json::value> ask(std::string method, json::object params, std::int64_t timeout_ms) {
    return Link::request(link_, std::move(method), std::move(params), timeout_ms);
  }

  Task<> type(ports::Chat chat, bool on) {
    json::object params{{"to", chat.id}, {"on", on}};
    CO_TRY([[maybe_unused]] const auto answer, co_await ask("typing", std::move(params), kAnswerMs));
    co_return Result<>{};
  }

  // The bytes of a file, in pieces that fit a line.
  Task<> hand_over(std::string id, std::string bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
      const auto piece = std::string_view(bytes).substr(at, kPiece);
      json::object params{{"id", id},
                          {"data", to_base64({reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size()})}};
      CO_TRY_VOID(co_await Link::note(link_, "put", std::move(params)));
    }
    co_return Result<>{};
  }

  // WhatsApp has no limit that it tells: whoever sends too fast is banned. A few at once, then one after the other.
  Task<> wait_for_turn() {
    const double interval = 1000.0 / std::clamp(number_or(settings_, "messagesPerSecond", 1), 0.01, 100.0);
    const auto now = static_cast<double>(services_.time.monotonic_ms());
    next_turn_ms_ = std::max(next_turn_ms_, now - kAtOnce * interval) + interval;
    if (next_turn_ms_ > now)
      CO_TRY_VOID(co_await services_.time.sleep_ms(static_cast<std::int64_t>(next_turn_ms_ - now)));
    co_return Result<>{};
  }

  // Beside the accounts' folders: all of them use the same.
  std::string programs_folder() const { return services_.folder.substr(0, services_.folder.rfind('/')) + "/program"; }
  json::object sidecar_settings() const {
    return {{"url", string_or(settings_, "url")},
            {"mediaUrl", string_or(settings_, "mediaUrl")},
            {"selfChatMode", bool_or(settings_, "selfChatMode", false)},
            {"readReceipts", bool_or(settings_, "sendReadReceipts", true)}};
  }

  ports::ChannelServices services_;
  json::object settings_;
  std::shared_ptr<KeyLog> keys_;
  Link::Self link_;
  double next_turn_ms_ = 0;
};

Result<std::unique_ptr<ports::Channel>> make(ports::ChannelServices services) {
  TRY(auto settings, parse_json(services.settings_json, "settings of WhatsApp"));
  if (!settings.is_object()) return fail(Kind::invalid, "The settings of WhatsApp are no object.");
  return std::make_unique<WhatsApp>(std::move(services), std::move(settings.get_object()));
}

} // namespace
} // namespace openclaw::extensions::whatsapp

namespace openclaw::ports {

void register_channels_whatsapp(Registry& registry);
void register_channels_whatsapp(Registry& registry) {
  ChannelType type;
  type.id = "whatsapp";
  type.label = "WhatsApp";
  type.not_there = "linking by a pairing code, polls, stories, calls, the Cloud API";
  type.make = extensions::whatsapp::make;
  type.login_folder = extensions::whatsapp::login_folder();
  registry.add_channel(std::move(type));
}

} // namespace openclaw::ports
