#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

constexpr std::size_t kShownId = 12;
constexpr std::size_t kLeastPrefix = 4;

std::string strings_text(const json::value& object, std::string_view key) {
  std::vector<std::string> strings;
  if (const auto* list = find(object, key); list && list->is_array())
    for (const auto& item : list->get_array())
      if (item.is_string()) strings.emplace_back(item.get_string());
  return join(strings, " ");
}

std::string name_of(const json::value& device) {
  auto name = string_or(device, "displayName");
  if (name.empty()) name = string_or(device, "clientId");
  return name;
}

// The whole id of the one entry of `listed[list]` whose `field` begins with what was typed.
Result<std::string> whole_id(const json::value& listed, std::string_view list, std::string_view field,
                             const std::string& typed) {
  std::vector<std::string> fitting;
  if (const auto* entries = find(listed, list); entries && entries->is_array())
    for (const auto& entry : entries->get_array())
      if (auto id = string_or(entry, field); id == typed || (typed.size() >= kLeastPrefix && id.starts_with(typed)))
        fitting.push_back(std::move(id));
  if (fitting.size() == 1) return std::move(fitting.front());
  if (fitting.empty())
    return fail(Kind::missing, fmt::format("There is no {} \"{}\".", list == "pending" ? "request" : "device", typed),
                "See them with: openclaw devices list");
  return fail(Kind::invalid, fmt::format("\"{}\" is the beginning of {} ids.", typed, fitting.size()),
              "Type more of it.");
}

Result<int> list(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto answer, call_gateway(invocation, "device.pair.list", {}));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  const auto now = SystemClock().now_ms();
  std::vector<std::vector<std::string>> waiting;
  if (const auto* pending = find(answer, "pending"); pending && pending->is_array())
    for (const auto& request : pending->get_array())
      waiting.push_back({string_or(request, "requestId"), string_or(request, "deviceId").substr(0, kShownId),
                         name_of(request), string_or(request, "remoteIp"),
                         duration_text(now - integer_or(request, "ts", now)), strings_text(request, "scopes")});
  std::vector<std::vector<std::string>> paired;
  if (const auto* devices = find(answer, "paired"); devices && devices->is_array())
    for (const auto& device : devices->get_array()) {
      std::int64_t used = 0;
      bool revoked = false;
      if (const auto* tokens = find(device, "tokens"); tokens && tokens->is_array())
        for (const auto& token : tokens->get_array()) {
          used = std::max(used, integer_or(token, "lastUsedAtMs", 0));
          revoked = revoked || integer_or(token, "revokedAtMs", 0) > 0;
        }
      paired.push_back({string_or(device, "deviceId").substr(0, kShownId), name_of(device),
                        string_or(device, "platform"), used > 0 ? duration_text(now - used) : "never",
                        revoked ? "revoked" : strings_text(device, "scopes")});
    }
  if (!waiting.empty()) {
    output.line("Waiting for you (openclaw devices approve REQUEST, or reject):");
    output.table({{"Request"}, {"Device"}, {"Name"}, {"Address"}, {"Age", true}, {"Wants"}}, waiting);
    output.line();
  }
  if (paired.empty())
    output.line("No device is paired.");
  else
    output.table({{"Device"}, {"Name"}, {"Platform"}, {"Used", true}, {"May"}}, paired);
  return 0;
}

Result<int> change(Invocation& invocation, std::string method, std::string_view list, std::string_view field,
                   json::object params, std::string_view done) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  TRY(const auto listed, call_gateway(invocation, "device.pair.list", {}));
  TRY(auto id, whole_id(listed, list, field, invocation.argument(0)));
  params[field] = id;
  TRY(const auto answer, call_gateway(invocation, std::move(method), std::move(params)));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  const auto device =
      find(answer, "device") ? string_or(*find(answer, "device"), "deviceId") : string_or(answer, "deviceId", id);
  output.line(fmt::format("{} {}.", done, terminal_safe(device)));
  if (const auto token = string_or(answer, "token"); !token.empty()) output.line(terminal_safe(token));
  return 0;
}

json::object role_of(const Invocation& invocation) {
  return {{"role", invocation.value("role").value_or("operator")}};
}

Result<int> approve(Invocation& invocation) {
  return change(invocation, "device.pair.approve", "pending", "requestId", {}, "Paired with device");
}
Result<int> reject(Invocation& invocation) {
  return change(invocation, "device.pair.reject", "pending", "requestId", {}, "Rejected the request of device");
}
Result<int> remove(Invocation& invocation) {
  return change(invocation, "device.pair.remove", "paired", "deviceId", {}, "Removed and disconnected device");
}
Result<int> revoke(Invocation& invocation) {
  return change(invocation, "device.token.revoke", "paired", "deviceId", role_of(invocation),
                "Revoked the token of, and disconnected, device");
}
Result<int> rotate(Invocation& invocation) {
  auto params = role_of(invocation);
  if (const auto written = invocation.value("scopes")) {
    json::array scopes;
    for (const auto scope : split(*written, ','))
      scopes.push_back(json::value(trim(scope)));
    params["scopes"] = std::move(scopes);
  }
  return change(invocation, "device.token.rotate", "paired", "deviceId", std::move(params),
                "This is the new token of device");
}

} // namespace

void register_devices(CommandTable& table) {
  const Option role{"role", 0, "ROLE", "The role that the token is for (operator)."};
  table.add(
      {"devices list", "List paired devices and those that wait.", "", gateway_call_options(), reporting(list), true});
  table.add({"devices approve", "Let a waiting device in.", "REQUEST", gateway_call_options(), reporting(approve)});
  table.add({"devices reject", "Turn a waiting device away.", "REQUEST", gateway_call_options(), reporting(reject)});
  table.add(
      {"devices remove", "Forget a device and disconnect it.", "DEVICE", gateway_call_options(), reporting(remove)});
  table.add({"devices rotate", "Give a device a new token, and print it.", "DEVICE",
             gateway_call_options(
                 {role, {"scopes", 0, "LIST", "Narrow what it may do to these scopes, with commas between them."}}),
             reporting(rotate)});
  table.add({"devices revoke", "Take a device's token away and disconnect it.", "DEVICE", gateway_call_options({role}),
             reporting(revoke)});
}

} // namespace openclaw::cli
