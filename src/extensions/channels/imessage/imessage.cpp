// iMessage by imsg (JSON-RPC over its standard input and output): here, by a wrapper of the person's own, or by ssh.
#include "base/ids.hpp"
#include "base/text.hpp"
#include "extensions/channels/imessage/line_rpc.hpp"
#include "extensions/channels/imessage/messages.hpp"
#include "ports/companion.hpp"
#include "ports/registry.hpp"
#include <deque>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <set>

namespace openclaw::extensions::imessage {
namespace {

namespace fs = std::filesystem;
namespace rich_text = ports::rich_text;

constexpr std::size_t kTextLimit = 4000; // OpenClaw's; Messages itself takes more
constexpr std::int64_t kFileBytes = 100 * 1024 * 1024;
constexpr std::int64_t kAnswerMs = 10'000;
constexpr std::int64_t kSendMs = 30'000; // Messages is driven by scripts, and may have to be started
constexpr std::int64_t kCopyMs = 120'000;
constexpr std::int64_t kEchoMs = 5000;
constexpr std::size_t kMostOurs = 500;
constexpr auto kKeepOutgoing = std::chrono::hours(1); // Messages reads a file after imsg has answered

// What imsg said about a message: the numbers in parentheses are AppleScript's.
ports::SendProblem problem_of(const Error& error) {
  using ports::SendFault;
  const auto has = [&](std::string_view part) { return error.message.find(part) != std::string::npos; };
  if (error.code == kNotRead) return {SendFault::transient, error.message, 0};
  if (error.kind != Kind::remote) return {SendFault::ambiguous, error.message, 0};
  if (has("(-1743)") || has("Not authorized"))
    return {SendFault::refused,
            "imsg may not drive Messages: allow it in System Settings, Privacy & Security, Automation.", 0};
  if (has("unknown chat_id") || has("(-1728)")) return {SendFault::missing, error.message, 0};
  if (has("(-600)") || has("(-609)")) return {SendFault::transient, error.message, 0}; // Messages does not run
  if (error.code == "-32602" || error.code == "-32601") return {SendFault::unsupported, error.message, 0};
  return {SendFault::ambiguous, error.message, 0};
}

Result<std::string> read_file(const fs::path& path, std::size_t limit) {
  std::error_code problem;
  if (!fs::is_regular_file(path, problem)) return fail(Kind::missing, "it is not there (any more)");
  if (const auto size = fs::file_size(path, problem); problem || size > limit)
    return fail(Kind::invalid, fmt::format("it is larger than {} MB", limit / 1048576));
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file && !file.eof()) return fail(Kind::missing, "it could not be read");
  if (bytes.size() > limit) return fail(Kind::invalid, fmt::format("it is larger than {} MB", limit / 1048576));
  return bytes;
}

class IMessage final : public ports::Channel, public ports::Files, public ports::Directory {
public:
  IMessage(ports::ChannelServices services, json::value settings)
      : services_(std::move(services)), settings_(std::move(settings)), rpc_(services_.background, services_.time),
        remote_(trim(string_or(settings_, "remoteHost"))) {
    rules_.group = [this](std::string_view chat_id) {
      const auto* groups = openclaw::find(settings_, "groups");
      return groups && groups->is_object() && openclaw::find(groups->get_object(), chat_id);
    };
    rules_.ours = [this](std::string_view guid) { return ours_.contains(std::string(guid)); };
  }

  ports::Capabilities capabilities() const override {
    ports::Capabilities capabilities;
    capabilities.text_limit = kTextLimit;
    capabilities.caption_limit = kTextLimit;
    capabilities.file_in_bytes = 16 * 1024 * 1024;
    capabilities.file_out_bytes = 16 * 1024 * 1024;
    return capabilities;
  }

  ports::Rendered render(const rich_text::Node& document) const override {
    auto text = rich_text::plain_text(document);
    const auto length = rich_text::utf16_length(text);
    return {std::move(text), {}, length};
  }

  Result<ports::Chat> chat_of(std::string_view target) const override { return chat_from_target(target); }

  Task<> receive(ports::ChannelHost& host) override {
    auto ended = co_await live(host);
    CO_TRY_VOID(co_await rpc_.stop());
    co_return ended;
  }

  Task<ports::SendReport> send(ports::Outgoing message) override {
    ports::SendReport report;
    auto parameters = target_of(message.chat);
    if (!parameters.contains("service")) parameters["service"] = string_or(settings_, "service", "auto");
    parameters["region"] = string_or(settings_, "region", "US");
    parameters["text"] = message.body.text;
    if (message.file) {
      auto path = keep_outgoing(*message.file);
      if (!path) {
        report.problem = ports::SendProblem{ports::SendFault::unsupported, path.error().text(), 0};
        co_return report;
      }
      parameters["file"] = *path;
    }
    const auto text = std::string(trim(message.body.text));
    if (!text.empty()) {
      said_.push_back({message.chat.id, text, services_.time.monotonic_ms()});
      if (said_.size() > kMostOurs) said_.pop_front();
    }
    auto answer = co_await rpc_.request("send", std::move(parameters), kSendMs);
    if (!answer) {
      if (answer.error().kind == Kind::cancelled) co_return std::unexpected(answer.error());
      report.problem = problem_of(answer.error());
      co_return report;
    }
    for (const std::string_view key : {"guid", "messageId", "message_id", "id"})
      if (const auto id = string_or(*answer, key); !id.empty()) {
        is_ours(id);
        report.message_ids.push_back(id);
        break;
      }
    co_return report;
  }

  ports::Files* files() override { return bool_or(settings_, "includeAttachments", false) ? this : nullptr; }
  Task<std::string> fetch(ports::Attachment attachment, std::size_t limit) override {
    limit = std::min<std::size_t>(limit, kFileBytes);
    if (attachment.reference.empty()) co_return fail(Kind::missing, "Messages has not loaded it");
    if (!is_attachment_path(attachment.reference))
      co_return fail(Kind::denied, "it is not among Messages' attachments");
    Result<std::string> bytes;
    if (remote_.empty()) {
      auto path = attachment.reference;
      if (path.starts_with("~/")) {
        const char* home = std::getenv("HOME");
        path = fmt::format("{}{}", home ? home : "", path.substr(1));
      }
      bytes = read_file(path, limit);
    } else {
      bytes = co_await copy(attachment.reference, limit);
    }
    if (bytes && attachment.type == ports::Attachment::Type::image &&
        (bytes->starts_with("<!") || bytes->starts_with("<html")))
      co_return fail(Kind::invalid, "what came is a web page, not a picture");
    co_return bytes;
  }

  ports::Directory* directory() override { return this; }
  Task<std::vector<ports::DirectoryEntry>> find(bool people, std::string query, std::size_t limit) override {
    json::object parameters{{"limit", 200}};
    CO_TRY(const auto answer, co_await rpc_.request("chats.list", std::move(parameters), kAnswerMs));
    std::vector<ports::DirectoryEntry> found;
    const auto* chats = openclaw::find(answer, "chats");
    if (!chats || !chats->is_array()) co_return found;
    const auto wanted = lowercase_ascii(query);
    for (const auto& chat : chats->get_array()) {
      if (found.size() >= limit) break;
      const auto number = integer_or(chat, "id", 0);
      if (number <= 0 || bool_or(chat, "is_group", false) == people) continue;
      ports::DirectoryEntry entry;
      entry.id = fmt::format("chat_id:{}", number);
      entry.name = string_or(chat, "name");
      entry.handle = string_or(chat, "identifier");
      entry.kind = people ? ports::ChatKind::direct : ports::ChatKind::group;
      const auto all = lowercase_ascii(fmt::format("{}\n{}\n{}", entry.id, entry.name, entry.handle));
      if (all.find(wanted) != std::string::npos) found.push_back(std::move(entry));
    }
    co_return found;
  }

private:
  struct Said {
    std::string chat, text;
    std::int64_t at = 0;
  };

  Result<std::vector<std::string>> command() const {
    const auto name = string_or(settings_, "cliPath", "imsg");
    const auto database = string_or(settings_, "dbPath");
    auto here = ports::find_program(name, "channels.imessage.cliPath");
    if (!here && !remote_.empty()) {
      TRY(auto ssh, ports::find_program("ssh", "PATH"));
      return ssh_command(std::move(ssh), remote_, name, database);
    }
    if (!here) return std::unexpected(here.error());
    std::vector<std::string> argv{std::move(*here), "rpc"};
    if (!database.empty()) {
      argv.emplace_back("--db");
      argv.push_back(database);
    }
    return argv;
  }

  Task<> live(ports::ChannelHost& host) {
    CO_TRY(auto argv, command());
    CO_TRY_VOID(rpc_.start(std::move(argv), remedy_for));
    json::object one{{"limit", 1}};
    auto listed = co_await rpc_.request("chats.list", std::move(one), kAnswerMs);
    if (!listed) co_return co_await why_it_ended(listed.error());
    json::object parameters{{"attachments", bool_or(settings_, "includeAttachments", false)},
                            {"include_reactions", true}};
    // Messages that came while we were away: rows after the last one that we took.
    if (const auto row = std::atoll(host.checkpoint().c_str()); row > 0) parameters["since_rowid"] = row;
    auto subscribed = co_await rpc_.request("watch.subscribe", std::move(parameters), kAnswerMs);
    if (!subscribed) co_return co_await why_it_ended(subscribed.error());
    host.connected(remote_.empty() ? "Messages" : fmt::format("Messages on {}", remote_));
    bool complained = false;
    while (true) {
      // A stop that came while an event was being written to the disk interrupted nothing.
      CO_TRY_VOID(co_await async::check_cancelled());
      CO_TRY(const auto notification, co_await rpc_.next());
      host.alive();
      const auto method = string_or(notification, "method");
      const auto* content = openclaw::find(notification, "params");
      if (method == "error")
        co_return fail(Kind::transient, "imsg stopped watching for messages.", "It is started again.");
      if (method == "message" && content) {
        CO_TRY_VOID(co_await take(host, *content));
      } else if (method.empty() && !std::exchange(complained, true)) {
        host.warn("imsg wrote a line that is not what it should be; it was left out.");
      }
    }
  }

  // Its standard error says more than that it ended.
  Task<> why_it_ended(Error error) {
    if (error.kind != Kind::transient) {
      if (auto remedy = remedy_for(error.message)) co_return std::unexpected(std::move(*remedy));
      co_return std::unexpected(Error{
          error.kind == Kind::cancelled ? Kind::cancelled : Kind::transient, error.message, "It is tried again.", {}});
    }
    while (true) {
      CO_TRY([[maybe_unused]] const auto said, co_await rpc_.next());
    }
  }

  Task<> take(ports::ChannelHost& host, json::value parameters) {
    auto event = event_from(parameters, rules_);
    if (!event) co_return Result<>{};
    if (event->from.is_self) is_ours(event->message_id);
    // In a chat with oneself our own words come back as the other one's.
    const auto now = services_.time.monotonic_ms();
    while (!said_.empty() && now - said_.front().at > kEchoMs)
      said_.pop_front();
    for (const auto& said : said_)
      if (said.chat == event->chat.id && said.text == event->text) event->from.is_self = true;
    auto taken = std::move(*event);
    co_return co_await host.receive(std::move(taken));
  }

  void is_ours(const std::string& guid) {
    if (guid.empty() || !ours_.insert(guid).second) return;
    ours_order_.push_back(guid);
    if (ours_order_.size() <= kMostOurs) return;
    ours_.erase(ours_order_.front());
    ours_order_.pop_front();
  }

  // A file where Messages can read it, under its own name.
  Result<std::string> keep_outgoing(const ports::OutgoingFile& file) const {
    if (!remote_.empty()) return fail(Kind::invalid, "Files cannot be sent through a Mac that is reached by ssh.");
    const fs::path folder = fs::path(services_.folder) / "outgoing";
    std::error_code problem;
    fs::create_directories(folder, problem);
    fs::permissions(folder, fs::perms::owner_all, problem);
    for (const auto& old : fs::directory_iterator(folder, problem))
      if (fs::last_write_time(old.path(), problem) < fs::file_time_type::clock::now() - kKeepOutgoing)
        fs::remove_all(old.path(), problem);
    const auto own = folder / random_hex(services_.random, 8);
    fs::create_directory(own, problem);
    std::string name;
    for (const char c : file.file_name)
      name += c == '/' || static_cast<unsigned char>(c) < 0x20 ? '_' : c;
    if (name.empty() || name.starts_with('.')) name = "file" + name;
    const auto path = own / name;
    std::ofstream out(path, std::ios::binary);
    out << file.bytes;
    out.close();
    if (!out) return fail(Kind::invalid, fmt::format("The file {} could not be kept for Messages.", name));
    return path.string();
  }

  Task<std::string> copy(std::string from, std::size_t limit) {
    CO_TRY_VOID(check_host(remote_));
    CO_TRY(auto scp, ports::find_program("scp", "PATH"));
    const fs::path folder = fs::path(services_.folder) / "incoming";
    std::error_code problem;
    fs::create_directories(folder, problem);
    fs::permissions(folder, fs::perms::owner_all, problem);
    const auto to = folder / random_hex(services_.random, 8);
    async::SpawnOptions options;
    // -s: by sftp, so that no shell there reads the path.
    options.argv = {std::move(scp),
                    "-q",
                    "-s",
                    "-o",
                    "BatchMode=yes",
                    "-o",
                    "StrictHostKeyChecking=yes",
                    "--",
                    fmt::format("{}:{}", remote_, from),
                    to.string()};
    options.environment = ports::companion_environment();
    options.merge_error = true;
    CO_TRY(const auto process, async::spawn(services_.executor, std::move(options)));
    auto bytes = co_await copied(process, to, limit);
    fs::remove(to, problem);
    co_return bytes;
  }

  Task<std::string> copied(std::shared_ptr<async::Process> process, fs::path to, std::size_t limit) {
    const auto until = services_.time.monotonic_ms() + kCopyMs;
    std::error_code problem;
    while (process->running()) {
      const auto size = fs::file_size(to, problem);
      const bool large = !problem && size > limit;
      if (large || services_.time.monotonic_ms() > until) {
        CO_TRY([[maybe_unused]] const auto ended, co_await async::terminate(process, 500));
        co_return fail(Kind::invalid, large ? fmt::format("it is larger than {} MB", limit / 1048576)
                                            : std::string("copying it took too long"));
      }
      CO_TRY_VOID(co_await services_.time.sleep_ms(50));
    }
    CO_TRY(const auto ended, co_await process->wait());
    if (ended.code != 0) co_return fail(Kind::remote, "it could not be copied from the Mac");
    co_return read_file(to, limit);
  }

  ports::ChannelServices services_;
  json::value settings_;
  LineRpc rpc_;
  std::string remote_;
  Rules rules_;
  std::deque<Said> said_;      // in the last seconds
  std::set<std::string> ours_; // the newest messages of ours, by guid
  std::deque<std::string> ours_order_;
};

Result<std::unique_ptr<ports::Channel>> make(ports::ChannelServices services) {
  TRY(auto settings, parse_json(services.settings_json, "settings of iMessage"));
  return std::make_unique<IMessage>(std::move(services), std::move(settings));
}

} // namespace
} // namespace openclaw::extensions::imessage

namespace openclaw::ports {

void register_channels_imessage(Registry& registry);
void register_channels_imessage(Registry& registry) {
  ChannelType type;
  type.id = "imessage";
  type.label = "iMessage";
  type.not_there =
      "typing, edits, reactions and replies of our own (imsg's scripts have none), BlueBubbles, files to a Mac "
      "that is reached by ssh";
  type.setup_keys = {"cliPath"};
  type.make = extensions::imessage::make;
  registry.add_channel(std::move(type));
}

} // namespace openclaw::ports
