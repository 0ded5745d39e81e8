#include "async/scope.hpp"
#include "base/encoding.hpp"
#include "extensions/channels/msteams/addresses.hpp"
#include "extensions/channels/msteams/door.hpp"
#include "extensions/channels/msteams/signed_token_fixture.hpp"
#include "ports/fake_http_client.hpp"
#include <gtest/gtest.h>

namespace openclaw::extensions::msteams {
namespace {

constexpr std::int64_t kNow = 1'795'230'419; // seconds
constexpr std::string_view kService = "https://smba.trafficmanager.net/emea/";
const std::string kMetadata = "https://login.example/openid";
const std::string kKeys = "https://login.example/keys";

const SigningFixture& microsoft() {
  static const SigningFixture fixture;
  return fixture;
}
const SigningFixture& somebody() {
  static const SigningFixture fixture;
  return fixture;
}

json::object good_claims() {
  return {{"iss", "https://api.botframework.com"},
          {"aud", "our-app"},
          {"serviceurl", kService},
          {"nbf", kNow - 10},
          {"exp", kNow + 600}};
}
json::object with(json::object claims, std::string_view key, json::value value) {
  claims[key] = std::move(value);
  return claims;
}
std::string activity(std::string_view service = kService, std::string_view channel = "msteams") {
  return to_text(json::value(json::object{{"type", "message"},
                                          {"id", "1"},
                                          {"serviceUrl", service},
                                          {"channelId", channel},
                                          {"channelData", json::object{{"tenant", json::object{{"id", "T1"}}}}}}));
}

class TeamsDoor : public ::testing::Test {
protected:
  TeamsDoor() : time_(loop_.get_executor(), kNow * 1000) {
    client_.answer(kMetadata, {200, {}, {R"({"jwks_uri":"https://login.example/keys"})"}});
    client_.answer(kKeys, {200, {}, {microsoft().key_set()}});
    open_door({"our-app", "", ""});
  }
  void open_door(DoorSettings settings) {
    door_ = std::make_unique<Door>(SigningKeys(loop_.get_executor(), time_, client_, kMetadata), time_, settings);
  }
  static Task<Visit> visit(Door* door, net::Request request, std::string body) {
    auto visit = co_await door->admit(std::move(request), std::move(body));
    co_return visit;
  }
  Result<Visit> knock(const std::string& authorization, const std::string& body = activity()) {
    net::Request request;
    request.method = "POST";
    if (!authorization.empty()) request.headers.set("Authorization", authorization);
    return async::run(loop_, visit(door_.get(), request, body));
  }
  int status(const std::string& authorization, const std::string& body = activity()) {
    const auto visit = knock(authorization, body);
    return visit ? visit->status : 0;
  }
  int status_of(const json::object& claims, json::object header = {{"alg", "RS256"}, {"kid", "k1"}}) {
    return status("Bearer " + microsoft().token(claims, std::move(header)));
  }

  async::asio::io_context loop_;
  async::FakeTime time_;
  ports::FakeHttpClient client_;
  std::unique_ptr<Door> door_;
};

TEST_F(TeamsDoor, LetsInWhatTheBotFrameworkSigned) {
  const auto visit = knock("Bearer " + microsoft().token(good_claims()));
  ASSERT_TRUE(visit && visit->activity);
  EXPECT_EQ(string_or(*visit->activity, "type"), "message");
  EXPECT_EQ(status("bearer " + microsoft().token(good_claims())), 200);
}

TEST_F(TeamsDoor, RefusesWhatIsNotSignedByIt) {
  EXPECT_EQ(status(""), 401);
  EXPECT_EQ(status("Basic abc"), 401);
  EXPECT_EQ(status("Bearer "), 401);
  EXPECT_EQ(status("Bearer a.b"), 401);
  EXPECT_EQ(status("Bearer a.b.c"), 401);
  EXPECT_EQ(status("Bearer " + somebody().token(good_claims())), 401);
  // A signature of other words, and none.
  const auto good = microsoft().token(good_claims());
  const auto other = microsoft().token(with(good_claims(), "exp", kNow + 601));
  EXPECT_EQ(status("Bearer " + good.substr(0, good.rfind('.')) + other.substr(other.rfind('.'))), 401);
  EXPECT_EQ(status("Bearer " + good.substr(0, good.rfind('.') + 1)), 401);
  EXPECT_EQ(status("Bearer " + good + "A"), 401);
}

TEST_F(TeamsDoor, RefusesOtherAlgorithmsAndWhatItDoesNotUnderstand) {
  EXPECT_EQ(status_of(good_claims(), {{"alg", "none"}, {"kid", "k1"}}), 401);
  EXPECT_EQ(status_of(good_claims(), {{"alg", "HS256"}, {"kid", "k1"}}), 401);
  EXPECT_EQ(status_of(good_claims(), {{"alg", "RS512"}, {"kid", "k1"}}), 401);
  EXPECT_EQ(status_of(good_claims(), {{"alg", "RS256"}}), 401);
  EXPECT_EQ(status_of(good_claims(), {{"alg", "RS256"}, {"kid", "k2"}}), 401);
  EXPECT_EQ(status_of(good_claims(), {{"alg", "RS256"}, {"kid", "k1"}, {"crit", json::array{"b64"}}}), 401);
}

TEST_F(TeamsDoor, WantsOurAppTheirIssuerAndATimeWithinFiveMinutes) {
  EXPECT_EQ(status_of(with(good_claims(), "aud", "another-app")), 401);
  EXPECT_EQ(status_of(with(good_claims(), "aud", json::array{"our-app"})), 401);
  EXPECT_EQ(status_of(with(good_claims(), "iss", "https://evil.example")), 401);
  EXPECT_EQ(status_of(with(good_claims(), "exp", kNow - 299)), 200);
  EXPECT_EQ(status_of(with(good_claims(), "exp", kNow - 301)), 401);
  EXPECT_EQ(status_of(with(good_claims(), "exp", INT64_MAX)), 200);
  EXPECT_EQ(status_of(with(good_claims(), "exp", -1)), 401);
  EXPECT_EQ(status_of(with(good_claims(), "exp", "soon")), 401);
  EXPECT_EQ(status_of(with(good_claims(), "nbf", kNow + 299)), 200);
  EXPECT_EQ(status_of(with(good_claims(), "nbf", kNow + 301)), 401);
  auto endless = good_claims();
  endless.erase("exp");
  EXPECT_EQ(status_of(endless), 401);
}

TEST_F(TeamsDoor, WantsTheTokenToBeForTheActivitysServiceAndThatToBeTrusted) {
  EXPECT_EQ(status_of(with(good_claims(), "serviceurl", "https://smba.trafficmanager.net/amer/")), 401);
  const auto elsewhere = with(good_claims(), "serviceurl", "https://evil.trafficmanager.net/");
  EXPECT_EQ(status("Bearer " + microsoft().token(elsewhere), activity("https://evil.trafficmanager.net/")), 403);
  EXPECT_EQ(status("Bearer " + microsoft().token(good_claims()), "not json"), 400);
  EXPECT_EQ(status("Bearer " + microsoft().token(good_claims()), "[]"), 400);
  EXPECT_EQ(status("Bearer " + microsoft().token(good_claims()), activity(kService, "skype")), 401);
}

TEST_F(TeamsDoor, ASingleTenantBotListensToItsTenantOnly) {
  open_door({"our-app", "t1", ""});
  EXPECT_EQ(status_of(good_claims()), 200);
  open_door({"our-app", "t2", ""});
  EXPECT_EQ(status_of(good_claims()), 403);
}

TEST_F(TeamsDoor, KeepsTheKeysForADayAndLooksForANewOneAtMostEveryFiveMinutes) {
  const json::object newer{{"alg", "RS256"}, {"kid", "k2"}};
  EXPECT_EQ(status_of(good_claims()), 200);
  EXPECT_EQ(status_of(good_claims()), 200);
  EXPECT_EQ(client_.requests.size(), 2U);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(status_of(good_claims(), newer), 401);
  EXPECT_EQ(client_.requests.size(), 2U) << "they were looked for just now";
  time_.advance(5 * 60 * 1000);
  client_.answer(kKeys, {200, {}, {microsoft().key_set("k2")}});
  const auto later = with(good_claims(), "exp", kNow + 100'000);
  EXPECT_EQ(status_of(later, newer), 401) << "the old set is asked for once more";
  time_.advance(5 * 60 * 1000);
  EXPECT_EQ(status_of(later, newer), 200);
  EXPECT_EQ(status_of(later), 401) << "the old key is gone";
  EXPECT_EQ(client_.requests.size(), 6U);
  time_.advance(24 * 60 * 60 * 1000 + 1);
  EXPECT_EQ(status_of(with(good_claims(), "exp", kNow + 1'000'000), newer), 200);
  EXPECT_EQ(client_.requests.size(), 8U);
}

TEST_F(TeamsDoor, WithoutKeysTheBotFrameworkIsAskedToComeAgain) {
  ports::FakeHttpClient nobody;
  Door door(SigningKeys(loop_.get_executor(), time_, nobody, kMetadata), time_, {"our-app", "", ""});
  net::Request request;
  request.method = "POST";
  request.headers.set("Authorization", "Bearer " + microsoft().token(good_claims()));
  for (int i = 0; i < 5; ++i) {
    const auto refused = async::run(loop_, visit(&door, request, activity()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Kind::transient);
  }
  EXPECT_EQ(nobody.requests.size(), 1U) << "forged tokens make nobody ask again and again";
}

TEST(TeamsKeys, WeakHugeAndForeignKeysAreLeftOut) {
  const auto ids = [](json::array keys) {
    const auto read = read_keys(to_text(json::value(json::object{{"keys", std::move(keys)}})));
    return read ? read->size() : 99;
  };
  const SigningFixture weak(1024);
  EXPECT_EQ(ids({microsoft().jwk()}), 1U);
  EXPECT_EQ(ids({weak.jwk()}), 0U);
  auto huge = microsoft().jwk();
  huge["n"] = std::string(4000, 'A');
  auto elliptic = microsoft().jwk();
  elliptic["kty"] = "EC";
  auto nameless = microsoft().jwk();
  nameless.erase("kid");
  auto encrypting = microsoft().jwk();
  encrypting["use"] = "enc";
  auto padded = microsoft().jwk();
  padded["n"] = string_or(padded, "n") + "=";
  EXPECT_EQ(ids({huge, elliptic, nameless, encrypting, padded, 5, "x"}), 0U);
  EXPECT_FALSE(read_keys("{}"));
  EXPECT_FALSE(read_keys("<html>"));
}

TEST(TeamsAddresses, OurTokenGoesToMicrosoftOrWhereTheOwnerSaid) {
  EXPECT_TRUE(trusted_service("https://smba.trafficmanager.net/emea/", ""));
  EXPECT_TRUE(trusted_service("https://smba.infra.gcc.teams.microsoft.com/gcc", ""));
  EXPECT_TRUE(trusted_service("https://webchat.botframework.com/", ""));
  for (const auto* url : {"http://smba.trafficmanager.net/", "https://evil.trafficmanager.net/",
                          "https://smba.trafficmanager.net.evil.example/",
                          "https://evil.example/smba.trafficmanager.net", "https://evilteams.microsoft.com.example",
                          "https://botframework.com.evil.example/", "https://user@smba.trafficmanager.net/",
                          "https://smba.trafficmanager.net:444/", "http://127.0.0.1/", "", "smba.trafficmanager.net"})
    EXPECT_FALSE(trusted_service(url, "")) << url;
  EXPECT_TRUE(trusted_service("http://127.0.0.1:99/teams/", "http://127.0.0.1:99/teams/"));
  EXPECT_TRUE(trusted_service("https://smba.trafficmanager.net/emea/", "http://127.0.0.1:99/"));
  EXPECT_FALSE(trusted_service("http://127.0.0.1:98/", "http://127.0.0.1:99/"));
  EXPECT_FALSE(trusted_service("https://127.0.0.1:99/", "http://127.0.0.1:99/"));
}

TEST(TeamsAddresses, AttachmentsComeFromMicrosoftOrTheOwnersHosts) {
  EXPECT_TRUE(media_host_allowed("https://contoso.sharepoint.com/x?a=b", {}));
  EXPECT_FALSE(media_host_allowed("http://contoso.sharepoint.com/x", {}));
  EXPECT_FALSE(media_host_allowed("https://evil-sharepoint.com/x", {}));
  EXPECT_FALSE(media_host_allowed("https://169.254.169.254/latest", {}));
  EXPECT_TRUE(media_host_allowed("https://files.contoso.com/x", {"contoso.com"}));
  EXPECT_FALSE(media_host_allowed("https://files.evilcontoso.com/x", {"contoso.com"}));
  EXPECT_TRUE(media_host_allowed("https://anywhere.example/", {"*"}));
  EXPECT_FALSE(media_host_allowed("file:///etc/passwd", {"*"}));
  EXPECT_EQ(percent_encoded("19:a@thread.v2;messageid=1/ü"), "19%3Aa%40thread.v2%3Bmessageid%3D1%2F%C3%BC");
}

} // namespace
} // namespace openclaw::extensions::msteams
