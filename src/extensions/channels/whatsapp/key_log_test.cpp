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
  fs::path folder_;
};

TEST_F(WhatsAppKeyLog, WhatIsAppendedIsThereAfterAStartAndTheLastValueCounts) {
  {
    KeyLog log(folder());
    EXPECT_TRUE(log.load()->empty());
    ASSERT_TRUE(log.append({{"creds", R"({"a":"quoted \" text"})"}, {"session/1", "one"}}));
    ASSERT_TRUE(log.append({{"session/1", "two"}, {"pre-key/1", "x"}}));
    ASSERT_TRUE(log.append({{"pre-key/1", std::nullopt}}));
  }
  KeyLog log(folder());
  const auto all = log.load();
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, (std::map<std::string, std::string>{{"creds", R"({"a":"quoted \" text"})"}, {"session/1", "two"}}));
}

TEST_F(WhatsAppKeyLog, OnlyItsOwnerCanReadItAndOutdatedLinesGoAtTheStart) {
  KeyLog log(folder());
  ASSERT_TRUE(log.load());
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(log.append({{"session/1", std::string(1000, 'a' + static_cast<char>(i % 26))}}));
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
    KeyLog log(folder());
    ASSERT_TRUE(log.load());
    ASSERT_TRUE(log.append({{"a", "1"}}));
    std::ofstream(log.path(), std::ios::app) << R"({"k":"b","v":"ha)";
  }
  KeyLog log(folder());
  EXPECT_EQ(*log.load(), (std::map<std::string, std::string>{{"a", "1"}}));
  ASSERT_TRUE(log.append({{"c", "3"}}));
  EXPECT_EQ(KeyLog(folder()).load()->size(), 2u);
}

TEST_F(WhatsAppKeyLog, DamageInTheMiddleIsSaidAndNothingIsWrittenOver) {
  KeyLog log(folder());
  ASSERT_TRUE(log.load());
  std::ofstream(log.path()) << "not json\n" << R"({"k":"a","v":"1"})" << "\n";
  const auto all = log.load();
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().kind, Kind::denied);
  EXPECT_GT(fs::file_size(log.path()), 9u);
}

TEST_F(WhatsAppKeyLog, AfterErasingNothingIsLeft) {
  KeyLog log(folder());
  ASSERT_TRUE(log.load());
  ASSERT_TRUE(log.append({{"creds", "secret"}}));
  ASSERT_TRUE(log.erase());
  EXPECT_FALSE(fs::exists(log.path()));
  EXPECT_TRUE(log.erase());
  EXPECT_TRUE(log.load()->empty());
}

} // namespace
} // namespace openclaw::extensions::whatsapp
