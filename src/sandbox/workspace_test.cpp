#include "sandbox/workspace.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace openclaw::sandbox {
namespace {

namespace fs = std::filesystem;

class WorkspaceTest : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "openclaw-workspace-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    base_ = name;
    std::ofstream(base_ / "canary") << "outside";
    auto opened = Workspace::open(base_ / "work");
    ASSERT_TRUE(opened) << opened.error().text();
    workspace_.emplace(std::move(*opened));
  }
  void TearDown() override { fs::remove_all(base_); }
  fs::path inside(const std::string& name) const { return base_ / "work" / name; }

  fs::path base_;
  std::optional<Workspace> workspace_;
};

TEST_F(WorkspaceTest, WritesAndReadsAndMakesParents) {
  ASSERT_TRUE(workspace_->write_file("a/b/c.txt", "hello"));
  EXPECT_EQ(*workspace_->read_file("a/b/c.txt", 100), "hello");
  EXPECT_EQ(*workspace_->read_file("~/a/b/c.txt", 100), "hello");
  EXPECT_EQ(*workspace_->read_file(workspace_->root() + "/a/b/c.txt", 100), "hello");
  EXPECT_EQ(*workspace_->read_file("./a/../a//b/./c.txt", 100), "hello");
  EXPECT_EQ(*workspace_->relative("~/a/b/../b/c.txt"), "a/b/c.txt");
  EXPECT_EQ(*workspace_->relative("a/new/deep.txt"), "a/new/deep.txt");
  EXPECT_TRUE(workspace_->exists("a"));
  EXPECT_FALSE(workspace_->exists("b"));
}

TEST_F(WorkspaceTest, CreatesTheFolderForItsOwnerOnly) {
  struct stat about{};
  ASSERT_EQ(::stat(inside("").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700U);
}

TEST_F(WorkspaceTest, KeepsTheModeOfAFileAndLeavesNoTemporaryFile) {
  ASSERT_TRUE(workspace_->write_file("run.sh", "one"));
  ASSERT_EQ(::chmod(inside("run.sh").c_str(), 0750), 0);
  ASSERT_TRUE(workspace_->write_file("run.sh", "two"));
  struct stat about{};
  ASSERT_EQ(::stat(inside("run.sh").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0750U);
  EXPECT_EQ(workspace_->list(".", 100)->size(), 1U);
}

TEST_F(WorkspaceTest, NothingLeadsOutside) {
  fs::create_symlink("../canary", inside("up"));
  fs::create_symlink(base_ / "canary", inside("absolute"));
  fs::create_symlink("..", inside("folder"));
  fs::create_symlink("/proc/self/root", inside("magic"));
  fs::create_symlink(inside(""), inside("home"));
  fs::create_symlink("loop", inside("loop"));
  const std::string canary = base_ / "canary";
  for (const std::string& path :
       {std::string("../canary"), std::string("a/../../canary"), std::string("up"), std::string("absolute"),
        std::string("folder/canary"), "magic" + canary, canary, std::string("/etc/passwd"), std::string("~/../canary"),
        std::string("/proc/self/cwd"), std::string("loop"), workspace_->root() + "/../canary", workspace_->root() + "x",
        std::string("./.././canary"), std::string("~root/x"), std::string("//etc/passwd"), std::string("home/up")}) {
    const auto content = workspace_->read_file(path, 1000);
    EXPECT_FALSE(content) << path;
    EXPECT_NE(content.error().message.find("orkspace"), std::string::npos) << content.error().message;
    if (path == "~root/x") continue; // a plain name inside
    EXPECT_FALSE(workspace_->write_file(path, "overwritten")) << path;
    EXPECT_FALSE(workspace_->open_file(path, O_RDWR | O_CREAT)) << path;
    EXPECT_FALSE(workspace_->exists(path)) << path;
    EXPECT_FALSE(workspace_->relative(path)) << path;
    EXPECT_FALSE(workspace_->list(path, 10)) << path;
  }
  std::string kept;
  std::getline(std::ifstream(canary), kept);
  EXPECT_EQ(kept, "outside");
}

TEST_F(WorkspaceTest, RefusesWhatIsNoPath) {
  EXPECT_EQ(workspace_->read_file("", 10).error().kind, Kind::invalid);
  EXPECT_EQ(workspace_->read_file(std::string_view("a\0b", 3), 10).error().kind, Kind::invalid);
  EXPECT_EQ(workspace_->read_file(std::string(5000, 'a'), 10).error().kind, Kind::invalid);
  EXPECT_EQ(workspace_->write_file(std::string(300, 'a'), "x").error().kind, Kind::invalid);
  EXPECT_EQ(workspace_->read_file("new\nline", 10).error().kind, Kind::missing);
  EXPECT_EQ(workspace_->read_file("new\nline", 10).error().message.find('\n'), std::string::npos);
  EXPECT_EQ(workspace_->write_file(".", "x").error().kind, Kind::invalid);
  EXPECT_EQ(workspace_->write_file("a/..", "x").error().kind, Kind::invalid);
}

TEST_F(WorkspaceTest, NamesWithStrangeBytesAreOrdinaryNames) {
  for (const std::string name : {"new\nline", "-rf", "quo\"te", "$HOME", "\xff\xfe", "tab\t", "~x"}) {
    ASSERT_TRUE(workspace_->write_file(name, name)) << name;
    EXPECT_EQ(*workspace_->read_file(name, 100), name);
  }
}

TEST_F(WorkspaceTest, NeverWaitsForAFifoAndRefusesEverythingButFiles) {
  ASSERT_EQ(::mkfifo(inside("fifo").c_str(), 0600), 0);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX};
  inside("socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  fs::create_directory(inside("folder"));
  for (const char* name : {"fifo", "socket", "folder"}) {
    EXPECT_EQ(workspace_->read_file(name, 10).error().kind, Kind::invalid) << name;
    EXPECT_EQ(workspace_->open_file(name, O_WRONLY).error().kind, Kind::invalid) << name;
    EXPECT_EQ(workspace_->write_file(name, "x").error().kind, Kind::invalid) << name;
  }
  ::close(listener);
}

TEST_F(WorkspaceTest, ReadsAtMostTheLimit) {
  ASSERT_TRUE(workspace_->write_file("big", std::string(1000, 'x')));
  EXPECT_TRUE(workspace_->read_file("big", 1000));
  EXPECT_EQ(workspace_->read_file("big", 999).error().kind, Kind::invalid);
  ASSERT_TRUE(workspace_->write_file("empty", ""));
  EXPECT_EQ(*workspace_->read_file("empty", 0), "");
}

TEST_F(WorkspaceTest, ALinkInsideIsWrittenThrough) {
  ASSERT_TRUE(workspace_->write_file("real/file", "old"));
  fs::create_symlink("real/file", inside("link"));
  ASSERT_TRUE(workspace_->write_file("link", "new"));
  EXPECT_TRUE(fs::is_symlink(inside("link")));
  EXPECT_EQ(*workspace_->read_file("real/file", 10), "new");
}

TEST_F(WorkspaceTest, AcceptsTheConfiguredSpellingOfALinkedRoot) {
  fs::create_symlink(inside(""), base_ / "alias");
  auto through = Workspace::open(base_ / "alias/");
  ASSERT_TRUE(through);
  EXPECT_EQ(through->root(), workspace_->root());
  ASSERT_TRUE(workspace_->write_file("x", "1"));
  EXPECT_EQ(*through->read_file((base_ / "alias/x").string(), 10), "1");
}

TEST_F(WorkspaceTest, ListsSortedAndBounded) {
  ASSERT_TRUE(workspace_->write_file("b", "12"));
  ASSERT_TRUE(workspace_->write_file("a/x", ""));
  const auto entries = workspace_->list("~", 10);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_TRUE((*entries)[0].directory);
  EXPECT_EQ((*entries)[1].size, 2);
  EXPECT_EQ(workspace_->list(".", 1)->size(), 1U);
}

} // namespace
} // namespace openclaw::sandbox
