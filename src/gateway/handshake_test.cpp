// Section 2.2 of the protocol: who is let in with which rights, and the words of each refusal.
#include "gateway/device_fixture.hpp"
#include "gateway/gateway_fixture.hpp"

namespace openclaw::gateway {
namespace {

using testing::Device;

class HandshakeTest : public testing::LoopTest {
public:
  void SetUp() override {
    open_database();
    credentials = std::make_unique<Credentials>(time, random, *database, Secret(testing::kToken));
    devices = std::make_unique<Devices>(loop.get_executor(), time, random, *database, clients);
  }
  static json::object params(json::object more = {}) { return testing::GatewayTest::connect_params(std::move(more)); }
  static json::object client(std::string_view id) {
    return {{"id", id}, {"mode", "cli"}, {"version", "1"}, {"platform", "Linux"}, {"deviceFamily", " PC "}};
  }
  std::expected<Admission, Refusal> judge(const json::object& connect, Remote remote = {"127.0.0.1", true, true}) {
    return shake_hands(connect, {"c1", "nonce-1", time.now_ms(), std::move(remote)}, *credentials, *devices);
  }
  std::expected<ClientFacts, Refusal> shake(const json::object& connect, Remote remote = {"127.0.0.1", true, true}) {
    auto admission = judge(connect, std::move(remote));
    if (!admission) return std::unexpected(admission.error());
    return admission->client;
  }
  struct Told {
    std::string code, message, detail;
    int close = 0;
  };
  Told refusal(const json::object& connect, Remote remote = {"127.0.0.1", true, true}) {
    const auto outcome = shake(connect, std::move(remote));
    if (outcome) return {"let in", "", "", 0};
    const auto& error = outcome.error().error;
    const auto* details = error.if_contains("details");
    return {string_or(error, "code"), string_or(error, "message"), details ? string_or(*details, "code") : "",
            outcome.error().close_code};
  }
  // The connect parameters with a signed device.
  json::object signed_params(const Device& device, std::string_view version, json::object more = {},
                             std::int64_t skew_ms = 0) {
    auto connect = params(std::move(more));
    connect["client"] = client("cli");
    return device.sign(std::move(connect), version, "nonce-1", time.now_ms() + skew_ms);
  }
  std::string client_token(std::vector<std::string> scopes) {
    const auto login = run(credentials->create_login(std::move(scopes)));
    const auto token = run(credentials->exchange(login->code));
    return (*token)->token;
  }
  const Remote far{"192.0.2.7", false, false};
  Clients clients{loop.get_executor(), time};
  std::unique_ptr<Credentials> credentials;
  std::unique_ptr<Devices> devices;
};

TEST_F(HandshakeTest, TheWorstVersionsBothKnowIsSpokenAndOthersAreToldBothRanges) {
  for (int least = 1; least <= 6; ++least)
    for (int most = least; most <= 6; ++most) {
      const auto outcome = shake(params({{"minProtocol", least}, {"maxProtocol", most}}));
      const bool possible = most >= 3 && least <= 4;
      ASSERT_EQ(outcome.has_value(), possible) << least << ".." << most;
      if (possible) {
        EXPECT_EQ(outcome->protocol, std::min(most, 4));
        continue;
      }
      const auto& refusal = outcome.error();
      EXPECT_EQ(refusal.close_code, 1002);
      EXPECT_EQ(string_or(refusal.error, "message"), "protocol mismatch");
      const auto& details = refusal.error.at("details").get_object();
      EXPECT_EQ(integer_or(details, "clientMinProtocol", 0), least);
      EXPECT_EQ(integer_or(details, "clientMaxProtocol", 0), most);
      EXPECT_EQ(integer_or(details, "expectedProtocol", 0), 4);
      EXPECT_EQ(integer_or(details, "minimumProbeProtocol", 0), 3);
      EXPECT_EQ(string_or(details, "code"), "PROTOCOL_MISMATCH");
    }
}

TEST_F(HandshakeTest, AWrongTokenIsToldInTheWordsOfEachClientsDocumentation) {
  const std::pair<const char*, const char*> hints[] = {
      {"cli", "set gateway.remote.token to match gateway.auth.token"},
      {"openclaw-control-ui", "open a tokenized dashboard URL or paste token in Control UI settings"},
      {"webchat", "open a tokenized dashboard URL or paste token in Control UI settings"},
      {"webchat-ui", "open a tokenized dashboard URL or paste token in Control UI settings"},
      {"gateway-client", "provide gateway auth token"}};
  const Device device;
  for (const auto& [id, hint] : hints) {
    auto connect = params({{"client", client(id)}, {"auth", {{"token", "wrong"}}}});
    if (std::string_view(id) == "openclaw-control-ui") continue; // needs a device, see below
    const auto told = refusal(connect);
    EXPECT_EQ(told.code, "INVALID_REQUEST");
    EXPECT_EQ(told.message, fmt::format("unauthorized: gateway token mismatch ({})", hint));
    EXPECT_EQ(told.detail, "AUTH_TOKEN_MISMATCH");
    EXPECT_EQ(told.close, 1008);
  }
}

TEST_F(HandshakeTest, NoTokenAtAllIsToldApartWithAndWithoutADevice) {
  auto bare = params();
  bare.erase("auth");
  auto told = refusal(bare);
  EXPECT_EQ(told.code, "NOT_PAIRED");
  EXPECT_EQ(told.message, "device identity required");
  EXPECT_EQ(told.close, 1008);
  const Device device;
  told = refusal(signed_params(device, "v2", {{"auth", json::object()}}));
  EXPECT_EQ(told.code, "INVALID_REQUEST");
  EXPECT_EQ(told.message, "unauthorized: gateway token missing (set gateway.remote.token to match gateway.auth.token)");
  EXPECT_EQ(told.detail, "AUTH_TOKEN_MISSING");
}

TEST_F(HandshakeTest, RolesThatAreNotThereAreRefused) {
  EXPECT_EQ(refusal(params({{"role", "king"}})).message, "invalid role");
  EXPECT_NE(refusal(params({{"role", "node"}})).message.find("not in this build"), std::string::npos);
}

TEST_F(HandshakeTest, TheControlUiNeedsItsDevice) {
  const auto told = refusal(params({{"client", client("openclaw-control-ui")}}));
  EXPECT_EQ(told.message, "control ui requires HTTPS or localhost (secure context)");
}

TEST_F(HandshakeTest, UnknownFieldsAndClientsAreWelcomeAndMissingOnesAreNamed) {
  EXPECT_TRUE(shake(params(
      {{"computerUse", json::object()}, {"client", {{"id", "never-heard-of"}, {"mode", "odd"}, {"buildId", 7}}}})));
  auto connect = params();
  connect.erase("client");
  EXPECT_EQ(refusal(connect).message, "invalid connect params: must have required property 'client'");
  EXPECT_EQ(refusal(params({{"client", {{"mode", "x"}}}})).message,
            "invalid connect params: at /client: must have required property 'id'");
}

TEST_F(HandshakeTest, TheTokenMayComeInAnyOfTheFields) {
  for (const auto* field : {"token", "password", "deviceToken"})
    EXPECT_TRUE(shake(params({{"auth", {{field, testing::kToken}}}}))) << field;
  EXPECT_TRUE(shake(params({{"auth", {{"token", "wrong"}, {"password", testing::kToken}}}})));
  EXPECT_FALSE(shake(params({{"auth", {{"token", ""}}}})));
}

// parity: 1.1-roles-scopes
TEST_F(HandshakeTest, DeclaredScopesOnlyNarrowWhatTheCredentialHas) {
  using Scopes = std::vector<std::string>;
  EXPECT_EQ(shake(params())->scopes, Scopes{"operator.admin"});
  EXPECT_EQ(shake(params({{"scopes", {"operator.read", "operator.read"}}}))->scopes, Scopes{"operator.read"});
  const auto reader = client_token({"operator.read"});
  EXPECT_EQ(shake(params({{"auth", {{"token", reader}}}}))->scopes, Scopes{"operator.read"});
  EXPECT_EQ(
      shake(params({{"auth", {{"token", reader}}}, {"scopes", {"operator.admin", "operator.write", "operator.read"}}}))
          ->scopes,
      Scopes{"operator.read"});
  EXPECT_EQ(shake(params({{"auth", {{"token", reader}}}, {"scopes", {"operator.admin", "operator.pairing"}}}))->scopes,
            Scopes{});
  const auto writer = client_token({"operator.write"});
  EXPECT_EQ(shake(params({{"auth", {{"token", writer}}}, {"scopes", {"operator.read", "operator.approvals"}}}))->scopes,
            Scopes{"operator.read"});
}

TEST_F(HandshakeTest, ALoginCodeIsGoodOnceAndForTenMinutesAndItsTokenExpires) {
  const auto login = run(credentials->create_login(all_scopes()));
  ASSERT_TRUE(login);
  EXPECT_FALSE(credentials->find(login->code)); // a code is not a token
  auto token = run(credentials->exchange(login->code));
  ASSERT_TRUE(token && *token);
  EXPECT_TRUE(shake(params({{"auth", {{"token", (*token)->token}}}})));
  EXPECT_FALSE(*run(credentials->exchange(login->code)));
  const auto late = run(credentials->create_login(all_scopes()));
  time.advance(10 * 60'000 + 1);
  EXPECT_FALSE(*run(credentials->exchange(late->code)));
  time.advance(91LL * 24 * 3600 * 1000);
  EXPECT_FALSE(credentials->find((*token)->token));
}

TEST_F(HandshakeTest, SignaturesOfAllVersionsAreUnderstood) {
  const Device device;
  for (const auto* version : {"v1", "v2", "v3"}) {
    const auto outcome = shake(signed_params(device, version, {{"scopes", {"operator.read", "operator.write"}}}));
    ASSERT_TRUE(outcome) << version << ": " << to_text(outcome.error().error);
    EXPECT_EQ(outcome->device_id, device.id());
  }
}

TEST_F(HandshakeTest, DevicesThatProveNothingAreRefusedByName) {
  const Device device;
  const Device other;
  auto connect = signed_params(device, "v2");
  connect["device"].as_object()["id"] = other.id();
  EXPECT_EQ(refusal(connect).detail, "DEVICE_AUTH_DEVICE_ID_MISMATCH");
  EXPECT_EQ(refusal(connect).message, "device identity mismatch");
  connect = signed_params(device, "v2");
  connect["device"].as_object()["publicKey"] = "short";
  EXPECT_EQ(refusal(connect).detail, "DEVICE_AUTH_PUBLIC_KEY_INVALID");
  EXPECT_EQ(refusal(signed_params(device, "v2", {}, -10 * 60'000 - 1)).detail, "DEVICE_AUTH_SIGNATURE_EXPIRED");
  EXPECT_EQ(refusal(signed_params(device, "v2", {}, 10 * 60'000 + 1)).detail, "DEVICE_AUTH_SIGNATURE_EXPIRED");
  EXPECT_EQ(refusal(signed_params(device, "v1"), far).detail, "DEVICE_AUTH_NONCE_REQUIRED");
  connect = signed_params(device, "v2");
  connect["device"].as_object()["nonce"] = "nonce-of-yesterday";
  EXPECT_EQ(refusal(connect).detail, "DEVICE_AUTH_NONCE_MISMATCH");
}

// parity: 1.1-handshake
TEST_F(HandshakeTest, ASignatureCoversScopesTokenAndClient) {
  const Device device;
  auto connect = signed_params(device, "v3");
  connect["scopes"] = {"operator.admin", "operator.read"};
  EXPECT_EQ(refusal(connect).message, "device signature invalid");
  EXPECT_EQ(refusal(connect).detail, "DEVICE_AUTH_SIGNATURE_INVALID");
  EXPECT_EQ(refusal(connect).close, 1008);
  connect = signed_params(device, "v2");
  connect["client"] = client("tui");
  EXPECT_EQ(refusal(connect).message, "device signature invalid");
}

TEST_F(HandshakeTest, GuessingIsSlowedDownEvenForWhoKnowsTheToken) {
  const auto wrong = params({{"auth", {{"token", "guess"}}}});
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(refusal(wrong).detail, "AUTH_TOKEN_MISMATCH");
  const auto outcome = shake(params());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(string_or(outcome.error().error.at("details"), "code"), "AUTH_RATE_LIMITED");
  EXPECT_EQ(integer_or(outcome.error().error, "retryAfterMs", 0), 1000);
  std::int64_t delay = 1000;
  for (int i = 0; i < 8; ++i) {
    time.advance(delay);
    EXPECT_EQ(refusal(wrong).detail, "AUTH_TOKEN_MISMATCH");
    delay = std::min<std::int64_t>(delay * 2, 300'000);
    EXPECT_EQ(credentials->limiter().retry_after_ms(), delay);
  }
  time.advance(delay);
  EXPECT_TRUE(shake(params()));
}

TEST_F(HandshakeTest, AForgottenTokenIsNotAGuess) {
  auto bare = params();
  bare.erase("auth");
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(refusal(bare).message, "device identity required");
  EXPECT_TRUE(shake(params()));
}

TEST_F(HandshakeTest, AProgramOfThisMachineIsPairedWithTheGatewaysTokenAndAnybodyElseAsksFirst) {
  const Device device;
  const auto connect = signed_params(device, "v2", {{"scopes", {"operator.read"}}});
  const auto near = judge(connect);
  ASSERT_TRUE(near);
  EXPECT_EQ(near->step, DeviceStep::admit);
  EXPECT_EQ(near->device.device_id, device.id());
  EXPECT_EQ(near->wanted, std::vector<std::string>{"operator.read"});
  // Another machine, a page of this one, a proxy of this one.
  for (const auto& remote : {far, Remote{"127.0.0.1", true, false}}) {
    const auto other = judge(connect, remote);
    ASSERT_TRUE(other);
    EXPECT_EQ(other->step, DeviceStep::ask);
  }
}

TEST_F(HandshakeTest, AKnownDeviceNeverGetsWiderScopesFromElsewhere) {
  const Device device;
  ASSERT_TRUE(run(devices->admit({device.id(), "k", "", "", "", "", ""}, "operator", {"operator.write"}, true)));
  const auto step = [&](json::array scopes) {
    return judge(signed_params(device, "v2", {{"scopes", std::move(scopes)}}), far)->step;
  };
  EXPECT_EQ(step({"operator.write"}), DeviceStep::admit);
  EXPECT_EQ(step({"operator.read"}), DeviceStep::admit); // write implies it
  EXPECT_EQ(step({"operator.read", "operator.approvals"}), DeviceStep::ask);
  EXPECT_EQ(step({}), DeviceStep::ask); // no scopes mean admin
}

TEST_F(HandshakeTest, ADeviceTokenIsGoodForItsOwnDeviceAndScopesOnly) {
  const Device device;
  const Device other;
  const auto issued = run(
      devices->admit({device.id(), "k", "", "", "", "", ""}, "operator", {"operator.read", "operator.write"}, true));
  ASSERT_TRUE(issued && *issued);
  const auto& token = (*issued)->token;
  for (const auto* field : {"token", "deviceToken"}) {
    const auto outcome =
        judge(signed_params(device, "v3", {{"auth", {{field, token}}}, {"scopes", {"operator.read"}}}), far);
    ASSERT_TRUE(outcome) << field;
    EXPECT_EQ(outcome->step, DeviceStep::none);
    EXPECT_EQ(outcome->client.auth_method, "device-token");
    EXPECT_EQ(outcome->client.scopes, std::vector<std::string>{"operator.read"});
  }
  EXPECT_EQ(shake(signed_params(device, "v2", {{"auth", {{"token", token}}}}), far)->scopes,
            (std::vector<std::string>{"operator.read", "operator.write"}));
  // Neither another device nor none at all can use it.
  EXPECT_EQ(refusal(signed_params(other, "v2", {{"auth", {{"token", token}}}})).detail, "AUTH_TOKEN_MISMATCH");
  EXPECT_EQ(refusal(params({{"auth", {{"token", token}}}})).detail, "AUTH_TOKEN_MISMATCH");
  EXPECT_EQ(refusal(signed_params(other, "v2", {{"auth", {{"deviceToken", token}}}})).detail,
            "AUTH_DEVICE_TOKEN_MISMATCH");
  // More than its grant needs a person, even from this machine.
  const auto wider = judge(signed_params(device, "v2", {{"auth", {{"token", token}}}, {"scopes", {"operator.admin"}}}));
  ASSERT_TRUE(wider);
  EXPECT_EQ(wider->step, DeviceStep::ask);
  ASSERT_TRUE(run(devices->revoke(device.id(), "operator", {all_scopes(), "", ""})));
  EXPECT_EQ(refusal(signed_params(device, "v2", {{"auth", {{"token", token}}}})).detail, "AUTH_TOKEN_MISMATCH");
}

TEST_F(HandshakeTest, AClientTokenOfALoginLinkNeverPairsItsDevice) {
  const Device device;
  const auto token = client_token({"operator.read"});
  const auto outcome = judge(signed_params(device, "v2", {{"auth", {{"token", token}}}}));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->step, DeviceStep::none);
  EXPECT_EQ(outcome->client.scopes, std::vector<std::string>{"operator.read"});
}

TEST_F(HandshakeTest, AWrongTokenOfAPairedDeviceSaysThatItsOwnTokenMayBeTried) {
  const Device device;
  const auto offered = [&](json::object auth) {
    const auto outcome = shake(signed_params(device, "v3", {{"auth", std::move(auth)}}));
    return !outcome && bool_or(outcome.error().error.at("details"), "canRetryWithDeviceToken", false);
  };
  EXPECT_FALSE(offered({{"token", "old"}}));
  ASSERT_TRUE(run(devices->admit({device.id(), "k", "", "", "", "", ""}, "operator", {"operator.read"}, true)));
  EXPECT_TRUE(offered({{"token", "old"}}));
  EXPECT_FALSE(offered({{"token", "old"}, {"deviceToken", "older"}}));
}

TEST_F(HandshakeTest, APasswordIsToldApartFromATokenAndWorksInEitherField) {
  credentials = std::make_unique<Credentials>(time, random, *database, Secret("correct horse"), AuthMode::password);
  const Device device;
  for (const auto* field : {"token", "password"}) {
    EXPECT_EQ(shake(params({{"auth", {{field, "correct horse"}}}}))->auth_method, "password") << field;
    EXPECT_TRUE(shake(signed_params(device, "v2", {{"auth", {{field, "correct horse"}}}}))) << field;
  }
  const std::pair<const char*, const char*> hints[] = {
      {"cli", "set gateway.remote.password to match gateway.auth.password"},
      {"webchat", "enter the password in Control UI settings"},
      {"gateway-client", "provide gateway auth password"}};
  for (const auto& [id, hint] : hints) {
    const auto told = refusal(params({{"client", client(id)}, {"auth", {{"password", "wrong"}}}}));
    EXPECT_EQ(told.message, fmt::format("unauthorized: gateway password mismatch ({})", hint));
    EXPECT_EQ(told.detail, "AUTH_PASSWORD_MISMATCH");
  }
  EXPECT_EQ(refusal(signed_params(device, "v2", {{"auth", json::object()}})).message,
            "unauthorized: gateway password missing (set gateway.remote.password to match gateway.auth.password)");
  // From elsewhere a password alone names nobody.
  EXPECT_EQ(refusal(params({{"auth", {{"password", "correct horse"}}}}), far).message, "device identity required");
}

TEST_F(HandshakeTest, AGuesserElsewhereSlowsDownNobodyElse) {
  const auto wrong = params({{"auth", {{"token", "guess"}}}});
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(refusal(wrong, far).detail, "AUTH_TOKEN_MISMATCH");
  EXPECT_EQ(refusal(params(), far).detail, "AUTH_RATE_LIMITED");
  EXPECT_TRUE(shake(params(), {"192.0.2.8", false, false}));
  EXPECT_TRUE(shake(params()));
}

TEST_F(HandshakeTest, AScopeThatIsNoNameIsDropped) {
  const auto outcome = shake(params({{"scopes", {"operator.read", "a,operator.admin", ""}}}));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->scopes, std::vector<std::string>{"operator.read"});
  // Declaring only nonsense is not declaring nothing.
  EXPECT_TRUE(shake(params({{"scopes", {"a,operator.admin", "b c"}}}))->scopes.empty());
}

TEST_F(HandshakeTest, ASignatureIsGoodForItsOwnChallengeOnly) {
  const Device device;
  const auto connect = signed_params(device, "v3");
  EXPECT_TRUE(shake(connect));
  const auto replayed = shake_hands(connect, {"c2", "nonce-2", time.now_ms(), far}, *credentials, *devices);
  ASSERT_FALSE(replayed);
  EXPECT_EQ(string_or(replayed.error().error.at("details"), "code"), "DEVICE_AUTH_NONCE_MISMATCH");
  // The nonce of today under the signature of yesterday.
  auto patched = connect;
  patched["device"].as_object()["nonce"] = "nonce-2";
  const auto forged = shake_hands(patched, {"c2", "nonce-2", time.now_ms(), far}, *credentials, *devices);
  ASSERT_FALSE(forged);
  EXPECT_EQ(string_or(forged.error().error.at("details"), "code"), "DEVICE_AUTH_SIGNATURE_INVALID");
}

} // namespace
} // namespace openclaw::gateway
