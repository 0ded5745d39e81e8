#include "agent/transcript.hpp"

#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace openclaw::agent {
namespace {

namespace fs = std::filesystem;

class TranscriptFile : public ::testing::Test {
protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("openclaw-transcript-{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    auto database = store::Database::open((folder_ / "state.db").string());
    ASSERT_TRUE(database);
    database_ = std::move(*database);
    auto connection = store::Connection::open((folder_ / "state.db").string(), false);
    ASSERT_TRUE(connection);
    writer_ = std::move(*connection);
    files_ = std::make_unique<TranscriptFiles>((folder_ / "agents").string(), (folder_ / "state.db").string());
  }
  void TearDown() override {
    files_.reset();
    writer_.reset();
    database_.reset();
    fs::remove_all(folder_);
  }
  void say(const std::string& text) {
    ports::Message message;
    message.role = ports::Role::user;
    message.content.emplace_back(ports::TextBlock{text});
    ASSERT_TRUE(append_message(*writer_, "s1", "run", message, random_));
  }
  Result<> update() { return files_->update("main", "s1", 0, "/workspace"); }
  fs::path file() const { return folder_ / "agents/main/sessions/s1.jsonl"; }
  std::string content() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(std::string_view bytes) const { std::ofstream(file(), std::ios::binary | std::ios::trunc) << bytes; }

  fs::path folder_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Connection> writer_;
  std::unique_ptr<TranscriptFiles> files_;
  SystemRandom random_;
};

// parity: 1.5-store
TEST_F(TranscriptFile, IsTheSameAfterwardsWhereverItWasCutOff) {
  say("one");
  say("zwei \xc3\xa4 \"quoted\"\n{\"id\":\"s1\"}");
  say("three");
  ASSERT_TRUE(update());
  const auto whole = content();
  ASSERT_EQ(std::count(whole.begin(), whole.end(), '\n'), 4);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    write(std::string_view(whole).substr(0, size));
    ASSERT_TRUE(update()) << size;
    ASSERT_EQ(content(), whole) << "cut off at byte " << size;
  }
}

TEST_F(TranscriptFile, IsTheSameAfterwardsWhicheverByteOfItsEndIsNot) {
  say("one");
  say("two");
  ASSERT_TRUE(update());
  const auto whole = content();
  const auto last_line = whole.rfind('\n', whole.size() - 2) + 1;
  for (auto at = last_line; at < whole.size(); ++at) {
    // A block of the disk that was never written reads as zeros.
    write(whole.substr(0, at) + std::string(whole.size() - at, '\0'));
    ASSERT_TRUE(update()) << at;
    ASSERT_EQ(content(), whole) << "zeros from byte " << at;
  }
}

TEST_F(TranscriptFile, FollowsALongSessionFromAnyOlderState) {
  for (int i = 0; i < 150; ++i)
    say(fmt::format("message {}", i));
  ASSERT_TRUE(update());
  const auto whole = content();
  for (std::size_t end = whole.find('\n'); end != std::string::npos; end = whole.find('\n', end + 1)) {
    write(std::string_view(whole).substr(0, end + 1));
    ASSERT_TRUE(update());
    ASSERT_EQ(content(), whole);
  }
}

} // namespace
} // namespace openclaw::agent
