// Microsoft Teams by the Bot Framework: activities come to a webhook on the second listener, answers go to the
// Connector.
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "extensions/channels/msteams/activities.hpp"
#include "extensions/channels/msteams/addresses.hpp"
#include "extensions/channels/msteams/connector.hpp"
#include "extensions/channels/msteams/door.hpp"
#include "extensions/channels/msteams/html.hpp"
#include "ports/registry.hpp"
#include <fmt/core.h>

namespace openclaw::extensions::msteams {
namespace {

namespace rich_text = ports::rich_text;

constexpr std::string_view kLogin = "https://login.microsoftonline.com";
constexpr std::string_view kMetadata = "https://login.botframework.com/v1/.well-known/openidconfiguration";
constexpr std::string_view kPath = "/api/messages";
// OpenClaw's pieces. Teams takes 28 KB with all that is around the text, which only a text full of markup reaches
// first.
constexpr std::size_t kTextLimit = 4000;      // UTF-16 units
constexpr std::size_t kTextBytes = 26 * 1024; // of JSON
constexpr std::int64_t kFileOut = 4 * 1024 * 1024;
constexpr std::int64_t kFileIn = 100 * 1024 * 1024;
constexpr std::int64_t kEditIntervalMs = 1500;
constexpr std::int64_t kFirstPauseMs = 2000;
constexpr std::int64_t kLongestPauseMs = 30'000;
constexpr std::int64_t kTypingRefreshMs = 3500; // Teams shows it for about four seconds

std::string fact_of(std::string_view conversation_id) {
  return "conversation:" + sha256_hex(conversation_id).substr(0, 40);
}
std::string person_fact(std::string_view person_id) {
  return "person:" + sha256_hex(lowercase_ascii(person_id)).substr(0, 40);
}

std::vector<std::string> strings_of(const json::value& settings, std::string_view key) {
  std::vector<std::string> list;
  if (const auto* found = find(settings, key); found && found->is_array())
    for (const auto& item : found->get_array())
      if (item.is_string()) list.emplace_back(item.get_string());
  return list;
}

// Without a tenant of its own the bot belongs to all of them.
std::string tenant_of(const json::value& settings) {
  auto tenant = string_or(settings, "tenantId");
  for (const std::string_view everybody : {"botframework.com", "common", "organizations"})
    if (tenant == everybody) tenant.clear();
  return tenant;
}

std::string base_of(const json::value& settings, std::string_view key, std::string_view otherwise) {
  return without_trailing_slashes(string_or(settings, key, otherwise));
}

ports::SendReport report_of(const Answer& answer) {
  ports::SendReport report;
  report.problem = answer.problem;
  if (!report.problem)
    if (auto id = string_or(answer.body, "id"); !id.empty()) report.message_ids.push_back(std::move(id));
  return report;
}

class MsTeams final : public ports::Channel,
                      public ports::Typing,
                      public ports::Editing,
                      public ports::Files,
                      public ports::Probe {
public:
  MsTeams(ports::ChannelServices services, Secret password, json::value settings)
      : services_(std::move(services)), settings_(std::move(settings)), app_id_(string_or(settings_, "appId")),
        service_url_(string_or(settings_, "serviceUrl")),
        top_level_(string_or(settings_, "replyStyle", "thread") == "top-level"),
        connector_(
            services_.executor, services_.time, services_.http,
            {app_id_, std::move(password), base_of(settings_, "loginUrl", kLogin), tenant_of(settings_), service_url_}),
        door_(SigningKeys(services_.executor, services_.time, services_.http,
                          string_or(settings_, "openIdMetadataUrl", kMetadata)),
              services_.time, {app_id_, tenant_of(settings_), service_url_}) {}

  ports::Capabilities capabilities() const override {
    ports::Capabilities capabilities;
    capabilities.text_limit = kTextLimit;
    capabilities.caption_limit = kTextLimit;
    capabilities.native_replies = true;
    capabilities.threads = true;
    capabilities.file_in_bytes = kFileIn;
    capabilities.file_out_bytes = kFileOut;
    capabilities.edit_interval_ms = kEditIntervalMs;
    capabilities.typing_refresh_ms = kTypingRefreshMs;
    return capabilities;
  }

  ports::Rendered render(const rich_text::Node& document) const override {
    auto html = html_of(document);
    const auto bytes = to_text(json::value(html)).size();
    // In units of the tighter of the two limits.
    const auto length =
        std::max(rich_text::utf16_length(rich_text::plain_text(document)), bytes * kTextLimit / kTextBytes);
    return {std::move(html), {}, length};
  }

  Result<ports::Chat> chat_of(std::string_view target) const override {
    auto id = std::string(trim(target));
    for (const std::string_view prefix : {"msteams:", "teams:", "conversation:"})
      if (id.starts_with(prefix)) id.erase(0, prefix.size());
    ports::Chat chat;
    if (id.starts_with("user:")) {
      if (!host_) return fail(Kind::busy, "Teams is not connected yet.", "Try again in a moment.");
      chat.id = host_->recall(person_fact(id.substr(5)));
      if (chat.id.empty())
        return fail(Kind::invalid, fmt::format("{} has not written to this bot in Teams.", printable(target, 80)),
                    "A bot can write first only where it is known: let them say hello to it once.");
      return chat;
    }
    std::tie(chat.id, chat.thread_id) = conversation_and_thread(id);
    if (!chat.id.starts_with("a:") && !chat.id.starts_with("19:"))
      return fail(Kind::invalid, fmt::format("\"{}\" is no conversation of Teams.", printable(target, 80)),
                  "Use conversation:19:…@thread.tacv2 (with ;messageid=NUMBER for a thread), conversation:a:…, or "
                  "user:ID with the person's object id.");
    chat.kind = chat.id.starts_with("a:")            ? ports::ChatKind::direct
                : chat.id.ends_with("@thread.tacv2") ? ports::ChatKind::channel
                                                     : ports::ChatKind::group;
    return chat;
  }

  Task<> receive(ports::ChannelHost& host) override {
    auto* self = this;
    ports::Webhook webhook = [self](net::Request request, std::string body) {
      return self->take_webhook(std::move(request), std::move(body));
    };
    host_ = &host;
    const auto* webhook_settings = find(settings_, "webhook");
    const auto path = webhook_settings ? string_or(*webhook_settings, "path", kPath) : std::string(kPath);
    // Before signing in: what finds nobody here is not delivered again.
    CO_TRY_VOID(host.serve(path, std::move(webhook)));
    CO_TRY_VOID(co_await sign_in_at_last(host));
    host.connected(fmt::format("app {}", app_id_));
    async::Event never(services_.executor);
    while (true)
      CO_TRY_VOID(co_await never.wait());
  }

  Task<ports::SendReport> send(ports::Outgoing message) override {
    auto activity = activity_of(message);
    auto path = path_of(message.chat);
    if (!message.reply_to.empty()) {
      activity["replyToId"] = message.reply_to;
      path += "/" + percent_encoded(message.reply_to);
    }
    if (message.file) attach(activity, *message.file);
    auto service = service_of(message.chat);
    // A message that was written and not answered may be there already.
    CO_TRY(const auto answer,
           co_await connector_.call("POST", std::move(service), std::move(path), std::move(activity), false));
    co_return report_of(answer);
  }

  ports::Typing* typing() override { return this; }
  Task<> show_typing(ports::Chat chat) override {
    auto activity = envelope(chat);
    activity["type"] = "typing";
    auto service = service_of(chat);
    auto path = path_of(chat);
    CO_TRY([[maybe_unused]] const auto answer,
           co_await connector_.call("POST", std::move(service), std::move(path), std::move(activity)));
    co_return Result<>{};
  }

  ports::Editing* editing() override { return this; }
  Task<ports::SendReport> edit(std::string message_id, ports::Outgoing message) override {
    auto activity = activity_of(message);
    activity["id"] = message_id;
    auto service = service_of(message.chat);
    auto path = fmt::format("{}/{}", path_of(message.chat), percent_encoded(message_id));
    CO_TRY(const auto answer,
           co_await connector_.call("PUT", std::move(service), std::move(path), std::move(activity)));
    auto report = report_of(answer);
    if (!report.problem) report.message_ids = {message_id};
    co_return report;
  }
  Task<ports::SendReport> remove(ports::Chat chat, std::string message_id) override {
    auto service = service_of(chat);
    auto path = fmt::format("{}/{}", path_of(chat), percent_encoded(message_id));
    json::object nothing;
    CO_TRY(const auto answer,
           co_await connector_.call("DELETE", std::move(service), std::move(path), std::move(nothing)));
    co_return report_of(answer);
  }

  ports::Files* files() override { return this; }
  Task<std::string> fetch(ports::Attachment attachment, std::size_t limit) override {
    const auto address = file_address(attachment.reference);
    auto url = address.url;
    Result<std::string> bytes;
    if (address.with_token && trusted_service(url, service_url_))
      bytes = co_await connector_.download(std::move(url), limit);
    else
      bytes = co_await download_openly(std::move(url), limit);
    if (!bytes && bytes.error().code == "413")
      co_return fail(Kind::invalid, fmt::format("it is larger than {} MB", limit / 1048576));
    if (!bytes) co_return std::unexpected(std::move(bytes).error());
    // Who is not let in gets a page to sign in, not an error.
    if (bytes->starts_with("<!") || bytes->starts_with("<html"))
      if (attachment.type != ports::Attachment::Type::document)
        co_return fail(Kind::invalid, "what came is a web page, not a picture");
    co_return std::move(*bytes);
  }

  ports::Probe* probe() override { return this; }
  Task<std::string> who() override {
    CO_TRY_VOID(co_await connector_.sign_in());
    co_return fmt::format("app {}", app_id_);
  }

private:
  // A sign-in server that is away is waited for, with the door open; only what a person must mend ends it.
  Task<> sign_in_at_last(ports::ChannelHost& host) {
    for (auto pause = kFirstPauseMs;; pause = std::min(pause * 2, kLongestPauseMs)) {
      auto signed_in = co_await connector_.sign_in();
      if (signed_in || signed_in.error().kind == Kind::denied || signed_in.error().kind == Kind::cancelled)
        co_return signed_in;
      host.warn(signed_in.error().text());
      CO_TRY_VOID(co_await services_.time.sleep_ms(pause));
    }
  }

  Task<net::Response> take_webhook(net::Request request, std::string body) {
    CO_TRY(auto visit, co_await door_.admit(std::move(request), std::move(body)));
    if (!visit.activity) {
      log::warn("msteams", visit.why, {{"status", std::to_string(visit.status)}});
      co_return net::Response{visit.status, {{"Content-Type", "text/plain; charset=utf-8"}}, visit.why + "\n"};
    }
    const auto activity = std::move(*visit.activity);
    host_->alive();
    CO_TRY_VOID(co_await remember(activity));
    if (string_or(activity, "type") == "invoke") co_return answer_invoke(activity);
    auto events = events_from(activity, app_id_);
    for (auto& event : events) {
      auto taken = std::move(event);
      CO_TRY_VOID(co_await host_->receive(std::move(taken)));
    }
    co_return net::Response{200, {}, {}};
  }

  // An invoke wants its answer at once. Nothing that this bot sends leads to one, so that all are unknown to it.
  static net::Response answer_invoke(const json::value& activity) {
    log::info("msteams", "An invoke was answered with 501: nothing of this bot asks for it.",
              {{"name", printable(string_or(activity, "name"), 80)}});
    return {501, {{"Content-Type", "application/json"}}, "{}"};
  }

  // Where the conversation is served, so that we can write there later by ourselves.
  Task<> remember(json::value activity) {
    const auto reference = reference_from(activity);
    if (!reference) co_return Result<>{};
    auto key = fact_of(reference->conversation_id);
    auto text = reference_text(*reference);
    if (host_->recall(key) != text) CO_TRY_VOID(co_await host_->remember(std::move(key), std::move(text)));
    const auto* from = find(activity, "from");
    const auto person = from ? string_or(*from, "aadObjectId") : std::string();
    if (reference->type != "personal" || person.empty()) co_return Result<>{};
    auto person_key = person_fact(person);
    auto conversation = reference->conversation_id;
    if (host_->recall(person_key) == conversation) co_return Result<>{};
    co_return co_await host_->remember(std::move(person_key), std::move(conversation));
  }

  std::optional<Reference> reference_for(const ports::Chat& chat) const {
    return host_ ? reference_of(host_->recall(fact_of(chat.id))) : std::nullopt;
  }
  std::string service_of(const ports::Chat& chat) const {
    const auto reference = reference_for(chat);
    return reference ? reference->service_url : std::string();
  }
  std::string conversation_of(const ports::Chat& chat) const {
    if (chat.thread_id.empty() || top_level_) return chat.id;
    return fmt::format("{};messageid={}", chat.id, chat.thread_id);
  }
  std::string path_of(const ports::Chat& chat) const {
    return fmt::format("v3/conversations/{}/activities", percent_encoded(conversation_of(chat)));
  }

  json::object envelope(const ports::Chat& chat) const {
    const auto reference = reference_for(chat);
    json::object from{{"id", reference && !reference->bot_id.empty() ? reference->bot_id : "28:" + app_id_}};
    if (reference && !reference->bot_name.empty()) from["name"] = reference->bot_name;
    json::object conversation{{"id", conversation_of(chat)}};
    if (reference && !reference->type.empty()) conversation["conversationType"] = reference->type;
    if (reference && !reference->tenant_id.empty()) conversation["tenantId"] = reference->tenant_id;
    return {{"channelId", "msteams"}, {"from", std::move(from)}, {"conversation", std::move(conversation)}};
  }
  json::object activity_of(const ports::Outgoing& message) const {
    auto activity = envelope(message.chat);
    activity["type"] = "message";
    activity["text"] = message.body.text;
    activity["textFormat"] = message.plain ? "plain" : "xml";
    return activity;
  }

  static void attach(json::object& activity, const ports::OutgoingFile& file) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.bytes.data()), file.bytes.size());
    json::array list;
    list.push_back(json::object{{"contentType", file.mime_type},
                                {"name", file.file_name},
                                {"contentUrl", fmt::format("data:{};base64,{}", file.mime_type, to_base64(bytes))}});
    activity["attachments"] = std::move(list);
  }

  Task<std::string> download_openly(std::string url, std::size_t limit) {
    const auto hosts = strings_of(settings_, "mediaAllowHosts");
    if (!media_host_allowed(url, hosts) && !trusted_service(url, service_url_))
      co_return fail(Kind::denied, "its host is not in channels.msteams.mediaAllowHosts");
    net::Outbound request("GET", std::move(url));
    // The owner's own list may name hosts of their network; a redirect is judged like the first address.
    request.egress = hosts.empty() && service_url_.empty() ? net::Egress::public_only : net::Egress::configured;
    request.body_limit = limit;
    request.first_byte_timeout_ms = 20'000;
    request.idle_timeout_ms = 20'000;
    CO_TRY(auto response, co_await services_.http.fetch(std::move(request)));
    if (response.status != 200) co_return fail(Kind::missing, fmt::format("its server answered {}", response.status));
    co_return std::move(response.body);
  }

  ports::ChannelServices services_;
  json::value settings_;
  std::string app_id_;
  std::string service_url_;
  bool top_level_;
  Connector connector_;
  Door door_;
  ports::ChannelHost* host_ = nullptr;
};

Result<std::unique_ptr<ports::Channel>> make(ports::ChannelServices services) {
  TRY(auto settings, parse_json(services.settings_json, "settings of Teams"));
  TRY(auto password, services.secret("appPassword"));
  if (string_or(settings, "appId").empty() || password.empty())
    return fail(
        Kind::denied, "Teams needs the id and the secret of a bot registered in Azure.",
        "Set them with: openclaw config set channels.msteams.appId ID, and the same for appPassword and tenantId.");
  return std::make_unique<MsTeams>(std::move(services), std::move(password), std::move(settings));
}

} // namespace
} // namespace openclaw::extensions::msteams

namespace openclaw::ports {

void register_channels_msteams(Registry& registry);
void register_channels_msteams(Registry& registry) {
  ChannelType type;
  type.id = "msteams";
  type.label = "Microsoft Teams";
  type.not_there =
      "files by Microsoft Graph (what is attached in channels and groups, files above 4 MB), adaptive cards "
      "and polls, history, names in place of ids";
  type.setup_keys = {"appId", "appPassword", "tenantId"};
  type.make = extensions::msteams::make;
  registry.add_channel(std::move(type));
}

} // namespace openclaw::ports
