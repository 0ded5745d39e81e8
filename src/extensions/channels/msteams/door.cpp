#include "extensions/channels/msteams/door.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "extensions/channels/msteams/addresses.hpp"
#include <algorithm>

namespace openclaw::extensions::msteams {
namespace {

constexpr std::string_view kIssuer = "https://api.botframework.com";

Visit refused(int status, std::string why) {
  return {status, std::move(why), std::nullopt};
}

std::string tenant_of(const json::value& activity) {
  for (const std::string_view path : {"channelData.tenant.id", "conversation.tenantId"})
    if (const auto* id = find_path(activity, path); id && id->is_string()) return std::string(id->get_string());
  return {};
}

} // namespace

Visit judge(const Token& token, const PublicKey& key, std::string_view body, const DoorSettings& settings,
            std::int64_t now_ms) {
  if (!signed_by(token, key)) return refused(401, "The signature is wrong.");
  if (auto good = check_claims(token, kIssuer, settings.app_id, now_ms); !good)
    return refused(401, good.error().message);
  auto activity = parse_json(body, "activity");
  if (!activity || !activity->is_object()) return refused(400, "The body is no activity.");
  const auto service = string_or(*activity, "serviceUrl");
  const auto claimed = string_or(token.claims, "serviceurl");
  if (service.empty() || without_trailing_slashes(claimed) != without_trailing_slashes(service))
    return refused(401, "The token is for another serviceUrl than the activity.");
  const auto channel = string_or(*activity, "channelId");
  if (std::find(key.endorsements.begin(), key.endorsements.end(), channel) == key.endorsements.end())
    return refused(401, "The key may not speak for this channel.");
  if (!trusted_service(service, settings.service_url))
    return refused(403, "Its serviceUrl is not one of Microsoft's, so it is not given our token.");
  if (const auto tenant = tenant_of(*activity);
      !settings.tenant_id.empty() && !tenant.empty() && lowercase_ascii(tenant) != lowercase_ascii(settings.tenant_id))
    return refused(403, "It comes from another tenant than channels.msteams.tenantId.");
  return {200, {}, std::move(*activity)};
}

Task<Visit> Door::admit(net::Request request, std::string body) {
  if (request.method != "POST") co_return refused(405, "Activities are posted.");
  const auto authorization = request.headers.find("Authorization").value_or("");
  if (lowercase_ascii(authorization.substr(0, 7)) != "bearer ") co_return refused(401, "There is no token.");
  auto token = read_token(trim(authorization.substr(7)));
  if (!token) co_return refused(401, token.error().message);
  auto id = token->key_id;
  CO_TRY(const auto key, co_await keys_.find_key(std::move(id)));
  if (!key) co_return refused(401, "The token names a key that the Bot Framework does not have.");
  co_return judge(*token, *key, body, settings_, time_.now_ms());
}

} // namespace openclaw::extensions::msteams
