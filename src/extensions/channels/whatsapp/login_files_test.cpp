#include "extensions/channels/whatsapp/login_files.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace openclaw::extensions::whatsapp {
namespace {

namespace fs = std::filesystem;

const std::string kCreds =
    R"({"noiseKey":{"private":{"type":"Buffer","data":"Y2FuYXJ5"}},"signedIdentityKey":{},"me":{"id":"15550001111:3@s.whatsapp.net"}})";

class WhatsAppLoginFiles : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "openclaw-whatsapp-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directories(files());
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string files() const { return folder_ / "credentials"; }
  std::string own() const { return folder_ / "own"; }
  void put(const std::string& name, const std::string& content) const {
    std::ofstream(fs::path(files()) / name) << content;
  }
  fs::path folder_;
  ports::KeySource key_ = []() -> Result<Secret> { return Secret(std::string(32, 'k')); };
  ports::LoginFolder login_ = login_folder();
};

TEST_F(WhatsAppLoginFiles, ALoginIsTakenOverAndItsFilesGoAndItIsWrittenBackAsItWas) {
  const std::map<std::string, std::string> baileys{{"creds.json", kCreds},
                                                   {"pre-key-1.json", R"({"public":{}})"},
                                                   {"session-15550002222.0.json", R"({"type":"Buffer","data":"AQ=="})"},
                                                   {"sender-key-1@g.us--15550002222--0.json", "{}"},
                                                   {"app-state-sync-key-AA__b.json", "{}"},
                                                   {"lid-mapping-111_reverse.json", R"("15550002222")"}};
  for (const auto& [name, content] : baileys)
    put(name, content);
  put("notes.json", "{}");
  EXPECT_EQ(login_.look(files(), own()).value(), "+15550001111, 5 keys");
  ASSERT_TRUE(login_.take(files(), own(), key_));
  EXPECT_EQ(std::distance(fs::directory_iterator(files()), {}), 1) << "what is not Baileys' own stays";
  EXPECT_EQ(login_.look(files(), own()).error().kind, Kind::missing);
  const auto back = (folder_ / "back").string();
  EXPECT_EQ(login_.write(own(), key_, back).value(), "+15550001111, 5 keys");
  std::map<std::string, std::string> written;
  for (const auto& entry : fs::directory_iterator(back)) {
    std::ifstream file(entry.path());
    written[entry.path().filename()] = {std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(entry.status().permissions(), fs::perms::owner_read | fs::perms::owner_write);
  }
  EXPECT_EQ(written, baileys);
}

TEST_F(WhatsAppLoginFiles, ACutOffCredsGivesWayToItsBackupAndACutOffKeyIsLeftOut) {
  put("creds.json", kCreds.substr(0, 40));
  put("creds.json.bak", kCreds);
  put("pre-key-1.json", "{}");
  put("pre-key-2.json", R"({"pub)");
  EXPECT_EQ(login_.look(files(), own()).value(), "+15550001111, 1 key; 1 file is damaged and left out");
  ASSERT_TRUE(login_.take(files(), own(), key_));
  EXPECT_EQ(*KeyLog(own(), key_).read(), (Keys{{"creds", kCreds}, {"pre-key-1", "{}"}}));
}

TEST_F(WhatsAppLoginFiles, ALinkThatIsHereAlreadyStays) {
  put("creds.json", kCreds);
  const Keys ours{{"creds", R"({"me":{"id":"1@s.whatsapp.net"}})"}};
  ASSERT_TRUE(KeyLog(own(), key_).replace(ours));
  EXPECT_EQ(login_.look(files(), own()).error().kind, Kind::conflict);
  ASSERT_TRUE(login_.take(files(), own(), key_));
  EXPECT_EQ(*KeyLog(own(), key_).read(), ours);
}

TEST_F(WhatsAppLoginFiles, WhatIsNoLinkIsNotTouchedAndNothingIsWrittenOfNone) {
  EXPECT_EQ(login_.look(folder_ / "nothing", own()).error().kind, Kind::missing);
  put("creds.json", R"({"me":{"id":"1@s.whatsapp.net"}})");
  EXPECT_EQ(login_.look(files(), own()).error().kind, Kind::missing);
  EXPECT_FALSE(login_.take(files(), own(), key_));
  EXPECT_TRUE(fs::exists(files() + "/creds.json"));
  EXPECT_EQ(login_.write(own(), key_, folder_ / "back").value(), "");
  EXPECT_FALSE(fs::exists(folder_ / "back"));
}

TEST_F(WhatsAppLoginFiles, ANameThatCouldLeaveTheFolderIsNoFile) {
  ASSERT_TRUE(KeyLog(own(), key_)
                  .replace({{"creds", kCreds}, {"session-/../../x", "{}"}, {"spool-1", "{}"}, {"../creds", "{}"}}));
  ASSERT_TRUE(login_.write(own(), key_, folder_ / "back"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "back"), {}), 1);
}

TEST(WhatsAppLoginFileNames, AreAsBaileysEscapesThem) {
  EXPECT_EQ(login_file_name("app-state-sync-key", "AA/b+="), "app-state-sync-key-AA__b+=");
  EXPECT_EQ(login_file_name("sender-key", "1@g.us::2::0"), "sender-key-1@g.us--2--0");
  EXPECT_FALSE(is_login_file_name("oauth"));
  EXPECT_FALSE(is_login_file_name("spool-1"));
  EXPECT_FALSE(is_login_file_name("session-" + std::string(300, '1')));
}

} // namespace
} // namespace openclaw::extensions::whatsapp
