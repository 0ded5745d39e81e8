#include "extensions/channels/whatsapp/key_log.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace openclaw::extensions::whatsapp {
namespace {

namespace fs = std::filesystem;

class WhatsAppKeyLog : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "openclaw-whatsapp-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string folder() const { return folder_ / "default"; }
  static KeyLog log_in(const std::string& folder, char key = 'k') {
    return {folder, [key]() -> Result<Secret> { return Secret(std::string(32, key)); }};
  }
  KeyLog log() const { return log_in(folder()); }
  std::string bytes() const {
    std::ifstream file(log().path());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write_plain(const std::string& text) const {
    fs::create_directories(folder());
    std::ofstream(log().path()) << text;
  }
  fs::path folder_;
};

TEST_F(WhatsAppKeyLog, WhatIsAppendedIsThereAfterAStartAndTheLastValueCounts) {
  {
    auto log = this->log();
    EXPECT_TRUE(log.load()->empty());
    ASSERT_TRUE(log.append({{"creds", R"({"a":"quoted \" text"})"}, {"session-1", "one"}}));
    ASSERT_TRUE(log.append({{"session-1", "two"}, {"pre-key-1", "x"}}));
    ASSERT_TRUE(log.append({{"pre-key-1", std::nullopt}}));
  }
  auto log = this->log();
  const auto all = log.load();
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, (Keys{{"creds", R"({"a":"quoted \" text"})"}, {"session-1", "two"}}));
}

TEST_F(WhatsAppKeyLog, OnlyItsOwnerCanReadItAndOutdatedLinesGoAtTheStart) {
  auto log = this->log();
  ASSERT_TRUE(log.load());
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(log.append({{"session-1", std::string(1000, 'a' + static_cast<char>(i % 26))}}));
  struct stat file{};
  struct stat above{};
  ASSERT_EQ(::stat(log.path().c_str(), &file), 0);
  ASSERT_EQ(::stat(folder().c_str(), &above), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  EXPECT_EQ(above.st_mode & 0777, 0700u);
  EXPECT_GT(file.st_size, 100'000);
  ASSERT_TRUE(log.load());
  ASSERT_EQ(::stat(log.path().c_str(), &file), 0);
  EXPECT_LT(file.st_size, 2000);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
}

TEST_F(WhatsAppKeyLog, ALineThatWasBeingWrittenAtACrashIsDroppedAndTheNextOneIsWhole) {
  {
    auto log = this->log();
    ASSERT_TRUE(log.load());
    ASSERT_TRUE(log.append({{"a", "1"}}));
    std::ofstream(log.path(), std::ios::app) << R"({"sealed":"ha)";
  }
  auto log = this->log();
  EXPECT_EQ(*log.load(), (Keys{{"a", "1"}}));
  ASSERT_TRUE(log.append({{"c", "3"}}));
  EXPECT_EQ(this->log().load()->size(), 2u);
}

TEST_F(WhatsAppKeyLog, NoNameAndNoValueStandsThereInClear) {
  auto log = this->log();
  ASSERT_TRUE(log.load());
  ASSERT_TRUE(log.append({{"session-15550002222.0", "canary"}}));
  for (const char* clear : {"canary", "15550002222", "session"})
    EXPECT_EQ(bytes().find(clear), std::string::npos) << clear;
  EXPECT_EQ(this->log().read()->at("session-15550002222.0"), "canary");
}

TEST_F(WhatsAppKeyLog, APlainFileOfAFormerVersionIsTakenOverOnceAndGone) {
  write_plain(R"({"k":"creds","v":"canary"})"
              "\n"
              R"({"k":"sender-key/1@g.us::2::0","v":"one"})"
              "\n"
              R"({"k":"app-state-sync-key/AA/b","v":"two"})"
              "\n"
              R"({"k":"session/3.0","v":"old"})"
              "\n"
              R"({"k":"session/3.0","v":null})"
              "\n"
              R"({"k":"pre-key/1","v":"torn)");
  const Keys wanted{{"creds", "canary"}, {"sender-key-1@g.us--2--0", "one"}, {"app-state-sync-key-AA__b", "two"}};
  EXPECT_EQ(*log().read(), wanted);
  EXPECT_NE(bytes().find("canary"), std::string::npos) << "reading changes nothing";
  EXPECT_EQ(*log().load(), wanted);
  EXPECT_EQ(bytes().find("canary"), std::string::npos);
  EXPECT_EQ(*log().load(), wanted);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder()), {}), 1) << "no copy of it is left";
}

TEST_F(WhatsAppKeyLog, APlainLineInASealedFileIsNoKey) {
  auto log = this->log();
  ASSERT_TRUE(log.load());
  ASSERT_TRUE(log.append({{"creds", "ours"}}));
  std::ofstream(log.path(), std::ios::app) << R"({"k":"creds","v":"theirs"})" << "\n";
  EXPECT_EQ(log.load().error().kind, Kind::denied);
}

TEST_F(WhatsAppKeyLog, DamageOrAnotherKeyIsSaidAndNothingIsWrittenOver) {
  auto log = this->log();
  ASSERT_TRUE(log.load());
  ASSERT_TRUE(log.append({{"a", "1"}}));
  const auto whole = bytes();
  const auto other = log_in(folder(), 'x').load();
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, Kind::denied);
  EXPECT_NE(other.error().message.find("vault"), std::string::npos);
  EXPECT_EQ(bytes(), whole);
  write_plain("not json\n" + whole);
  EXPECT_EQ(log.load().error().kind, Kind::denied);
  EXPECT_EQ(bytes(), "not json\n" + whole);
}

TEST_F(WhatsAppKeyLog, WithoutTheVaultNothingIsReadOrWritten) {
  {
    auto log = this->log();
    ASSERT_TRUE(log.append({{"a", "1"}}));
  }
  KeyLog closed(folder(), []() -> Result<Secret> { return fail(Kind::denied, "The vault is closed."); });
  EXPECT_EQ(closed.load().error().message, "The vault is closed.");
  EXPECT_EQ(closed.append({{"b", "2"}}).error().message, "The vault is closed.");
  EXPECT_EQ(log().read()->size(), 1u);
}

TEST_F(WhatsAppKeyLog, AfterErasingNothingIsLeft) {
  auto log = this->log();
  ASSERT_TRUE(log.load());
  ASSERT_TRUE(log.append({{"creds", "secret"}}));
  ASSERT_TRUE(log.erase());
  EXPECT_FALSE(fs::exists(log.path()));
  EXPECT_TRUE(log.erase());
  EXPECT_TRUE(log.load()->empty());
}

} // namespace
} // namespace openclaw::extensions::whatsapp
