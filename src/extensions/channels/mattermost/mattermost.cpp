// Mattermost by its event socket and REST API. What was said while nobody listened is read when the socket is open
// again.
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "extensions/channels/mattermost/api.hpp"
#include "extensions/channels/mattermost/dialect.hpp"
#include "extensions/channels/mattermost/events.hpp"
#include "ports/registry.hpp"
#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <set>

namespace openclaw::extensions::mattermost {
namespace {

namespace rich_text = ports::rich_text;

// OpenClaw's pieces; the server takes 16,383 characters.
constexpr std::size_t kTextLimit = 4000;
constexpr std::int64_t kFileLimit = 50 * 1024 * 1024;
constexpr std::int64_t kWatchMs = 30'000;
constexpr std::size_t kMostRemembered = 1000;
constexpr std::size_t kMostChannels = 200; // that are looked through for what was said meanwhile
constexpr std::size_t kMostMissed = 2000;

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

Addressing addressing_of(const json::value& settings) {
  Addressing addressing;
  const auto mode = string_or(settings, "chatmode");
  addressing.every_message = mode == "onmessage";
  if (mode != "onchar") return addressing;
  if (const auto* list = find(settings, "oncharPrefixes"); list && list->is_array())
    for (const auto& prefix : list->get_array())
      if (prefix.is_string()) addressing.prefixes.emplace_back(prefix.get_string());
  if (addressing.prefixes.empty()) addressing.prefixes = {">", "!"};
  return addressing;
}

std::string base_of(const json::value& settings) {
  return without_trailing_slashes(string_or(settings, "baseUrl"));
}

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name)
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.')
      out += c;
  return out;
}

ports::SendReport report_of(const Answer& answer) {
  ports::SendReport report;
  report.problem = answer.problem;
  if (!report.problem)
    if (auto id = string_or(answer.body, "id"); !id.empty()) report.message_ids.push_back(std::move(id));
  return report;
}

class Mattermost final : public ports::Channel,
                         public ports::Typing,
                         public ports::Editing,
                         public ports::Reactions,
                         public ports::Files,
                         public ports::Probe {
public:
  Mattermost(ports::ChannelServices services, Secret token, json::value settings)
      : services_(std::move(services)), addressing_(addressing_of(settings)),
        api_(services_.http, base_of(settings), std::move(token)) {}

  ports::Capabilities capabilities() const override {
    ports::Capabilities capabilities;
    capabilities.text_limit = kTextLimit;
    capabilities.caption_limit = kTextLimit;
    capabilities.native_replies = true;
    capabilities.threads = true;
    capabilities.file_in_bytes = kFileLimit;
    capabilities.file_out_bytes = kFileLimit;
    return capabilities;
  }

  ports::Rendered render(const rich_text::Node& document) const override {
    auto text = markdown_of(document);
    const auto length = code_points(text);
    return {std::move(text), {}, length};
  }

  Result<ports::Chat> chat_of(std::string_view target) const override {
    auto id = std::string(trim(target));
    if (id.starts_with("mattermost:")) id.erase(0, 11);
    if (id.starts_with("channel:")) id.erase(0, 8);
    ports::Chat chat;
    const auto bare = id.starts_with("user:") ? std::string_view(id).substr(5)
                      : id.starts_with('@')   ? std::string_view(id).substr(1)
                                              : std::string_view(id);
    if (bare.empty() || escaped(bare) != bare)
      return fail(Kind::invalid, fmt::format("\"{}\" is nothing in Mattermost.", printable(target, 80)),
                  "Use channel:ID, user:ID or @username.");
    chat.kind = bare.size() == id.size() ? ports::ChatKind::channel : ports::ChatKind::direct;
    chat.id = std::move(id);
    return chat;
  }

  Task<> receive(ports::ChannelHost& host) override {
    CO_TRY_VOID(co_await introduce());
    CO_TRY(const auto socket, co_await api_.open_events());
    const auto pulse = std::make_shared<Pulse>();
    const auto watching = services_.background.spawn("mattermost watch", watch(services_.time, pulse, socket));
    auto ended = co_await listen(host, socket, pulse);
    watching.cancel();
    socket->close(1000, "");
    co_return ended;
  }

  Task<ports::SendReport> send(ports::Outgoing message) override {
    auto target = message.chat.id;
    CO_TRY(const auto channel, co_await channel_id(std::move(target)));
    if (channel.problem) co_return report_of(channel);
    const auto id = string_or(channel.body, "id");
    json::object post{{"channel_id", id}, {"message", message.body.text}};
    // The server knows a repeated one for half a minute.
    post["pending_post_id"] = fmt::format("{}:{}", me_.id, message.idempotency_key);
    auto root = message.chat.thread_id;
    if (root.empty() && !message.reply_to.empty()) {
      auto replied = message.reply_to;
      CO_TRY(root, co_await root_of(std::move(replied)));
    }
    if (!root.empty()) post["root_id"] = root;
    if (message.file) {
      auto file = std::move(*message.file);
      CO_TRY(const auto uploaded, co_await api_.upload(id, std::move(file)));
      if (uploaded.problem) co_return not_posted(report_of(uploaded));
      const auto* infos = find(uploaded.body, "file_infos");
      json::array ids;
      if (infos && infos->is_array())
        for (const auto& info : infos->get_array())
          ids.emplace_back(string_or(info, "id"));
      post["file_ids"] = std::move(ids);
    }
    json::value body(std::move(post));
    CO_TRY(const auto answer, co_await api_.call("POST", "/posts", std::move(body), false));
    co_return report_of(answer);
  }

  ports::Typing* typing() override { return this; }
  Task<> show_typing(ports::Chat chat) override {
    json::value body(json::object{{"channel_id", chat.id}, {"parent_id", chat.thread_id}});
    auto path = fmt::format("/users/{}/typing", me_.id);
    CO_TRY([[maybe_unused]] const auto answer, co_await api_.call("POST", std::move(path), std::move(body)));
    co_return Result<>{};
  }

  ports::Editing* editing() override { return this; }
  Task<ports::SendReport> edit(std::string message_id, ports::Outgoing message) override {
    json::value body(json::object{{"message", message.body.text}});
    auto path = fmt::format("/posts/{}/patch", escaped(message_id));
    CO_TRY(const auto answer, co_await api_.call("PUT", std::move(path), std::move(body)));
    co_return report_of(answer);
  }
  Task<ports::SendReport> remove(ports::Chat, std::string message_id) override {
    auto path = fmt::format("/posts/{}", escaped(message_id));
    CO_TRY(const auto answer, co_await api_.call("DELETE", std::move(path)));
    co_return report_of(answer);
  }

  ports::Reactions* reactions() override { return this; }
  Task<> react(ports::Chat, std::string message_id, std::string emoji, bool remove) override {
    const auto name = emoji_name(emoji);
    if (!name) co_return fail(Kind::invalid, fmt::format("Mattermost's name of {} is not known here.", emoji));
    std::string path = "/reactions";
    json::value body;
    if (remove)
      path = fmt::format("/users/{}/posts/{}/reactions/{}", me_.id, escaped(message_id), *name);
    else
      body = json::object{{"user_id", me_.id}, {"post_id", message_id}, {"emoji_name", *name}};
    CO_TRY(const auto answer, co_await api_.call(remove ? "DELETE" : "POST", std::move(path), std::move(body)));
    if (answer.problem) co_return fail(Kind::remote, answer.problem->message);
    co_return Result<>{};
  }

  ports::Files* files() override { return this; }
  Task<std::string> fetch(ports::Attachment attachment, std::size_t limit) override {
    auto id = attachment.reference;
    CO_TRY(auto bytes, co_await api_.download(std::move(id), limit));
    if (attachment.type == ports::Attachment::Type::image && (bytes.starts_with("<!") || bytes.starts_with("<html")))
      co_return fail(Kind::invalid, "what came is a web page, not a picture");
    co_return bytes;
  }

  ports::Probe* probe() override { return this; }
  Task<std::string> who() override {
    CO_TRY_VOID(co_await introduce());
    co_return "@" + me_.username;
  }

private:
  Task<> introduce() {
    CO_TRY(const auto answer, co_await api_.call("GET", "/users/me"));
    if (answer.problem) co_return std::unexpected(refusal(answer));
    me_ = {string_or(answer.body, "id"), string_or(answer.body, "username")};
    if (me_.id.empty()) co_return fail(Kind::transient, "What answered for Mattermost does not say who we are.");
    co_return Result<>{};
  }

  // What the socket's reader and its watch share; the watch may outlive the channel by a step.
  struct Pulse {
    std::uint64_t frames = 0;
  };
  // Closes a socket on which nothing has come for a while, not even the answer to a ping.
  static Task<> watch(async::Time& time, std::shared_ptr<Pulse> pulse, std::shared_ptr<net::WebSocket> socket) {
    for (int sequence = 1;; ++sequence) {
      const auto before = pulse->frames;
      CO_TRY_VOID(co_await time.sleep_ms(kWatchMs));
      if (pulse->frames != before) continue;
      socket->send(std::make_shared<const std::string>(fmt::format(R"({{"seq":{},"action":"ping"}})", sequence)));
      CO_TRY_VOID(co_await time.sleep_ms(kWatchMs));
      if (pulse->frames == before) socket->close(1000, "");
    }
  }

  Task<> listen(ports::ChannelHost& host, std::shared_ptr<net::WebSocket> socket, std::shared_ptr<Pulse> pulse) {
    bool complained = false;
    while (true) {
      auto text = co_await socket->read();
      CO_TRY_VOID(co_await async::check_cancelled());
      if (!text) co_return fail(Kind::transient, "The connection to Mattermost ended.", "It is made again.");
      ++pulse->frames;
      host.alive();
      const auto frame = parse_json(*text, "frame of Mattermost");
      if (!frame || !frame->is_object()) {
        if (!complained) host.warn("Mattermost sent something that is no event.");
        complained = true;
        continue;
      }
      if (string_or(*frame, "event") == "hello") {
        CO_TRY_VOID(co_await catch_up(host));
        host.connected("@" + me_.username);
      } else if (auto event = event_from(*frame, me_, addressing_)) {
        auto taken = std::move(*event);
        CO_TRY_VOID(co_await take(host, std::move(taken)));
      }
    }
  }

  // What was said since the last message that is on disk, of all channels in its order.
  Task<> catch_up(ports::ChannelHost& host) {
    newest_ms_ = std::max<std::int64_t>(newest_ms_, std::atoll(host.checkpoint().c_str()));
    if (newest_ms_ == 0) {
      newest_ms_ = services_.time.now_ms();
      co_return co_await host.save_checkpoint(std::to_string(newest_ms_));
    }
    auto path = fmt::format("/users/{}/channels", me_.id);
    CO_TRY(const auto answer, co_await api_.call("GET", std::move(path)));
    if (answer.problem) co_return std::unexpected(refusal(answer));
    std::vector<ports::InboundEvent> missed;
    std::size_t looked = 0;
    if (answer.body.is_array())
      for (const auto& channel : answer.body.get_array()) {
        if (integer_or(channel, "last_post_at", 0) < newest_ms_) continue;
        if (++looked > kMostChannels || missed.size() > kMostMissed) {
          host.warn("So much was said meanwhile that not all of it was read.");
          break;
        }
        CO_TRY_VOID(co_await read_channel(channel, missed));
      }
    std::sort(missed.begin(), missed.end(),
              [](const auto& one, const auto& other) { return one.sent_ms < other.sent_ms; });
    for (auto& event : missed) {
      auto taken = std::move(event);
      CO_TRY_VOID(co_await take(host, std::move(taken)));
    }
    co_return Result<>{};
  }

  Task<> read_channel(json::value channel, std::vector<ports::InboundEvent>& missed) {
    auto path = fmt::format("/channels/{}/posts?since={}", escaped(string_or(channel, "id")), newest_ms_);
    CO_TRY(const auto answer, co_await api_.call("GET", std::move(path)));
    if (answer.problem) co_return std::unexpected(refusal(answer));
    const auto* posts = find(answer.body, "posts");
    if (!posts || !posts->is_object()) co_return Result<>{};
    for (const auto& [id, post] : posts->get_object())
      if (auto event = event_of_post(post, channel, me_, addressing_); event && event->sent_ms >= newest_ms_)
        missed.push_back(std::move(*event));
    co_return Result<>{};
  }

  Task<> take(ports::ChannelHost& host, ports::InboundEvent event) {
    if (event.from.is_self) co_return Result<>{};
    const bool message = event.type == ports::EventType::message || event.type == ports::EventType::command;
    if (message) {
      // The end of what was missed and the beginning of what comes are the same.
      if (taken_.contains(event.event_id)) co_return Result<>{};
      CO_TRY_VOID(co_await know(event.from));
      CO_TRY_VOID(co_await know_thread(event));
      newest_ms_ = std::max(newest_ms_, event.sent_ms);
      event.checkpoint = std::to_string(newest_ms_);
    }
    auto id = event.event_id;
    CO_TRY_VOID(co_await host.receive(std::move(event)));
    if (taken_.size() >= kMostRemembered) taken_.clear();
    if (message) taken_.insert(std::move(id));
    co_return Result<>{};
  }

  // Names and whether it is a bot; without an answer it stays who it is.
  Task<> know(ports::Person& person) {
    const auto known = people_.find(person.id);
    if (known == people_.end()) {
      auto path = fmt::format("/users/{}", person.id);
      CO_TRY(const auto answer, co_await api_.call("GET", std::move(path)));
      if (answer.problem) co_return Result<>{};
      ports::Person found;
      found.handle = "@" + string_or(answer.body, "username");
      found.name = string_or(answer.body, "nickname");
      if (found.name.empty())
        found.name =
            std::string(trim(string_or(answer.body, "first_name") + " " + string_or(answer.body, "last_name")));
      if (found.name.empty()) found.name = string_or(answer.body, "username");
      found.is_bot = bool_or(answer.body, "is_bot", false);
      if (people_.size() >= kMostRemembered) people_.clear();
      people_.insert_or_assign(person.id, std::move(found));
    }
    const auto& found = people_.at(person.id);
    person.name = found.name;
    person.handle = found.handle;
    person.is_bot = person.is_bot || found.is_bot;
    co_return Result<>{};
  }

  // Whether the thread is about a message of ours; its first message is told once.
  Task<> know_thread(ports::InboundEvent& event) {
    const auto root = event.chat.thread_id;
    if (root.empty()) co_return Result<>{};
    if (const auto known = threads_.find(root); known != threads_.end()) {
      event.replies_to_me = known->second;
      co_return Result<>{};
    }
    auto path = fmt::format("/posts/{}", root);
    CO_TRY(const auto answer, co_await api_.call("GET", std::move(path)));
    if (answer.problem) co_return Result<>{};
    ports::Person author;
    author.id = escaped(string_or(answer.body, "user_id"));
    event.replies_to_me = author.id == me_.id;
    CO_TRY_VOID(co_await know(author));
    event.quote = {root, author.name, string_or(answer.body, "message")};
    if (threads_.size() >= kMostRemembered) threads_.clear();
    threads_.insert_or_assign(root, event.replies_to_me);
    co_return Result<>{};
  }

  // {"id": …} of a channel, of a person's direct channel, or why it is not there.
  Task<Answer> channel_id(std::string target) {
    Answer answer;
    answer.body = json::object{{"id", target}};
    std::string user;
    if (target.starts_with("user:")) user = target.substr(5);
    if (target.starts_with('@')) {
      auto path = fmt::format("/users/username/{}", target.substr(1));
      CO_TRY(const auto found, co_await api_.call("GET", std::move(path)));
      if (found.problem) co_return found;
      user = string_or(found.body, "id");
    }
    if (user.empty()) co_return answer;
    json::value body(json::array{json::string(me_.id), json::string(user)});
    co_return co_await api_.call("POST", "/channels/direct", std::move(body));
  }

  // Only a thread's first message can be replied to.
  Task<std::string> root_of(std::string message_id) {
    auto path = fmt::format("/posts/{}", escaped(message_id));
    CO_TRY(const auto answer, co_await api_.call("GET", std::move(path)));
    if (answer.problem) co_return std::string();
    auto root = string_or(answer.body, "root_id");
    co_return root.empty() ? message_id : root;
  }

  // An upload that broke off has said nothing to anybody.
  static ports::SendReport not_posted(ports::SendReport report) {
    if (report.problem && report.problem->fault == ports::SendFault::ambiguous)
      report.problem->fault = ports::SendFault::transient;
    return report;
  }

  ports::ChannelServices services_;
  Addressing addressing_;
  Api api_;
  Me me_;
  std::int64_t newest_ms_ = 0; // of a message that was taken
  std::map<std::string, ports::Person, std::less<>> people_;
  std::map<std::string, bool, std::less<>> threads_; // by their first message: is it ours?
  std::set<std::string, std::less<>> taken_;
};

Result<std::unique_ptr<ports::Channel>> make(ports::ChannelServices services) {
  TRY(auto settings, parse_json(services.settings_json, "settings of Mattermost"));
  TRY(auto token, services.secret("botToken"));
  const auto base = base_of(settings);
  if (token.empty() || (!base.starts_with("http://") && !base.starts_with("https://")))
    return fail(Kind::denied, "Mattermost needs a server's address and a bot's token.",
                "Set them with: openclaw config set channels.mattermost.baseUrl https://…, and the same for botToken.");
  return std::make_unique<Mattermost>(std::move(services), std::move(token), std::move(settings));
}

} // namespace
} // namespace openclaw::extensions::mattermost

namespace openclaw::ports {

void register_channels_mattermost(Registry& registry);
void register_channels_mattermost(Registry& registry) {
  ChannelType type;
  type.id = "mattermost";
  type.label = "Mattermost";
  type.not_there = "slash commands of the platform's own menu, buttons, polls";
  type.setup_keys = {"baseUrl", "botToken"};
  type.make = extensions::mattermost::make;
  registry.add_channel(std::move(type));
}

} // namespace openclaw::ports
