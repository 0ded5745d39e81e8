#include "gateway/handshake.hpp"

#include "base/text.hpp"
#include "gateway/device_signature.hpp"
#include "gateway/devices.hpp"
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
    "deviceFamily":{"type":"string","maxLength":256},"instanceId":{"type":"string","maxLength":128}}},
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
std::string secret_hint(AuthMode mode, std::string_view client_id) {
  const bool page = client_id == "openclaw-control-ui" || client_id.starts_with("webchat");
  if (mode == AuthMode::password) {
    if (client_id == "cli") return "set gateway.remote.password to match gateway.auth.password";
    return page ? "enter the password in Control UI settings" : "provide gateway auth password";
  }
  if (client_id == "cli") return "set gateway.remote.token to match gateway.auth.token";
  return page ? "open a tokenized dashboard URL or paste token in Control UI settings" : "provide gateway auth token";
}

struct Presented {
  std::vector<std::string> secrets; // candidates: either field may carry the gateway's
  std::string signed_token;
  bool only_password = false;
  bool only_device_token = false;
  bool device_token = false;
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
  found.device_token = !field("deviceToken").empty();
  found.only_password = field("token").empty() && !found.device_token && !field("password").empty();
  found.only_device_token = field("token").empty() && field("password").empty() && found.device_token;
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

Refusal no_identity() {
  return refuse("NOT_PAIRED", "device identity required",
                {{"code", "AUTH_REQUIRED"}, {"hint", "Connect with the gateway's token (gateway.auth.token)."}});
}

Refusal unauthorized(const Presented& auth, AuthMode mode, std::string_view client_id, bool may_use_device_token) {
  const bool token = mode == AuthMode::token;
  if (auth.only_device_token)
    return refuse("INVALID_REQUEST", "unauthorized: device token mismatch (rotate/reissue device token)",
                  {{"code", "AUTH_DEVICE_TOKEN_MISMATCH"},
                   {"hint", "Forget the stored device token and connect with the gateway's own."},
                   {"canRetryWithDeviceToken", false},
                   {"recommendedNextStep", "update_auth_credentials"}});
  const auto* name = token ? "token" : "password";
  const bool missing = auth.secrets.empty();
  const auto code = fmt::format("AUTH_{}_{}", token ? "TOKEN" : "PASSWORD", missing ? "MISSING" : "MISMATCH");
  json::object details{
      {"code", code},
      {"canRetryWithDeviceToken", may_use_device_token},
      {"recommendedNextStep", may_use_device_token ? "retry_with_device_token" : "update_auth_credentials"}};
  if (!missing) details["hint"] = "Get a fresh link with: openclaw dashboard";
  return refuse("INVALID_REQUEST",
                fmt::format("unauthorized: gateway {} {} ({})", name, missing ? "missing" : "mismatch",
                            secret_hint(mode, client_id)),
                std::move(details));
}

Refusal too_many_failures(std::int64_t wait_ms) {
  auto refusal = refuse("INVALID_REQUEST", "unauthorized: too many failed authentication attempts (retry later)",
                        {{"code", "AUTH_RATE_LIMITED"}});
  refusal.error["retryable"] = true;
  refusal.error["retryAfterMs"] = wait_ms;
  return refusal;
}

store::DeviceFacts describe(const json::object& params, const ClientFacts& client, const Remote& remote) {
  const auto& written = params.at("client");
  return {client.device_id,
          string_or(*find(params, "device"), "publicKey"),
          string_or(written, "displayName"),
          client.platform,
          client.id,
          client.mode,
          remote.address};
}

} // namespace

Refusal refuse(std::string_view code, std::string message, json::object details, int close_code) {
  Refusal refusal;
  refusal.error = protocol_error(code, message, std::move(details));
  refusal.close_code = close_code;
  refusal.close_reason = std::move(message);
  return refusal;
}

Refusal pairing_required(std::string_view request_id, bool known) {
  return refuse("NOT_PAIRED", "pairing required",
                {{"code", "PAIRING_REQUIRED"},
                 {"requestId", request_id},
                 {"reason", known ? "scope-upgrade" : "not-paired"},
                 {"hint", fmt::format("On the gateway's machine: openclaw devices approve {}", request_id)}});
}

std::expected<Admission, Refusal> shake_hands(const json::object& params, const HandshakeFacts& facts,
                                              Credentials& credentials, Devices& devices) {
  static const auto schema = parse_json(kConnectSchema, "connect schema");
  if (const auto problems = schema_problems(json::value(params), *schema); !problems.empty())
    return std::unexpected(refuse("INVALID_REQUEST", "invalid connect params: " + problems));

  const auto min_protocol = integer_or(params, "minProtocol", 0);
  const auto max_protocol = integer_or(params, "maxProtocol", 0);
  if (max_protocol < kOldestProtocol || min_protocol > kNewestProtocol || min_protocol > max_protocol)
    return std::unexpected(mismatch(min_protocol, max_protocol));

  const auto& client_value = params.at("client");
  Admission admission;
  auto& client = admission.client;
  client.connection_id = facts.connection_id;
  client.protocol = static_cast<int>(std::min<std::int64_t>(kNewestProtocol, max_protocol));
  client.id = string_or(client_value, "id");
  client.mode = string_or(client_value, "mode");
  client.name = string_or(client_value, "displayName", client.id);
  client.version = string_or(client_value, "version", "unknown");
  client.platform = string_or(client_value, "platform", "unknown");
  client.instance_id = string_or(client_value, "instanceId");
  client.connected_ms = facts.now_ms;
  client.role = string_or(params, "role", "operator");
  for (auto& capability : strings_of(find(params, "caps")))
    client.capabilities.insert(std::move(capability));
  if (client.role == "node")
    return std::unexpected(
        refuse("INVALID_REQUEST", "Nodes are not in this build of openclaw; connect with role operator."));
  if (client.role != "operator") return std::unexpected(refuse("INVALID_REQUEST", "invalid role"));

  const auto sent_scopes = strings_of(find(params, "scopes"));
  const bool undeclared = sent_scopes.empty();
  auto declared = sent_scopes;
  std::erase_if(declared, [](const auto& scope) { return !valid_id(scope); });
  const auto wanted = undeclared ? std::vector{std::string(scope_name(Scope::admin))} : declared;
  const auto auth = presented(params);
  const auto* device = find(params, "device");
  if (!device && auth.secrets.empty()) return std::unexpected(no_identity());
  if (!device && client.id == "openclaw-control-ui")
    return std::unexpected(refuse("INVALID_REQUEST", "control ui requires HTTPS or localhost (secure context)",
                                  {{"code", "DEVICE_IDENTITY_REQUIRED"}}));
  if (!device && auth.only_password && !facts.remote.local) return std::unexpected(no_identity());

  if (const auto wait = credentials.retry_after_ms(facts.remote); wait > 0)
    return std::unexpected(too_many_failures(wait));
  if (device) {
    const SignedFacts to_sign{client.id,
                              client.mode,
                              string_or(client_value, "platform"),
                              string_or(client_value, "deviceFamily"),
                              client.role,
                              sent_scopes,
                              auth.signed_token,
                              facts.nonce,
                              facts.now_ms,
                              facts.remote.local};
    auto id = check_device(*device, to_sign);
    if (!id) {
      credentials.count_failure(facts.remote);
      return std::unexpected(
          refuse("INVALID_REQUEST", id.error().message, {{"code", id.error().code}, {"hint", id.error().hint}}));
    }
    client.device_id = std::move(*id);
    admission.device = describe(params, client, facts.remote);
    admission.wanted = wanted;
  }
  for (const auto& secret : auth.secrets) {
    if (const auto credential = credentials.find(secret); credential && credential->role == client.role) {
      client.auth_method = credential->method;
      if (!credential->shared) {
        client.scopes = undeclared ? credential->scopes : narrow(credential->scopes, declared);
        return admission;
      }
      client.scopes = narrow(credential->scopes, wanted);
      if (!device) return admission;
      const auto grant = devices.grant(client.device_id, client.role);
      const bool enough = grant && !grant->revoked_ms && covers(grant->scopes, wanted);
      admission.step = enough || facts.remote.local ? DeviceStep::admit : DeviceStep::ask;
      return admission;
    }
    if (!device) continue;
    const auto grant = devices.grant_of_token(secret, client.device_id, client.role);
    if (!grant) continue;
    client.auth_method = "device-token";
    client.scopes = undeclared ? grant->scopes : narrow(grant->scopes, declared);
    if (!covers(grant->scopes, declared)) admission.step = DeviceStep::ask;
    return admission;
  }
  if (!auth.secrets.empty()) credentials.count_failure(facts.remote);
  const auto grant = device ? devices.grant(client.device_id, client.role) : std::nullopt;
  return std::unexpected(
      unauthorized(auth, credentials.mode(), client.id, grant && !grant->revoked_ms && !auth.device_token));
}

} // namespace openclaw::gateway
