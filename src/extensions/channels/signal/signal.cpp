// Signal by signal-cli's daemon (HTTP): one that runs already, or one of our own.
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "extensions/channels/signal/daemon.hpp"
#include "extensions/channels/signal/daemon_api.hpp"
#include "extensions/channels/signal/envelopes.hpp"
#include "extensions/channels/signal/event_file.hpp"
#include "ports/companion.hpp"
#include "ports/registry.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::signal {
namespace {

namespace rich_text = ports::rich_text;

constexpr std::size_t kTextLimit = 4000; // OpenClaw's; from 2000 on signal-cli sends it as a long text by itself
constexpr std::int64_t kFileIn = 100 * 1024 * 1024;
constexpr std::int64_t kFileOut = 14 * 1024 * 1024; // as base64 signal-cli reads at most 20 million characters
constexpr std::int64_t kUploadMs = 180'000;
constexpr std::int64_t kTypingRefreshMs = 10'000; // people see it for 15 seconds
constexpr std::int64_t kEditIntervalMs = 2500;    // each edit is a message of its own to every device

std::string_view style_name(rich_text::Type type) {
  switch (type) {
  case rich_text::Type::bold:
    return "BOLD";
  case rich_text::Type::italic:
    return "ITALIC";
  case rich_text::Type::strike:
    return "STRIKETHROUGH";
  default:
    return "MONOSPACE";
  }
}

std::string data_uri(const ports::OutgoingFile& file) {
  std::string name;
  for (const char c : file.file_name)
    name += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                    static_cast<unsigned char>(c) >= 0x80
                ? c
                : '_';
  const auto bytes = std::span(reinterpret_cast<const std::uint8_t*>(file.bytes.data()), file.bytes.size());
  return fmt::format("data:{};filename={};base64,{}",
                     file.mime_type.empty() ? "application/octet-stream" : file.mime_type, name.empty() ? "file" : name,
                     to_base64(bytes));
}

ports::SendReport report_of(const RpcAnswer& answer) {
  ports::SendReport report;
  report.problem = answer.problem;
  if (const auto timestamp = integer_or(answer.result, "timestamp", 0); !answer.problem && timestamp > 0)
    report.message_ids.push_back(std::to_string(timestamp));
  return report;
}

Error refusal(const RpcAnswer& answer) {
  const auto& problem = *answer.problem;
  const bool person = problem.fault == ports::SendFault::refused;
  return Error{person ? Kind::denied : Kind::transient,
               problem.message,
               person ? "Set channels.signal.httpUrl to signal-cli's daemon." : "It is tried again.",
               {}};
}

class Signal final : public ports::Channel,
                     public ports::Typing,
                     public ports::Editing,
                     public ports::Reactions,
                     public ports::Files,
                     public ports::Probe,
                     public ports::Directory {
public:
  Signal(ports::ChannelServices services, json::value settings, std::string root)
      : services_(std::move(services)), settings_(std::move(settings)), api_(services_.http, std::move(root)),
        daemon_(services_.background, services_.time),
        me_{std::string(trim(string_or(settings_, "account"))), lowercase_ascii(string_or(settings_, "accountUuid"))} {
    if (!me_.number.empty() && !me_.number.starts_with('+')) me_.number.insert(0, "+");
  }

  ports::Capabilities capabilities() const override {
    ports::Capabilities capabilities;
    capabilities.text_limit = kTextLimit;
    capabilities.caption_limit = kTextLimit;
    capabilities.native_replies = true;
    capabilities.file_in_bytes = kFileIn;
    capabilities.file_out_bytes = kFileOut;
    capabilities.edit_interval_ms = kEditIntervalMs;
    capabilities.typing_refresh_ms = kTypingRefreshMs;
    return capabilities;
  }

  ports::Rendered render(const rich_text::Node& document) const override {
    auto styled = rich_text::render_ranges(document);
    json::array styles;
    for (const auto& range : styled.ranges)
      styles.emplace_back(fmt::format("{}:{}:{}", range.start, range.length, style_name(range.style)));
    ports::Rendered rendered;
    rendered.length = rich_text::utf16_length(styled.text);
    rendered.text = std::move(styled.text);
    if (!styles.empty()) rendered.styles_json = to_text(json::value(std::move(styles)));
    return rendered;
  }

  Result<ports::Chat> chat_of(std::string_view target) const override {
    auto id = std::string(trim(target));
    if (lowercase_ascii(id).starts_with("signal:")) id.erase(0, 7);
    const auto lower = lowercase_ascii(id);
    ports::Chat chat;
    if (lower.starts_with("group:") && id.size() > 6) {
      chat.kind = ports::ChatKind::group;
      chat.id = id.substr(6);
      return chat;
    }
    const auto digits = std::string_view(id).substr(id.starts_with('+') ? 1 : 0);
    const auto uuid = lower.starts_with("uuid:") ? lower.substr(5) : lower;
    if (lower.starts_with("username:") && id.size() > 9)
      chat.id = "username:" + id.substr(9);
    else if (lower.starts_with("u:") && id.size() > 2)
      chat.id = "username:" + id.substr(2);
    else if (digits.size() >= 5 && digits.size() <= 15 && digits.find_first_not_of("0123456789") == std::string::npos)
      chat.id = fmt::format("+{}", digits);
    else if (uuid.size() == 36 && uuid.find_first_not_of("0123456789abcdef-") == std::string::npos)
      chat.id = "uuid:" + uuid;
    else
      return fail(Kind::invalid, fmt::format("\"{}\" is nobody at Signal.", printable(target, 80)),
                  "Use a number (+15551234567), uuid:UUID, username:NAME.42 or group:ID.");
    return chat;
  }

  Task<> receive(ports::ChannelHost& host) override {
    auto ended = co_await live(host);
    if (events_) CO_TRY_VOID(co_await events_->close());
    CO_TRY_VOID(co_await daemon_.stop());
    co_return ended;
  }

  Task<ports::SendReport> send(ports::Outgoing message) override { co_return co_await post(std::move(message), 0); }

  ports::Typing* typing() override { return this; }
  Task<> show_typing(ports::Chat chat) override { return type(std::move(chat), false); }
  Task<> stop_typing(ports::Chat chat) override { return type(std::move(chat), true); }

  ports::Editing* editing() override { return this; }
  Task<ports::SendReport> edit(std::string message_id, ports::Outgoing message) override {
    const auto name = message_name(message_id);
    if (!name) co_return unknown_message();
    message.reply_to.clear(); // an edit keeps the quote of the message
    CO_TRY(auto report, co_await post(std::move(message), name->timestamp));
    // The edit has a time of its own; the message goes on being called by its first.
    if (!report.problem) report.message_ids = {message_id};
    co_return report;
  }
  Task<ports::SendReport> remove(ports::Chat chat, std::string message_id) override {
    const auto name = message_name(message_id);
    if (!name) co_return unknown_message();
    auto parameters = parameters_for(chat);
    parameters["targetTimestamp"] = name->timestamp;
    CO_TRY(const auto answer, co_await api_.call("remoteDelete", std::move(parameters), true));
    co_return report_of(answer);
  }

  ports::Reactions* reactions() override { return this; }
  Task<> react(ports::Chat chat, std::string message_id, std::string emoji, bool remove) override {
    const auto name = message_name(message_id);
    if (!name) co_return fail(Kind::invalid, "This is no message of Signal.");
    auto parameters = parameters_for(chat);
    parameters["emoji"] = emoji;
    parameters["targetAuthor"] = author_of(*name, chat);
    parameters["targetTimestamp"] = name->timestamp;
    if (remove) parameters["remove"] = true;
    CO_TRY(const auto answer, co_await api_.call("sendReaction", std::move(parameters), true));
    if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
    co_return Result<>{};
  }

  ports::Files* files() override { return bool_or(settings_, "ignoreAttachments", false) ? nullptr : this; }
  Task<std::string> fetch(ports::Attachment attachment, std::size_t limit) override {
    CO_TRY(auto parameters, attachment_parameters(attachment.reference));
    if (!me_.number.empty()) parameters["account"] = me_.number;
    const auto largest = limit + limit / 3 + 4096; // it comes as base64
    CO_TRY(const auto answer, co_await api_.call("getAttachment", std::move(parameters), false, kUploadMs, largest));
    if (answer.problem) co_return fail(Kind::remote, "signal-cli did not give it");
    const auto* data = openclaw::find(answer.result, "data");
    const auto bytes = data && data->is_string() ? from_base64(data->get_string()) : std::nullopt;
    if (!bytes) co_return fail(Kind::remote, "signal-cli did not give it");
    if (bytes->size() > limit) co_return fail(Kind::invalid, fmt::format("it is larger than {} MB", limit / 1048576));
    std::string content(bytes->begin(), bytes->end());
    if (attachment.type == ports::Attachment::Type::image &&
        (content.starts_with("<!") || content.starts_with("<html")))
      co_return fail(Kind::invalid, "what came is a web page, not a picture");
    co_return content;
  }

  ports::Probe* probe() override { return this; }
  Task<std::string> who() override {
    CO_TRY_VOID(co_await find_account());
    co_return name();
  }

  ports::Directory* directory() override { return this; }
  Task<std::vector<ports::DirectoryEntry>> find(bool people, std::string query, std::size_t limit) override {
    json::object parameters;
    if (!me_.number.empty()) parameters["account"] = me_.number;
    CO_TRY(const auto answer, co_await api_.call(people ? "listContacts" : "listGroups", std::move(parameters), false));
    if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
    std::vector<ports::DirectoryEntry> found;
    if (!answer.result.is_array()) co_return found;
    const auto wanted = lowercase_ascii(query);
    for (const auto& value : answer.result.get_array()) {
      if (found.size() >= limit) break;
      auto entry = people ? person_entry(value) : group_entry(value);
      const auto all = lowercase_ascii(fmt::format("{}\n{}\n{}", entry.id, entry.name, entry.handle));
      if (!entry.id.empty() && all.find(wanted) != std::string::npos) found.push_back(std::move(entry));
    }
    co_return found;
  }

private:
  static ports::SendReport unknown_message() {
    ports::SendReport report;
    report.problem = ports::SendProblem{ports::SendFault::unsupported, "This is no message of Signal.", 0};
    return report;
  }

  static ports::DirectoryEntry person_entry(const json::value& contact) {
    ports::DirectoryEntry entry;
    entry.id = string_or(contact, "number");
    if (const auto uuid = string_or(contact, "uuid"); entry.id.empty() && !uuid.empty()) entry.id = "uuid:" + uuid;
    entry.name = string_or(contact, "name");
    if (const auto* profile = openclaw::find(contact, "profile"); entry.name.empty() && profile)
      entry.name =
          std::string(trim(fmt::format("{} {}", string_or(*profile, "givenName"), string_or(*profile, "familyName"))));
    entry.handle = string_or(contact, "username");
    return entry;
  }
  static ports::DirectoryEntry group_entry(const json::value& group) {
    ports::DirectoryEntry entry;
    entry.kind = ports::ChatKind::group;
    if (bool_or(group, "isMember", true)) entry.id = string_or(group, "id");
    entry.name = string_or(group, "name");
    return entry;
  }

  std::string name() const { return me_.number.empty() ? "signal-cli's account" : me_.number; }

  json::object parameters_for(const ports::Chat& chat) const {
    auto parameters = target_of(chat);
    if (!me_.number.empty()) parameters["account"] = me_.number;
    return parameters;
  }

  // Who wrote a message: itself says it in groups; else it is the other one there, or we.
  std::string author_of(const MessageName& name, const ports::Chat& chat) const {
    if (!name.author.empty()) return name.author;
    if (chat.kind != ports::ChatKind::direct) return me_.number;
    return chat.id.starts_with("uuid:") ? chat.id.substr(5) : chat.id;
  }

  Task<ports::SendReport> post(ports::Outgoing message, std::int64_t edits) {
    auto parameters = parameters_for(message.chat);
    parameters["message"] = message.body.text;
    if (!message.plain && !message.body.styles_json.empty()) {
      CO_TRY(auto styles, parse_json(message.body.styles_json, "styles"));
      parameters["textStyle"] = std::move(styles);
    }
    if (edits > 0) parameters["editTimestamp"] = edits;
    if (const auto quoted = message_name(message.reply_to)) {
      parameters["quoteTimestamp"] = quoted->timestamp;
      parameters["quoteAuthor"] = author_of(*quoted, message.chat);
      parameters["quoteMessage"] = "";
    }
    if (message.file) {
      if (message.file->bytes.size() > static_cast<std::size_t>(kFileOut)) {
        ports::SendReport report;
        report.problem =
            ports::SendProblem{ports::SendFault::unsupported,
                               fmt::format("The file {} is larger than the {} MB that can be handed to signal-cli.",
                                           printable(message.file->file_name, 100), kFileOut / 1048576),
                               0};
        co_return report;
      }
      parameters["attachments"] = json::array{json::value(data_uri(*message.file))};
    }
    // To a group it sends to each member's devices one after the other.
    const bool quick = !message.file && message.chat.kind == ports::ChatKind::direct;
    CO_TRY(const auto answer, co_await api_.call("send", std::move(parameters), true, quick ? kCallMs : kUploadMs));
    co_return report_of(answer);
  }

  Task<> type(ports::Chat chat, bool stop) {
    if (chat.id.starts_with("username:")) co_return Result<>{}; // signal-cli types only to numbers, uuids and groups
    auto parameters = parameters_for(chat);
    if (stop) parameters["stop"] = true;
    CO_TRY([[maybe_unused]] const auto answer, co_await api_.call("sendTyping", std::move(parameters), false));
    co_return Result<>{};
  }

  Task<> live(ports::ChannelHost& host) {
    CO_TRY_VOID(co_await ensure_daemon());
    CO_TRY_VOID(co_await find_account());
    // The head of the stream comes with its first event or after 15 seconds, so it is nothing to wait for.
    host.connected(name());
    events_.emplace(services_, api_.root(), me_.number);
    CO_TRY_VOID(co_await events_->open(host.checkpoint()));
    bool complained = false;
    while (true) {
      // A stop that came while an event was being written to the disk interrupted nothing.
      CO_TRY_VOID(co_await async::check_cancelled());
      CO_TRY(auto line, co_await events_->next());
      if (!line) co_return fail(Kind::transient, "signal-cli ended the stream of its events.");
      if (line->what == EventLine::What::refused)
        co_return fail(line->text == "400" ? Kind::denied : Kind::transient,
                       fmt::format("signal-cli gives no events for {} (status {}).", name(), line->text),
                       "See channels.signal.account, and: signal-cli listAccounts");
      host.alive();
      if (line->what == EventLine::What::alive) continue;
      const auto received = line->what == EventLine::What::event
                                ? parse_json(line->text, "event of signal-cli")
                                : Result<json::value>(fail(Kind::invalid, "It is too large."));
      if (received)
        CO_TRY_VOID(co_await take(host, *received, std::move(line->checkpoint)));
      else
        complain(host, complained);
    }
  }

  static void complain(ports::ChannelHost& host, bool& complained) {
    if (!std::exchange(complained, true))
      host.warn("signal-cli sent an event that is too large or not JSON; it was left out.");
  }

  Task<> take(ports::ChannelHost& host, json::value received, std::string checkpoint) {
    // With several subscriptions the event is one level deeper.
    if (const auto* inner = openclaw::find(received, "result"); inner && inner->is_object())
      received = json::value(*inner);
    const auto account = string_or(received, "account", me_.number);
    if (!me_.number.empty() && account != me_.number) co_return Result<>{};
    if (const auto why = unreadable(received); !why.empty())
      host.warn(fmt::format("signal-cli could not read a message ({}).", why));
    auto event = event_from(received, me_);
    if (!event) co_return Result<>{};
    event->checkpoint = std::move(checkpoint);
    const bool receipt = event->type == ports::EventType::message && event->chat.kind == ports::ChatKind::direct &&
                         bool_or(settings_, "sendReadReceipts", false);
    auto parameters = parameters_for(event->chat);
    parameters["targetTimestamp"] = event->sent_ms;
    parameters["type"] = "read";
    auto taken = std::move(*event);
    CO_TRY_VOID(co_await host.receive(std::move(taken)));
    if (receipt) services_.background.spawn("signal receipt", confirm(std::move(parameters)));
    co_return Result<>{};
  }

  Task<> confirm(json::object parameters) {
    auto answer = co_await api_.call("sendReceipt", std::move(parameters), false);
    (void)answer; // a courtesy
    co_return Result<>{};
  }

  // Starts our own daemon, where we are to and none answers there: one may have outlived a gateway that was killed.
  Task<> ensure_daemon() {
    auto there = co_await api_.check();
    if (there || there.error().kind == Kind::cancelled ||
        !bool_or(settings_, "autoStart", string_or(settings_, "httpUrl").empty()))
      co_return there;
    CO_TRY(auto path, ports::find_program(string_or(settings_, "cliPath", "signal-cli"), "channels.signal.cliPath"));
    DaemonPlan plan;
    plan.argv.push_back(std::move(path));
    const auto add = [&](std::string_view option, std::string value) {
      plan.argv.emplace_back(option);
      plan.argv.push_back(std::move(value));
    };
    if (auto folder = string_or(settings_, "configPath"); !folder.empty()) add("--config", std::move(folder));
    if (!me_.number.empty()) add("-a", me_.number);
    plan.argv.emplace_back("daemon");
    add("--http",
        fmt::format("{}:{}", string_or(settings_, "httpHost", "127.0.0.1"), integer_or(settings_, "httpPort", 8080)));
    plan.argv.emplace_back("--no-receive-stdout");
    add("--receive-mode", string_or(settings_, "receiveMode", "on-connection"));
    for (const auto& [key, option] :
         {std::pair{"ignoreAttachments", "--ignore-attachments"}, std::pair{"ignoreStories", "--ignore-stories"}})
      if (bool_or(settings_, key, false)) plan.argv.emplace_back(option);
    plan.start_within_ms = std::clamp<std::int64_t>(integer_or(settings_, "startupTimeoutMs", 30'000), 1000, 120'000);
    co_return co_await daemon_.start(std::move(plan), api_);
  }

  // Which account we are, and its uuid.
  Task<> find_account() {
    json::object none;
    CO_TRY(const auto listed, co_await api_.call("listAccounts", std::move(none), false));
    // A daemon for one account has no such method; it is for that one.
    if (listed.problem && listed.code != kMethodMissing) co_return std::unexpected(refusal(listed));
    if (!listed.problem && listed.result.is_array()) {
      const auto& accounts = listed.result.get_array();
      if (me_.number.empty() && accounts.size() == 1) me_.number = string_or(accounts.front(), "number");
      const bool known = std::any_of(accounts.begin(), accounts.end(), [&](const json::value& account) {
        return string_or(account, "number") == me_.number;
      });
      if (me_.number.empty() && accounts.size() > 1)
        co_return fail(Kind::denied, "signal-cli has several accounts, and none is chosen.",
                       "Choose one with: openclaw config set channels.signal.account +NUMBER");
      if (!known)
        co_return fail(Kind::denied,
                       fmt::format("signal-cli has no account{}.", me_.number.empty() ? "" : " " + me_.number),
                       "Link one with: signal-cli link -n OpenClaw (scan the code with Signal), or register it.");
    }
    if (!me_.uuid.empty() || me_.number.empty()) co_return Result<>{};
    json::object parameters{{"account", me_.number}, {"number", me_.number}};
    CO_TRY(const auto own, co_await api_.call("listIdentities", std::move(parameters), false));
    if (!own.problem && own.result.is_array() && !own.result.get_array().empty())
      me_.uuid = lowercase_ascii(string_or(own.result.get_array().front(), "uuid"));
    co_return Result<>{};
  }

  ports::ChannelServices services_;
  json::value settings_;
  DaemonApi api_;
  Daemon daemon_;
  Me me_;
  std::optional<EventFile> events_; // of this life of the connection
};

Result<std::unique_ptr<ports::Channel>> make(ports::ChannelServices services) {
  TRY(auto settings, parse_json(services.settings_json, "settings of Signal"));
  auto root = string_or(settings, "httpUrl");
  if (root.empty())
    root = fmt::format("http://{}:{}", string_or(settings, "httpHost", "127.0.0.1"),
                       integer_or(settings, "httpPort", 8080));
  if (!root.starts_with("http://") && !root.starts_with("https://")) root = "http://" + root;
  root = without_trailing_slashes(root);
  TRY_VOID(net::parse_url(root));
  return std::make_unique<Signal>(std::move(services), std::move(settings), std::move(root));
}

} // namespace
} // namespace openclaw::extensions::signal

namespace openclaw::ports {

void register_channels_signal(Registry& registry);
void register_channels_signal(Registry& registry) {
  ChannelType type;
  type.id = "signal";
  type.label = "Signal";
  type.not_there = "voice notes as such, stories, calls, linking by QR code (signal-cli link does it)";
  type.setup_keys = {"account"};
  type.make = extensions::signal::make;
  registry.add_channel(std::move(type));
  registry.add_program(extensions::signal::kEventsWorker, extensions::signal::run_events_worker);
}

} // namespace openclaw::ports
