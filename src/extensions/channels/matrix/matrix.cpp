// Matrix by the client-server API, in rooms without encryption.
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "extensions/channels/matrix/html.hpp"
#include "extensions/channels/matrix/stream.hpp"
#include "ports/registry.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::matrix {
namespace {

namespace rich_text = ports::rich_text;

// An event has 64 KB at most, with the words twice: as such and as markup.
constexpr std::size_t kTextLimit = 4000;
constexpr std::int64_t kFileBytes = 20 * 1024 * 1024;
constexpr std::int64_t kTypingMs = 10'000;  // how long one sign lasts; it is renewed earlier
constexpr std::int64_t kEditPauseMs = 2000; // homeservers count edits as messages
constexpr int kMostReactionPages = 5;

ports::SendReport report_of(const ApiAnswer& answer, std::string_view key) {
  ports::SendReport report;
  report.problem = answer.problem;
  if (auto id = string_or(answer.result, key); !id.empty()) report.message_ids.push_back(std::move(id));
  if (!report.problem && report.message_ids.empty())
    report.problem =
        ports::SendProblem{ports::SendFault::ambiguous, "The homeserver does not say what became of it.", 0};
  return report;
}

ports::SendReport refused(ports::SendFault fault, std::string why) {
  ports::SendReport report;
  report.problem = ports::SendProblem{fault, std::move(why), 0};
  return report;
}

// The words, their markup unless they are plain, and whom they mention. Said in every message: without `m.mentions`
// clients look for names in the words.
json::object text_content(const ports::Outgoing& message, std::string_view type) {
  json::object content{{"msgtype", type}, {"body", message.body.text}, {"m.mentions", json::object()}};
  if (message.plain || message.body.styles_json.empty()) return content;
  if (const auto styles = parse_json(message.body.styles_json, "markup"); styles && styles->is_object())
    for (const auto& [key, value] : styles->get_object())
      content[key] = value;
  return content;
}

void add_relation(json::object& content, const ports::Outgoing& message) {
  const auto& thread = message.chat.thread_id;
  if (thread.empty() && message.reply_to.empty()) return;
  json::object relation;
  if (!thread.empty()) {
    relation["rel_type"] = "m.thread";
    relation["event_id"] = thread;
    relation["is_falling_back"] = message.reply_to.empty();
  }
  relation["m.in_reply_to"] = json::object{{"event_id", message.reply_to.empty() ? thread : message.reply_to}};
  content["m.relates_to"] = std::move(relation);
}

bool is_voice(const ports::OutgoingFile& file) {
  return file.type == ports::Attachment::Type::voice || file.mime_type == "audio/ogg";
}

std::string_view message_type(const ports::OutgoingFile& file) {
  using Type = ports::Attachment::Type;
  if (is_voice(file) || file.type == Type::audio) return "m.audio";
  if (file.type == Type::image || file.type == Type::sticker) return "m.image";
  return file.type == Type::video ? "m.video" : "m.file";
}

class Matrix final : public ports::Channel,
                     public ports::Typing,
                     public ports::Editing,
                     public ports::Reactions,
                     public ports::Files,
                     public ports::Probe,
                     public ports::Directory {
public:
  Matrix(ports::ChannelServices services, Secret token, json::value settings)
      : services_(std::move(services)), settings_(std::move(settings)),
        api_(services_.http, string_or(settings_, "homeserver")), stream_(services_, settings_, api_) {
    api_.use(std::move(token));
  }

  ports::Capabilities capabilities() const override {
    ports::Capabilities capabilities;
    capabilities.text_limit = kTextLimit;
    capabilities.caption_limit = kTextLimit;
    capabilities.idempotent_send = true;
    capabilities.native_replies = true;
    capabilities.threads = true;
    capabilities.file_in_bytes = kFileBytes;
    capabilities.file_out_bytes = kFileBytes;
    capabilities.edit_interval_ms = kEditPauseMs;
    return capabilities;
  }

  ports::Rendered render(const rich_text::Node& document) const override {
    ports::Rendered rendered;
    rendered.text = rich_text::plain_text(document);
    rendered.length = rich_text::utf16_length(rendered.text);
    auto html = to_html(document);
    json::object styles{{"format", "org.matrix.custom.html"}, {"formatted_body", std::move(html.text)}};
    json::array people(html.mentioned.begin(), html.mentioned.end());
    if (!people.empty()) styles["m.mentions"] = json::object{{"user_ids", std::move(people)}};
    rendered.styles_json = to_text(json::value(std::move(styles)));
    return rendered;
  }

  Result<ports::Chat> chat_of(std::string_view target) const override {
    auto id = std::string(trim(target));
    for (const std::string_view prefix : {"matrix:", "room:", "channel:", "user:"})
      if (id.starts_with(prefix)) id.erase(0, prefix.size());
    const bool room = (id.starts_with('!') && id.size() > 1) || (id.starts_with('#') && id.find(':') != id.npos);
    if (!room && !is_user_id(id))
      return fail(Kind::invalid, fmt::format("\"{}\" is no Matrix room and nobody there.", printable(target, 80)),
                  "Use a room's id (!abc:server) or alias (#room:server), or a person's id (@name:server).");
    ports::Chat chat;
    chat.kind = room ? ports::ChatKind::group : ports::ChatKind::direct;
    chat.id = std::move(id);
    return chat;
  }

  Task<> receive(ports::ChannelHost& host) override { co_return co_await stream_.run(host); }

  Task<ports::SendReport> send(ports::Outgoing message) override {
    auto target = message.chat.id;
    auto room = co_await room_of(std::move(target));
    if (!room && room.error().kind == Kind::cancelled) co_return std::unexpected(room.error());
    if (!room) co_return refused(ports::problem_from(room.error()).fault, room.error().text());
    if (stream_.rooms().encrypted(*room))
      co_return refused(ports::SendFault::unsupported, "The room is encrypted, which this build cannot write.");
    json::object content;
    if (message.file) {
      auto file = *message.file;
      CO_TRY(const auto uploaded, co_await api_.upload(std::move(file)));
      if (uploaded.problem) co_return file_problem(*uploaded.problem);
      content = file_content(message, string_or(uploaded.result, "content_uri"));
    } else {
      content = text_content(message, message.notice ? "m.notice" : "m.text");
    }
    const bool replaced = message.chat.id.starts_with('!') && *room != message.chat.id;
    if (!replaced) add_relation(content, message); // else what is answered lies in the former room
    auto path = client_path({"rooms", *room, "send", "m.room.message", message.idempotency_key});
    CO_TRY(auto answer, co_await api_.put(std::move(path), std::move(content)));
    co_return without_markup_if_too_long(report_of(answer, "event_id"), message);
  }

  ports::Typing* typing() override { return this; }
  Task<> show_typing(ports::Chat chat) override { co_return co_await type(std::move(chat), true); }
  Task<> stop_typing(ports::Chat chat) override { co_return co_await type(std::move(chat), false); }

  ports::Editing* editing() override { return this; }
  Task<ports::SendReport> edit(std::string message_id, ports::Outgoing message) override {
    const std::string_view kind = message.notice ? "m.notice" : "m.text";
    auto text = text_content(message, kind);
    json::object content{{"msgtype", kind},
                         {"body", "* " + message.body.text},
                         {"m.mentions", json::object()},
                         {"m.new_content", std::move(text)},
                         {"m.relates_to", json::object{{"rel_type", "m.replace"}, {"event_id", message_id}}}};
    // The same words again are the same edit; other words under the same key are another one.
    const auto key = event_key(message_id + message.idempotency_key + message.body.text);
    auto path = client_path({"rooms", message.chat.id, "send", "m.room.message", key});
    CO_TRY(const auto answer, co_await api_.put(std::move(path), std::move(content)));
    auto report = without_markup_if_too_long(report_of(answer, "event_id"), message);
    if (!report.problem) report.message_ids = {message_id};
    co_return report;
  }
  Task<ports::SendReport> remove(ports::Chat chat, std::string message_id) override {
    auto path = client_path({"rooms", chat.id, "redact", message_id, event_key("remove" + message_id)});
    CO_TRY(const auto answer, co_await api_.put(std::move(path), json::object()));
    co_return report_of(answer, "event_id");
  }

  ports::Reactions* reactions() override { return this; }
  Task<> react(ports::Chat chat, std::string message_id, std::string emoji, bool remove) override {
    if (remove) co_return co_await take_back(std::move(chat), std::move(message_id), std::move(emoji));
    json::object relation{{"rel_type", "m.annotation"}, {"event_id", message_id}, {"key", emoji}};
    json::object content{{"m.relates_to", std::move(relation)}};
    auto path = client_path({"rooms", chat.id, "send", "m.reaction", uuid_v7(services_.time, services_.random)});
    CO_TRY(const auto answer, co_await api_.put(std::move(path), std::move(content)));
    if (answer.problem && answer.code != "M_DUPLICATE_ANNOTATION")
      co_return fail(Kind::remote, answer.problem->message);
    co_return Result<>{};
  }

  ports::Files* files() override { return this; }
  Task<std::string> fetch(ports::Attachment attachment, std::size_t limit) override {
    const bool picture = attachment.type == ports::Attachment::Type::image;
    co_return co_await api_.download(std::move(attachment.reference), limit, picture);
  }

  ports::Probe* probe() override { return this; }
  Task<std::string> who() override {
    if (!api_.has_token())
      co_return fail(Kind::transient, "This account has not logged in yet.", "Start the gateway; it logs in.");
    CO_TRY(auto me, co_await stream_.introduce());
    co_return std::move(me.id);
  }

  ports::Directory* directory() override { return this; }
  Task<std::vector<ports::DirectoryEntry>> find(bool people, std::string query, std::size_t limit) override {
    if (people) co_return co_await find_people(std::move(query), limit);
    std::vector<ports::DirectoryEntry> found;
    const auto wanted = lowercase_ascii(query);
    const auto& rooms = stream_.rooms();
    for (auto& id : rooms.joined()) {
      if (found.size() == limit) break;
      auto title = rooms.title(id);
      if (rooms.is_direct(id) || lowercase_ascii(id + "\n" + title).find(wanted) == std::string::npos) continue;
      found.push_back({std::move(id), std::move(title), {}, ports::ChatKind::group});
    }
    co_return found;
  }

private:
  Task<std::string> room_of(std::string target) {
    if (target.starts_with('@')) co_return co_await stream_.room_with(std::move(target));
    if (!target.starts_with('#')) co_return stream_.rooms().latest(target);
    auto path = client_path({"directory", "room", target});
    CO_TRY(const auto answer, co_await api_.get(std::move(path)));
    if (answer.problem) co_return std::unexpected(refusal(answer));
    co_return string_or(answer.result, "room_id");
  }

  static json::object file_content(const ports::Outgoing& message, std::string address) {
    const auto& file = *message.file;
    const bool caption = !message.body.text.empty();
    auto content = text_content(message, message_type(file));
    if (!caption) {
      content["body"] = file.file_name;
      content.erase("formatted_body");
      content.erase("format");
    }
    content["filename"] = file.file_name;
    content["url"] = std::move(address);
    content["info"] = json::object{{"mimetype", file.mime_type}, {"size", file.bytes.size()}};
    if (is_voice(file)) content["org.matrix.msc3245.voice"] = json::object();
    return content;
  }

  static ports::SendReport file_problem(ports::SendProblem problem) {
    ports::SendReport report;
    // Shorter words would not help.
    if (problem.fault == ports::SendFault::too_long) problem.fault = ports::SendFault::unsupported;
    report.problem = std::move(problem);
    return report;
  }

  // Without its markup the message is half as long.
  static ports::SendReport without_markup_if_too_long(ports::SendReport report, const ports::Outgoing& message) {
    if (report.problem && report.problem->fault == ports::SendFault::too_long && !message.plain)
      report.problem->fault = ports::SendFault::bad_format;
    return report;
  }

  Task<> type(ports::Chat chat, bool on) {
    json::object body{{"typing", on}};
    if (on) body["timeout"] = kTypingMs;
    auto path = client_path({"rooms", chat.id, "typing", stream_.me().id});
    CO_TRY(const auto answer, co_await api_.put(std::move(path), std::move(body)));
    if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
    co_return Result<>{};
  }

  // A reaction is an event of its own; the homeserver knows which one is ours.
  Task<> take_back(ports::Chat chat, std::string message_id, std::string emoji) {
    const auto relations = fmt::format("/_matrix/client/v1/rooms/{}/relations/{}/m.annotation/m.reaction?limit=100",
                                       percent_encoded(chat.id), percent_encoded(message_id));
    std::string from;
    for (int page = 0; page < kMostReactionPages; ++page) {
      auto path = from.empty() ? relations : relations + "&from=" + percent_encoded(from);
      CO_TRY(const auto answer, co_await api_.get(std::move(path)));
      if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
      const auto* chunk = openclaw::find(answer.result, "chunk");
      if (!chunk || !chunk->is_array()) break;
      for (const auto& event : chunk->get_array()) {
        const auto* content = openclaw::find(event, "content");
        const auto* relation = content ? openclaw::find(*content, "m.relates_to") : nullptr;
        if (string_or(event, "sender") != stream_.me().id || !relation || string_or(*relation, "key") != emoji)
          continue;
        auto reaction = string_or(event, "event_id");
        CO_TRY(const auto removed, co_await remove(std::move(chat), std::move(reaction)));
        if (removed.problem) co_return fail(Kind::remote, removed.problem->message);
        co_return Result<>{};
      }
      from = string_or(answer.result, "next_batch");
      if (from.empty()) break;
    }
    co_return Result<>{}; // it is not there: what was wanted
  }

  Task<std::vector<ports::DirectoryEntry>> find_people(std::string query, std::size_t limit) {
    std::vector<ports::DirectoryEntry> found;
    if (query.empty()) { // the directory answers questions only
      for (auto& id : stream_.rooms().people())
        if (found.size() < limit) found.push_back({id, {}, id, ports::ChatKind::direct});
      co_return found;
    }
    json::object body{{"search_term", query}, {"limit", limit}};
    auto path = client_path({"user_directory", "search"});
    CO_TRY(const auto answer, co_await api_.post(std::move(path), std::move(body)));
    if (answer.problem) co_return std::unexpected(refusal(answer));
    const auto* results = openclaw::find(answer.result, "results");
    if (!results || !results->is_array()) co_return found;
    for (const auto& person : results->get_array()) {
      auto id = string_or(person, "user_id");
      if (found.size() == limit) break;
      if (is_user_id(id) && id != stream_.me().id)
        found.push_back({id, printable(string_or(person, "display_name"), 80), id, ports::ChatKind::direct});
    }
    co_return found;
  }

  ports::ChannelServices services_;
  json::value settings_;
  ClientApi api_;
  Stream stream_;
};

Result<std::unique_ptr<ports::Channel>> make(ports::ChannelServices services) {
  TRY(auto settings, parse_json(services.settings_json, "settings of Matrix"));
  const auto homeserver = string_or(settings, "homeserver");
  if (!homeserver.starts_with("https://") && !homeserver.starts_with("http://"))
    return fail(Kind::denied, "Matrix has no homeserver.",
                "Set its address with: openclaw config set channels.matrix.homeserver https://matrix.example.org");
  TRY(auto token, services.secret("accessToken"));
  TRY(const auto password, services.secret("password"));
  if (token.empty() && (password.empty() || string_or(settings, "userId").empty()))
    return fail(Kind::denied, "Matrix has no access token, and no user with a password to log in with.",
                "Set one with: openclaw config set channels.matrix.accessToken TOKEN");
  return std::make_unique<Matrix>(std::move(services), std::move(token), std::move(settings));
}

} // namespace
} // namespace openclaw::extensions::matrix

namespace openclaw::ports {

void register_channels_matrix(Registry& registry);
void register_channels_matrix(Registry& registry) {
  ChannelType type;
  type.id = "matrix";
  type.label = "Matrix";
  type.not_there = "encrypted rooms, polls, verification of devices";
  type.setup_keys = {"homeserver", "accessToken"};
  type.make = extensions::matrix::make;
  registry.add_channel(std::move(type));
}

} // namespace openclaw::ports
