// Pairing from the outside: what devices get, what people decide, and that nobody gives away more than they have.
#include "config/files.hpp"
#include "gateway/device_fixture.hpp"
#include "gateway/gateway_fixture.hpp"
#include <fstream>
#include <sys/stat.h>

namespace openclaw::gateway {
namespace {

using testing::Device;
using testing::FakeSocket;
using Socket = std::shared_ptr<FakeSocket>;

class DevicesTest : public testing::GatewayTest {
public:
  // The device's connection after its answer to the challenge.
  Socket present(const Device& device, json::object more = {}, Remote remote = here()) {
    const auto socket = open(std::move(remote));
    const auto nonce = string_or(socket->sent.at(0).at("payload"), "nonce");
    socket->receive(
        request_frame("hello", "connect", device.sign(connect_params(std::move(more)), "v3", nonce, time.now_ms())));
    EXPECT_TRUE(until([&] { return !socket->answers("hello").empty(); }));
    return socket;
  }
  static json::value answer(const Socket& socket) {
    const auto frame = socket->answers("hello").front();
    const auto* found = find(frame, "payload");
    return found ? *found : json::value(json::object{{"type", "refused"}, {"auth", json::object()}});
  }
  static json::object refusal(const Socket& socket) {
    const auto frame = socket->answers("hello").front();
    const auto* error = find(frame, "error");
    return error ? error->get_object() : json::object{{"message", "let in"}};
  }
  static std::string token_of(const Socket& socket) { return string_or(answer(socket).at("auth"), "deviceToken"); }
  static std::string request_of(const Socket& socket) {
    const auto error = refusal(socket);
    EXPECT_EQ(string_or(error, "code"), "NOT_PAIRED") << to_text(error);
    EXPECT_EQ(socket->close_code, 1008);
    return error.contains("details") ? string_or(error.at("details"), "requestId") : "";
  }
  static json::object with_token(const std::string& token, json::array scopes = {}) {
    json::object more{{"auth", {{"token", token}}}};
    if (!scopes.empty()) more["scopes"] = std::move(scopes);
    return more;
  }
  static json::object wanting(json::array scopes) { return {{"scopes", std::move(scopes)}}; }
  // An operator without a device.
  Socket operator_with(json::array scopes) { return connect(wanting(std::move(scopes))); }
  std::string error_of(const Socket& socket, std::string method, json::object params) {
    const auto frame = ask(socket, std::move(method), std::move(params));
    const auto* error = find(frame, "error");
    return error ? string_or(*error, "message") : "done";
  }
  json::object grant_of(const Socket& admin, const Device& device) {
    const auto listed = payload(admin, "device.pair.list");
    for (const auto& row : listed.at("paired").get_array())
      if (string_or(row, "deviceId") == device.id()) return row.get_object();
    return {};
  }
};

TEST_F(DevicesTest, AProgramOfThisMachineIsPairedAndComesBackWithItsOwnToken) {
  const auto admin = operator_with({"operator.admin"});
  const Device device;
  const auto first = present(device, wanting({"operator.read"}));
  const auto token = token_of(first);
  EXPECT_EQ(token.size(), 64u);
  EXPECT_EQ(integer_or(answer(first).at("auth"), "issuedAtMs", 0), time.now_ms());
  const auto back = present(device, with_token(token, {"operator.read"}), elsewhere());
  EXPECT_EQ(refusal(back).at("message").as_string(), "let in");
  EXPECT_EQ(token_of(back), ""); // it has it already
  const auto row = grant_of(admin, device);
  EXPECT_EQ(to_text(row.at("scopes")), R"(["operator.read"])");
  ASSERT_EQ(row.at("tokens").as_array().size(), 1u);
  EXPECT_FALSE(row.at("tokens").as_array()[0].as_object().contains("token"));
  EXPECT_FALSE(admin->events("device.pair.resolved").empty());
}

TEST_F(DevicesTest, TheStatusCommandOf2026_1_30ConnectsTwiceWithoutBeingWidened) {
  // First as a probe with the shared token and [admin], then with the token that it was given and three scopes.
  const Device device;
  const auto probe = present(device, wanting({"operator.admin"}));
  const auto second =
      present(device, with_token(token_of(probe), {"operator.admin", "operator.approvals", "operator.pairing"}));
  EXPECT_EQ(string_or(answer(second), "type"), "hello-ok");
  EXPECT_EQ(answer(second).at("auth").at("scopes").as_array().size(), 3u);
}

TEST_F(DevicesTest, AProgramOfThisMachineWithTheSharedTokenIsPairedAnewForMore) {
  const auto admin = operator_with({"operator.admin"});
  const Device device;
  const auto first = present(device, wanting({"operator.read"}));
  const auto second = present(device, wanting({"operator.approvals"}));
  EXPECT_EQ(to_text(grant_of(admin, device).at("scopes")), R"(["operator.read","operator.approvals"])");
  // Both tokens are good: programs that share a key connect at the same time.
  for (const auto& socket : {first, second})
    EXPECT_EQ(string_or(answer(present(device, with_token(token_of(socket)))), "type"), "hello-ok");
}

TEST_F(DevicesTest, ADeviceFromElsewhereWaitsForAPerson) {
  const auto admin = operator_with({"operator.admin"});
  const auto reader = operator_with({"operator.read"});
  const Device device;
  const auto turned_away = present(device, wanting({"operator.read"}), elsewhere());
  const auto id = request_of(turned_away);
  ASSERT_FALSE(id.empty());
  EXPECT_EQ(string_or(refusal(turned_away).at("details"), "code"), "PAIRING_REQUIRED");
  const auto events = admin->events("device.pair.requested");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(string_or(events[0].at("payload"), "requestId"), id);
  EXPECT_EQ(string_or(events[0].at("payload"), "remoteIp"), "192.0.2.7");
  EXPECT_TRUE(reader->events("device.pair.requested").empty());
  // Asking again is the same request; asking for more is another one, so that nobody approves what was not shown.
  EXPECT_EQ(request_of(present(device, wanting({"operator.read"}), elsewhere())), id);
  const auto more = request_of(present(device, wanting({"operator.admin"}), elsewhere()));
  EXPECT_NE(more, id);
  EXPECT_EQ(error_of(admin, "device.pair.approve", {{"requestId", id}}), "unknown requestId");
  const auto approved = payload(admin, "device.pair.approve", {{"requestId", more}});
  EXPECT_EQ(string_or(approved.at("device"), "deviceId"), device.id());
  const auto in = present(device, wanting({"operator.admin"}), elsewhere());
  EXPECT_FALSE(token_of(in).empty());
  EXPECT_EQ(error_of(admin, "device.pair.approve", {{"requestId", more}}), "unknown requestId");
}

TEST_F(DevicesTest, ARequestLastsFiveMinutesAndCanBeRejected) {
  const auto admin = operator_with({"operator.admin"});
  const Device device;
  const auto first = request_of(present(device, {}, elsewhere()));
  time.advance(Devices::kRequestMs);
  settle();
  EXPECT_EQ(error_of(admin, "device.pair.approve", {{"requestId", first}}), "unknown requestId");
  EXPECT_TRUE(payload(admin, "device.pair.list").at("pending").as_array().empty());
  const auto second = request_of(present(device, {}, elsewhere()));
  EXPECT_EQ(string_or(payload(admin, "device.pair.reject", {{"requestId", second}}), "deviceId"), device.id());
  EXPECT_EQ(string_or(admin->events("device.pair.resolved").back().at("payload"), "decision"), "rejected");
  EXPECT_EQ(error_of(admin, "device.pair.approve", {{"requestId", second}}), "unknown requestId");
}

TEST_F(DevicesTest, OnlySoManyDevicesCanWait) {
  auto& devices = gateway->devices();
  for (std::size_t i = 0; i < Devices::kMaxRequests; ++i)
    ASSERT_TRUE(
        run(devices.ask({fmt::format("device-{}", i), "k", "", "", "", "", ""}, "operator", {"operator.read"})));
  const Device device;
  const auto refused = refusal(present(device, {}, elsewhere()));
  EXPECT_EQ(string_or(refused, "code"), "UNAVAILABLE");
  EXPECT_TRUE(bool_or(refused, "retryable", false));
  // One that waits already may change its mind.
  EXPECT_TRUE(run(devices.ask({"device-0", "k", "", "", "", "", ""}, "operator", {"operator.write"})));
  time.advance(Devices::kRequestMs);
  settle();
  EXPECT_FALSE(request_of(present(device, {}, elsewhere())).empty());
}

TEST_F(DevicesTest, OnlySoManyDevicesArePaired) {
  auto& devices = gateway->devices();
  for (std::int64_t i = 0; i < Devices::kMaxDevices; ++i)
    ASSERT_TRUE(*run(
        devices.admit({fmt::format("device-{}", i), "k", "", "", "", "", ""}, "operator", {"operator.read"}, true)));
  const auto admin = operator_with({"operator.admin"});
  const Device device;
  const auto near = present(device); // let in by the secret alone
  EXPECT_EQ(string_or(answer(near), "type"), "hello-ok");
  EXPECT_EQ(token_of(near), "");
  const auto id = request_of(present(device, {}, elsewhere()));
  EXPECT_NE(error_of(admin, "device.pair.approve", {{"requestId", id}}).find("which is the limit"), std::string::npos);
  payload(admin, "device.pair.remove", {{"deviceId", "device-7"}});
  payload(admin, "device.pair.approve", {{"requestId", id}});
}

TEST_F(DevicesTest, NoMethodGivesMoreThanItsCallerHas) {
  const auto admin = operator_with({"operator.admin"});
  const auto pairing = operator_with({"operator.pairing", "operator.read"});
  const Device strong;
  const auto token = token_of(present(strong, wanting({"operator.admin"})));
  const Device asking;
  const auto id = request_of(present(asking, wanting({"operator.admin"}), elsewhere()));
  const json::object strong_one{{"deviceId", strong.id()}, {"role", "operator"}};
  json::object narrowed = strong_one;
  narrowed["scopes"] = json::array{"operator.read"};
  EXPECT_EQ(error_of(pairing, "device.pair.approve", {{"requestId", id}}), "missing scope: operator.admin");
  EXPECT_EQ(error_of(pairing, "device.token.rotate", strong_one), "missing scope: operator.admin");
  EXPECT_EQ(error_of(pairing, "device.token.rotate", narrowed), "missing scope: operator.admin");
  EXPECT_EQ(error_of(pairing, "device.token.revoke", strong_one), "missing scope: operator.admin");
  EXPECT_EQ(error_of(pairing, "device.pair.remove", {{"deviceId", strong.id()}}), "missing scope: operator.admin");
  EXPECT_EQ(string_or(answer(present(strong, with_token(token))), "type"), "hello-ok"); // nothing happened to it
  // What it has itself it may give.
  const auto small = request_of(present(asking, wanting({"operator.read"}), elsewhere()));
  payload(pairing, "device.pair.approve", {{"requestId", small}});
  EXPECT_EQ(to_text(grant_of(admin, asking).at("scopes")), R"(["operator.read"])");
  // Rotating never widens the device, whoever asks.
  EXPECT_EQ(error_of(admin, "device.token.rotate",
                     {{"deviceId", asking.id()}, {"role", "operator"}, {"scopes", {"operator.write"}}}),
            "missing scope: operator.write");
  // A client without operator.pairing reaches none of it.
  const auto writer = operator_with({"operator.write"});
  for (const auto* method : {"device.pair.list", "device.pair.approve", "device.pair.reject", "device.pair.remove",
                             "device.token.rotate", "device.token.revoke"})
    EXPECT_EQ(error_of(writer, method, {}), "missing scope: operator.pairing") << method;
}

TEST_F(DevicesTest, ApprovingARevokedDeviceDoesNotBringBackWhatItHad) {
  const auto admin = operator_with({"operator.admin"});
  const auto pairing = operator_with({"operator.pairing", "operator.read"});
  const Device device;
  present(device, wanting({"operator.admin"}));
  payload(admin, "device.token.revoke", {{"deviceId", device.id()}, {"role", "operator"}});
  const auto id = request_of(present(device, wanting({"operator.read"}), elsewhere()));
  payload(pairing, "device.pair.approve", {{"requestId", id}});
  EXPECT_EQ(to_text(grant_of(admin, device).at("scopes")), R"(["operator.read"])");
}

TEST_F(DevicesTest, ARevokedDeviceIsDisconnectedAtOnceAndDoesNotComeBackByItself) {
  const auto admin = operator_with({"operator.admin"});
  const Device device;
  const auto first = present(device, wanting({"operator.read"}));
  const auto token = token_of(first);
  const auto second = present(device, with_token(token), elsewhere());
  const auto revoked = payload(admin, "device.token.revoke", {{"deviceId", device.id()}, {"role", "operator"}});
  EXPECT_EQ(integer_or(revoked, "revokedAtMs", 0), time.now_ms());
  for (const auto& socket : {first, second}) {
    EXPECT_EQ(socket->close_code, kDeviceGone);
    EXPECT_EQ(socket->close_reason, "device token revoked");
  }
  EXPECT_EQ(admin->close_code, 0);
  EXPECT_NE(string_or(refusal(present(device, with_token(token))), "message").find("token mismatch"),
            std::string::npos);
  // The gateway's own token lets it in here, as it would without a device; it is not paired again by that.
  EXPECT_EQ(token_of(present(device, wanting({"operator.read"}))), "");
  EXPECT_FALSE(request_of(present(device, wanting({"operator.read"}), elsewhere())).empty());
  EXPECT_NE(error_of(admin, "device.token.rotate", {{"deviceId", device.id()}, {"role", "operator"}}).find("revoked"),
            std::string::npos);
}

TEST_F(DevicesTest, ARemovedDeviceIsForgottenAndDisconnected) {
  const auto admin = operator_with({"operator.admin"});
  const Device device;
  const auto socket = present(device, wanting({"operator.read"}));
  payload(admin, "device.pair.remove", {{"deviceId", device.id()}});
  EXPECT_EQ(socket->close_code, kDeviceGone);
  EXPECT_TRUE(grant_of(admin, device).empty());
  EXPECT_NE(string_or(refusal(present(device, with_token(token_of(socket)))), "message").find("token mismatch"),
            std::string::npos);
  EXPECT_EQ(error_of(admin, "device.pair.remove", {{"deviceId", device.id()}}), "unknown deviceId");
  EXPECT_EQ(error_of(admin, "device.token.revoke", {{"deviceId", device.id()}, {"role", "operator"}}),
            "unknown deviceId/role");
}

TEST_F(DevicesTest, ADeviceMayTakeItsOwnRightsAwayAndHearsThatItIsDone) {
  const Device device;
  const auto socket = present(device, wanting({"operator.pairing"}));
  const auto done = payload(socket, "device.token.revoke", {{"deviceId", device.id()}, {"role", "operator"}});
  EXPECT_EQ(string_or(done, "deviceId"), device.id());
  EXPECT_TRUE(until([&] { return socket->close_code == kDeviceGone; }));
}

TEST_F(DevicesTest, RotatingGivesANewTokenNarrowsAndDisconnects) {
  const auto admin = operator_with({"operator.admin"});
  const Device device;
  const auto socket = present(device, wanting({"operator.read", "operator.write"}));
  const auto rotated = payload(admin, "device.token.rotate",
                               {{"deviceId", device.id()}, {"role", "operator"}, {"scopes", {"operator.read"}}});
  EXPECT_EQ(socket->close_code, kDeviceGone);
  EXPECT_EQ(to_text(rotated.at("scopes")), R"(["operator.read"])");
  EXPECT_NE(string_or(refusal(present(device, with_token(token_of(socket)))), "message").find("token mismatch"),
            std::string::npos);
  const auto fresh = string_or(rotated, "token");
  EXPECT_EQ(to_text(answer(present(device, with_token(fresh), elsewhere())).at("auth").at("scopes")),
            R"(["operator.read"])");
  EXPECT_FALSE(request_of(present(device, with_token(fresh, {"operator.write"}), elsewhere())).empty());
}

TEST_F(DevicesTest, UnknownFieldsAreRefused) {
  const auto admin = operator_with({"operator.admin"});
  const std::pair<const char*, json::object> rows[] = {
      {"device.pair.list", {{"all", true}}},
      {"device.pair.approve", {{"requestId", "x"}, {"scopes", {"operator.admin"}}}},
      {"device.pair.reject", {{"requestId", "x"}, {"silent", true}}},
      {"device.pair.remove", {{"deviceId", "x"}, {"role", "operator"}}},
      {"device.token.rotate", {{"deviceId", "x"}, {"role", "operator"}, {"token", "mine"}}},
      {"device.token.revoke", {{"deviceId", "x"}, {"role", "operator"}, {"approved", true}}}};
  for (const auto& [method, params] : rows)
    EXPECT_NE(error_of(admin, method, params).find("unexpected property"), std::string::npos) << method;
  EXPECT_EQ(error_of(admin, "device.pair.approve", {}),
            "invalid device.pair.approve params: must have required property 'requestId'");
  EXPECT_NE(
      error_of(admin, "device.token.rotate", {{"deviceId", "x"}, {"role", "operator"}, {"scopes", json::array()}}),
      "done");
}

TEST_F(DevicesTest, OldTokensOfAGrantAreForgotten) {
  const Device device;
  std::vector<std::string> tokens;
  for (int i = 0; i < store::kTokensPerGrant + 2; ++i) {
    tokens.push_back(token_of(present(device, wanting({"operator.read"}))));
    time.advance(1);
  }
  auto& devices = gateway->devices();
  EXPECT_FALSE(devices.grant_of_token(tokens.front(), device.id(), "operator"));
  EXPECT_FALSE(devices.grant_of_token(tokens[1], device.id(), "operator"));
  for (std::size_t i = 2; i < tokens.size(); ++i)
    EXPECT_TRUE(devices.grant_of_token(tokens[i], device.id(), "operator")) << i;
  EXPECT_FALSE(devices.grant_of_token(tokens.back(), device.id(), "node"));
}

TEST_F(DevicesTest, TheFilesForOtherProgramsHoldNoSecret) {
  const Device device;
  const auto token = token_of(present(device, wanting({"operator.read"})));
  const Device waiting;
  const auto id = request_of(present(waiting, {}, elsewhere()));
  const auto read = [&](std::string name) {
    auto content = config::read_small_file(folder + "/devices/" + name, 1'000'000);
    return content && *content ? **content : std::string();
  };
  ASSERT_TRUE(until([&] { return read("pending.json").find(id) != std::string::npos; }));
  const auto paired = parse_json(read("paired.json"), "file");
  ASSERT_TRUE(paired);
  const auto& row = paired->at(device.id());
  EXPECT_EQ(string_or(row, "role"), "operator");
  EXPECT_EQ(to_text(row.at("tokens").at("operator").at("scopes")), R"(["operator.read"])");
  EXPECT_FALSE(row.at("tokens").at("operator").as_object().contains("token"));
  for (const auto* name : {"paired.json", "pending.json"}) {
    EXPECT_EQ(read(name).find(token), std::string::npos);
    EXPECT_EQ(read(name).find(sha256_hex(token)), std::string::npos);
    struct stat found{};
    ASSERT_EQ(::stat((folder + "/devices/" + name).c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777u, 0600u);
  }
  // The token lies in no file of the state at all.
  std::ifstream state(folder + "/state.db-wal", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(state)), {});
  EXPECT_NE(bytes.find(sha256_hex(token)), std::string::npos);
  EXPECT_EQ(bytes.find(token), std::string::npos);
}

TEST_F(DevicesTest, TheFileOfTheOriginalProgramIsPutAside) {
  std::filesystem::create_directories(folder + "/devices");
  const std::string original = R"({"d":{"deviceId":"d","tokens":{"operator":{"token":"0123"}}}})";
  std::ofstream(folder + "/devices/paired.json") << original;
  const Device device;
  present(device, wanting({"operator.read"}));
  ASSERT_TRUE(run(gateway->devices().shut_down()));
  EXPECT_EQ(**config::read_small_file(folder + "/devices/paired.json.original", 4096), original);
  const auto ours = **config::read_small_file(folder + "/devices/paired.json", 4096);
  EXPECT_NE(ours.find(device.id()), std::string::npos);
}

TEST_F(DevicesTest, RandomSequencesOfCallsNeverMintScopes) {
  // Callers with few rights do what they can to a device that began with nothing: it never has more than the best of
  // them, and the admin's device never changes.
  const std::vector<json::array> hands{{"operator.pairing"}, {"operator.pairing", "operator.read"}};
  std::vector<Socket> callers;
  for (const auto& scopes : hands)
    callers.push_back(operator_with(scopes));
  const auto admin = operator_with({"operator.admin"});
  const Device strong;
  present(strong, wanting({"operator.admin"}));
  const Device weak;
  const std::vector<json::array> wishes{
      {"operator.admin"}, {"operator.write"}, {"operator.read"}, {"operator.pairing"}, {"operator.approvals"}};
  for (int i = 0; i < 60; ++i) {
    const auto& caller = callers[random.next() % callers.size()];
    const auto& wish = wishes[random.next() % wishes.size()];
    const auto target = random.next() % 2 ? weak.id() : strong.id();
    switch (random.next() % 4) {
    case 0: {
      const auto socket = present(weak, wanting(wish), elsewhere());
      const auto error = refusal(socket);
      if (const auto* details = error.if_contains("details"))
        (void)ask(caller, "device.pair.approve", {{"requestId", string_or(*details, "requestId")}});
      break;
    }
    case 1:
      (void)ask(caller, "device.token.rotate", {{"deviceId", target}, {"role", "operator"}, {"scopes", wish}});
      break;
    case 2:
      (void)ask(caller, "device.token.rotate", {{"deviceId", target}, {"role", "operator"}});
      break;
    case 3:
      (void)ask(caller, "device.token.revoke", {{"deviceId", target}, {"role", "operator"}});
      break;
    }
    const auto row = grant_of(admin, weak);
    if (const auto* scopes = row.if_contains("scopes"))
      for (const auto& scope : scopes->get_array())
        EXPECT_TRUE(scope == "operator.pairing" || scope == "operator.read") << i << " " << to_text(*scopes);
  }
  EXPECT_EQ(to_text(grant_of(admin, strong).at("scopes")), R"(["operator.admin"])");
}

} // namespace
} // namespace openclaw::gateway
