#include "gateway/control_ui.hpp"
#include "gateway/gateway_fixture.hpp"
#include <fstream>

namespace openclaw::gateway {
namespace {

class ControlUiTest : public testing::LoopTest {
public:
  void SetUp() override {
    open_database();
    root = folder + "/ui";
    std::filesystem::create_directories(root + "/assets");
    std::ofstream(root + "/index.html") << "<html><head></head><body></body></html>";
    std::ofstream(root + "/assets/app.js") << "go()";
    std::ofstream(folder + "/secret.txt") << "secret";
    std::filesystem::create_symlink(folder + "/secret.txt", root + "/link.txt");
  }
  net::Response get(const ControlUi& ui, std::string path, std::string query = "", std::string method = "GET") {
    auto response = run(ui.serve({std::move(method), std::move(path), std::move(query), "Ann</script>", "A"}));
    EXPECT_TRUE(response);
    return response ? std::move(*response) : net::Response{};
  }
  std::string root;
};

TEST_F(ControlUiTest, ThePagesOfTheApplicationAreItsIndexWithTheFactsOfThisGateway) {
  const auto ui = ControlUi::open(root, "/panel/");
  ASSERT_TRUE(ui);
  EXPECT_TRUE(ui->has("/panel") && ui->has("/panel/chat"));
  EXPECT_FALSE(ui->has("/panels"));
  EXPECT_EQ(get(*ui, "/panel").headers.find("Location"), "/panel/");
  for (const auto* path : {"/panel/", "/panel/chat", "/panel/index.html"}) {
    const auto page = get(*ui, path);
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.body.find(R"(BASE_PATH__="/panel";)"), std::string::npos);
    EXPECT_NE(page.body.find(R"(NAME__="Ann\u003c/script>";)"), std::string::npos);
    EXPECT_NE(page.headers.find("Content-Security-Policy")->find("script-src 'self' 'sha256-"), std::string::npos);
  }
}

TEST_F(ControlUiTest, OnlyFilesBeneathTheFolderAreServed) {
  const auto ui = ControlUi::open(root, "");
  ASSERT_TRUE(ui);
  const auto script = get(*ui, "/control/assets/app.js");
  EXPECT_EQ(script.body, "go()");
  EXPECT_EQ(script.headers.find("Content-Type"), "text/javascript; charset=utf-8");
  for (const auto* path :
       {"/control/../secret.txt", "/control/assets/../../secret.txt", "/control/%2e%2e/secret.txt", "/control/link.txt",
        "/control/none.js", "/control//etc/hosts.txt", "/control/assets\\app.js"})
    EXPECT_EQ(get(*ui, path).status, 404) << path;
  EXPECT_EQ(get(*ui, "/control/chat", "", "POST").status, 405);
}

TEST_F(ControlUiTest, AnAgentsPictureIsNone) {
  const auto ui = ControlUi::open(root, "/control");
  ASSERT_TRUE(ui);
  EXPECT_EQ(get(*ui, "/control/avatar/main", "meta=1").body, R"({"avatarUrl":null})");
  EXPECT_EQ(get(*ui, "/control/avatar/main").status, 404);
}

TEST_F(ControlUiTest, AFolderWithoutPagesOrAPathThatIsNoneIsRefused) {
  EXPECT_EQ(ControlUi::open(folder, "/control").error().kind, Kind::missing);
  EXPECT_EQ(ControlUi::open("ui", "/control").error().kind, Kind::missing);
  EXPECT_EQ(ControlUi::open(root, "control").error().kind, Kind::invalid);
  EXPECT_EQ(ControlUi::open(root, "/a//b").error().kind, Kind::invalid);
}

} // namespace
} // namespace openclaw::gateway
