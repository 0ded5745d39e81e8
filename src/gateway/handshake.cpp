#include "gateway/handshake.hpp"

#include "base/text.hpp"
#include "gateway/device_signature.hpp"
#include "gateway/method.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

// Lenient on purpose: unknown keys and client ids of later versions are fine.
constexpr const char* kConnectSchema =
    R"({"type":"object","required":["minProtocol","maxProtocol","client"],"properties":{
  "minProtocol":{"type":"integer","minimum":1},"maxProtocol":{"type":"integer","minimum":1},
  "client":{"type":"object","required":["id","mode"],"properties":{
    "id":{"type":"string","minLength":1,"maxLength":128},"mode":{"type":"string","minLength":1,"maxLength":128},
    "version":{"type":"string","maxLength":256},"platform":{"type":"string","maxLength":256},"displayName":{"type":"string","maxLength":256},
    "deviceFamily":{"type":"string","maxLength":256}}},
  "caps":{"type":"array","maxItems":256,"items":{"type":"string","maxLength":128}},
  "role":{"type":"string"},
  "scopes":{"type":"array","maxItems":64,"items":{"type":"string","maxLength":128}},
  "auth":{"type":"object"},"device":{"type":"object"}}})";

std::vector<std::string> strings_of(const json::value* list) {
  std::vector<std::string> strings;
  if (list && list->is_array())
    for (const auto& item : list->get_array())
      if (item.is_string()) strings.emplace_back(item.get_string());
  return strings;
}

// What a person can do about it depends on the program that connects.
std::string token_hint(std::string_view client_id) {
  if (client_id == "cli") return "set gateway.remote.token to match gateway.auth.token";
  if (client_id == "openclaw-control-ui" || client_id.starts_with("webchat"))
    return "open a tokenized dashboard URL or paste token in Control UI settings";
  return "provide gateway auth token";
}

struct Presented {
  std::vector<std::string> secrets; // candidates, either field may carry the token
  std::string signed_token;
  bool pairing_only = false; // only credentials of a pairing that this build does not do
};

Presented presented(const json::object& params) {
  Presented found;
  const auto* auth = find(params, "auth");
  if (!auth) return found;
  const auto field = [&](std::string_view key) { return std::string(trim(string_or(*auth, key))); };
  for (const auto* key : {"token", "password", "deviceToken"}) {
    auto secret = field(key);
    if (!secret.empty() && std::find(found.secrets.begin(), found.secrets.end(), secret) == found.secrets.end())
      found.secrets.push_back(std::move(secret));
  }
  for (const auto* key : {"token", "deviceToken", "bootstrapToken"})
    if (found.signed_token.empty()) found.signed_token = string_or(*auth, key);
  found.pairing_only = field("token").empty() && field("password").empty() &&
                       (!field("deviceToken").empty() || !field("bootstrapToken").empty());
  return found;
}

Refusal mismatch(std::int64_t min_protocol, std::int64_t max_protocol) {
  return refuse("INVALID_REQUEST", "protocol mismatch",
                {{"code", "PROTOCOL_MISMATCH"},
                 {"clientMinProtocol", min_protocol},
                 {"clientMaxProtocol", max_protocol},
                 {"expectedProtocol", kNewestProtocol},
                 {"minimumProbeProtocol", kOldestProtocol}},
                1002);
}

Refusal unauthorized(const Presented& auth, bool has_device, std::string_view client_id) {
  if (auth.pairing_only && has_device)
    return refuse(
        "NOT_PAIRED", "pairing required",
        {{"code", "PAIRING_REQUIRED"},
         {"hint", "Pairing of devices is not in this build of openclaw: connect with the gateway's token instead."}});
  if (!auth.secrets.empty())
    return refuse("INVALID_REQUEST", fmt::format("unauthorized: gateway token mismatch ({})", token_hint(client_id)),
                  {{"code", "AUTH_TOKEN_MISMATCH"},
                   {"hint", "Get a fresh link with: openclaw dashboard"},
                   {"canRetryWithDeviceToken", false}});
  if (has_device)
    return refuse("INVALID_REQUEST", fmt::format("unauthorized: gateway token missing ({})", token_hint(client_id)),
                  {{"code", "AUTH_TOKEN_MISSING"}});
  return refuse("NOT_PAIRED", "device identity required",
                {{"code", "AUTH_REQUIRED"}, {"hint", "Connect with the gateway's token (gateway.auth.token)."}});
}

} // namespace

Refusal refuse(std::string_view code, std::string message, json::object details, int close_code) {
  Refusal refusal;
  refusal.error = protocol_error(code, message, std::move(details));
  refusal.close_code = close_code;
  refusal.close_reason = std::move(message);
  return refusal;
}

std::expected<ClientFacts, Refusal> shake_hands(const json::object& params, const HandshakeFacts& facts,
                                                Credentials& credentials) {
  static const auto schema = parse_json(kConnectSchema, "connect schema");
  if (const auto problems = schema_problems(json::value(params), *schema); !problems.empty())
    return std::unexpected(refuse("INVALID_REQUEST", "invalid connect params: " + problems));

  const auto min_protocol = integer_or(params, "minProtocol", 0);
  const auto max_protocol = integer_or(params, "maxProtocol", 0);
  if (max_protocol < kOldestProtocol || min_protocol > kNewestProtocol || min_protocol > max_protocol)
    return std::unexpected(mismatch(min_protocol, max_protocol));

  const auto& client_value = params.at("client");
  ClientFacts client;
  client.connection_id = facts.connection_id;
  client.protocol = static_cast<int>(std::min<std::int64_t>(kNewestProtocol, max_protocol));
  client.id = string_or(client_value, "id");
  client.mode = string_or(client_value, "mode");
  client.name = string_or(client_value, "displayName", client.id);
  client.version = string_or(client_value, "version", "unknown");
  client.platform = string_or(client_value, "platform", "unknown");
  client.connected_ms = facts.now_ms;
  client.role = string_or(params, "role", "operator");
  for (auto& capability : strings_of(find(params, "caps")))
    client.capabilities.insert(std::move(capability));
  if (client.role == "node")
    return std::unexpected(
        refuse("INVALID_REQUEST", "Nodes are not in this build of openclaw; connect with role operator."));
  if (client.role != "operator") return std::unexpected(refuse("INVALID_REQUEST", "invalid role"));

  const auto declared = strings_of(find(params, "scopes"));
  const auto auth = presented(params);
  const auto* device = find(params, "device");
  if (!device && auth.secrets.empty()) return std::unexpected(unauthorized(auth, false, client.id));
  if (!device && client.id == "openclaw-control-ui")
    return std::unexpected(refuse("INVALID_REQUEST", "control ui requires HTTPS or localhost (secure context)",
                                  {{"code", "DEVICE_IDENTITY_REQUIRED"}}));

  if (const auto wait = credentials.limiter().retry_after_ms(); wait > 0) {
    auto refusal = refuse("INVALID_REQUEST", "unauthorized: too many failed authentication attempts (retry later)",
                          {{"code", "AUTH_RATE_LIMITED"}});
    refusal.error["retryable"] = true;
    refusal.error["retryAfterMs"] = wait;
    return std::unexpected(std::move(refusal));
  }
  if (device) {
    const SignedFacts to_sign{client.id,
                              client.mode,
                              string_or(client_value, "platform"),
                              string_or(client_value, "deviceFamily"),
                              client.role,
                              declared,
                              auth.signed_token,
                              facts.nonce,
                              facts.now_ms,
                              facts.loopback};
    auto id = check_device(*device, to_sign);
    if (!id) {
      credentials.limiter().count_failure();
      return std::unexpected(
          refuse("INVALID_REQUEST", id.error().message, {{"code", id.error().code}, {"hint", id.error().hint}}));
    }
    client.device_id = std::move(*id);
  }
  for (const auto& secret : auth.secrets) {
    const auto credential = credentials.find(secret);
    if (!credential || credential->role != client.role) continue;
    client.auth_method = credential->method;
    if (!declared.empty())
      client.scopes = narrow(credential->scopes, declared);
    else if (credential->method == "token")
      client.scopes = {std::string(scope_name(Scope::admin))};
    else
      client.scopes = credential->scopes;
    return client;
  }
  if (!auth.secrets.empty()) credentials.limiter().count_failure();
  return std::unexpected(unauthorized(auth, device != nullptr, client.id));
}

} // namespace openclaw::gateway
