#include "extensions/tools/apply_patch/apply_patch.hpp"

#include "async/scope.hpp"
#include "base/json.hpp"
#include "extensions/tools/apply_patch/patch.hpp"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace openclaw::tools {
namespace {

namespace fs = std::filesystem;
using apply_patch::apply_hunks;
using apply_patch::parse_patch;

// The new content of one updated file, or the error.
std::string updated(std::string_view content, const std::string& hunks) {
  const auto patch = parse_patch("*** Begin Patch\n*** Update File: f\n" + hunks + "*** End Patch\n");
  if (!patch) return "refused: " + patch.error().message;
  const auto applied = apply_hunks(content, patch->at(0));
  return applied ? *applied : "refused: " + applied.error().message;
}
std::string refusal(const std::string& patch) {
  const auto parsed = parse_patch(patch);
  return parsed ? "accepted" : parsed.error().message;
}

TEST(Patch, HunksAreFoundByTheirLines) {
  EXPECT_EQ(updated("a\nb\nc\n", "@@\n a\n-b\n+B\n c\n"), "a\nB\nc\n");
  EXPECT_EQ(updated("a\nb\nc\n", " a\n-b\n"), "a\nc\n");
  EXPECT_EQ(updated("x\n}\ny\n}\n", "@@ y\n-}\n+)\n"), "x\n}\ny\n)\n");
  EXPECT_EQ(updated("class A\n f\n  x\nclass B\n f\n  x\n", "@@ class B\n@@  f\n-  x\n+  y\n"),
            "class A\n f\n  x\nclass B\n f\n  y\n");
  EXPECT_EQ(updated("1\n2\n3\n4\n", "@@\n-1\n+one\n@@\n-4\n+four\n"), "one\n2\n3\nfour\n");
  EXPECT_EQ(updated("a\nx\na\nx\n", "@@\n a\n-x\n+y\n*** End of File\n"), "a\nx\na\ny\n");
  EXPECT_EQ(updated("a\n", "@@\n+b\n"), "a\nb\n");
  EXPECT_EQ(updated("a\nc\n", "@@ a\n+b\n"), "a\nb\nc\n");
  EXPECT_EQ(updated("a\n\nb\n", "@@\n a\n\n-b\n+c\n"), "a\n\nc\n");
  EXPECT_EQ(updated("a", "@@\n-a\n+b\n"), "b\n");
  EXPECT_EQ(updated("a\r\nb\r\n", "@@\n a\n-b\n+c\n"), "a\r\nc\r\n");
}

TEST(Patch, WhiteSpaceMayDifferAndContextKeepsTheFilesOwn) {
  EXPECT_EQ(updated("  a  \nb \nc\n", "@@\n a\n-b\n+B\n"), "  a  \nB\nc\n");
  EXPECT_EQ(updated("\tf()\n", "@@\n-f()\n+\tg()\n"), "\tg()\n");
  // The exact place wins over an earlier one that is only alike.
  EXPECT_EQ(updated(" x\nx\n", "@@\n-x\n+y\n"), " x\ny\n");
  EXPECT_NE(updated("abc\n", "@@\n-abd\n+x\n").find("refused: Line 3 of the patch: these lines are not in f"),
            std::string::npos);
  EXPECT_NE(updated("b\na\n", "@@\n-a\n+1\n@@\n-b\n+2\n").find("after the former hunk"), std::string::npos);
  EXPECT_NE(updated("a\n", "@@ nowhere\n-a\n").find("has no line \"nowhere\""), std::string::npos);
}

TEST(Patch, WhatIsNoPatchIsRefusedWithItsLine) {
  EXPECT_EQ(refusal("hello"), "Line 1 of the patch: it must begin with \"*** Begin Patch\".");
  EXPECT_EQ(refusal("*** Begin Patch\n*** Delete File: a\n"),
            "Line 2 of the patch: it must end with \"*** End Patch\".");
  EXPECT_NE(refusal("*** Begin Patch\n*** End Patch").find("changes no file"), std::string::npos);
  EXPECT_EQ(refusal("*** Begin Patch\n*** Update File: a\n*** End Patch"),
            "Line 2 of the patch: the update of a has no hunk.");
  EXPECT_EQ(refusal("*** Begin Patch\n*** Update File: a\n@@\n-x\n*nonsense\n*** End Patch"),
            "Line 5 of the patch: \"*nonsense\" is no line of a hunk.");
  EXPECT_EQ(refusal("*** Begin Patch\n*** Add File: a\nwithout plus\n*** End Patch"),
            "Line 3 of the patch: \"without plus\" begins no file.");
  EXPECT_EQ(refusal("*** Begin Patch\n*** Update File: a\n@@\n@@ x\n*** End Patch"),
            "Line 3 of the patch: the hunk has no lines.");
  EXPECT_EQ(refusal("*** Begin Patch\n*** Add File:  \n*** End Patch"), "Line 2 of the patch: the path is missing.");
  std::string many = "*** Begin Patch\n";
  for (int i = 0; i < 201; ++i)
    many += "*** Delete File: " + std::to_string(i) + "\n";
  EXPECT_NE(refusal(many + "*** End Patch").find("more than 200 files"), std::string::npos);
  EXPECT_EQ(refusal("<<'EOF'\n*** Begin Patch\n*** Delete File: a\n*** End Patch\nEOF\n"), "accepted");
}

TEST(Patch, APatchThatWouldSearchForMinutesIsRefused) {
  std::string content;
  for (int i = 0; i < 200'000; ++i)
    content += "same\n";
  std::string hunks;
  for (int i = 0; i < 200; ++i)
    hunks += "@@\n same\n same\n same\n-other\n";
  EXPECT_NE(updated(content, hunks).find("refused"), std::string::npos);
  std::string costly;
  for (int i = 0; i < 100; ++i)
    costly += "@@ same\n";
  EXPECT_NE(updated(content, costly + "@@ same \n-none\n").find("refused"), std::string::npos);
}

class NoNetwork final : public net::HttpClient {
public:
  Task<std::shared_ptr<net::StreamedResponse>> open(net::Outbound) override {
    co_return fail(Kind::bug, "no network here");
  }
  Task<net::Response> fetch(net::Outbound) override { co_return fail(Kind::bug, "no network here"); }
  Task<std::shared_ptr<net::WebSocket>> connect_websocket(net::Outbound) override {
    co_return fail(Kind::bug, "no network here");
  }
};

Task<policy::Effect> look(ports::Tool* tool, std::string arguments, const ports::ToolContext* context) {
  co_return co_await tool->preview(std::move(arguments), *context);
}
Task<ports::ToolResult> call(ports::Tool* tool, std::string arguments, const ports::ToolContext* context) {
  CO_TRY(auto effect, co_await tool->preview(arguments, *context));
  auto permit =
      policy::Permit::issue({.verdict = policy::Verdict::allow}, std::move(effect), std::nullopt, "s", "a", 0);
  co_return co_await tool->run(std::move(arguments), std::move(*permit), *context);
}

class ApplyPatchTest : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "openclaw-patch-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    base_ = name;
    auto opened = sandbox::Workspace::open(base_ / "work");
    ASSERT_TRUE(opened);
    workspace_.emplace(std::move(*opened));
    context_.emplace(
        ports::ToolContext{"main", "session", "run", "call", *workspace_, http_, time_, scope_, {}, {}, {}});
  }
  void TearDown() override {
    context_.reset();
    fs::remove_all(base_);
  }
  static std::string input(const std::string& body) {
    return to_text(json::object{{"input", "*** Begin Patch\n" + body + "*** End Patch"}});
  }
  std::string apply(const std::string& body) {
    const auto result = async::run(loop_, call(tool_.get(), input(body), &*context_));
    if (!result) return "refused: " + result.error().text();
    return std::get<ports::TextBlock>(result->content.at(0)).text;
  }
  Result<policy::Effect> preview(const std::string& body) {
    return async::run(loop_, look(tool_.get(), input(body), &*context_));
  }
  void put(const std::string& name, const std::string& content) {
    fs::create_directories((base_ / "work" / name).parent_path());
    std::ofstream(base_ / "work" / name, std::ios::binary) << content;
  }
  std::string get(const std::string& name) {
    std::ifstream file(base_ / "work" / name, std::ios::binary);
    return file ? std::string(std::istreambuf_iterator<char>(file), {}) : "(absent)";
  }

  async::asio::io_context loop_;
  async::SystemTime time_;
  async::Scope scope_{loop_.get_executor()};
  NoNetwork http_;
  fs::path base_;
  std::optional<sandbox::Workspace> workspace_;
  std::optional<ports::ToolContext> context_;
  std::unique_ptr<ports::Tool> tool_ = make_apply_patch_tool();
};

TEST_F(ApplyPatchTest, FilesAreAddedChangedMovedAndDeletedTogether) {
  put("a.txt", "one\ntwo\n");
  put("old.txt", "x\n");
  put("gone.txt", "y\n");
  const std::string body =
      "*** Add File: new/n.txt\n+hello\n+\n*** Update File: a.txt\n@@\n one\n-two\n+2\n"
      "*** Update File: old.txt\n*** Move to: sub/moved.txt\n@@\n-x\n+X\n*** Delete File: gone.txt\n";
  const auto effect = preview(body);
  ASSERT_TRUE(effect);
  EXPECT_EQ(effect->risk, policy::Risk::write);
  EXPECT_EQ(effect->paths, (std::vector<std::string>{"new/n.txt", "a.txt", "old.txt", "sub/moved.txt", "gone.txt"}));
  EXPECT_EQ(effect->summary, "apply_patch: add new/n.txt, update a.txt, update old.txt and move it to sub/moved.txt, "
                             "delete gone.txt");
  EXPECT_EQ(get("new/n.txt"), "(absent)");
  EXPECT_EQ(apply(body), "Success. Updated the following files:\nA new/n.txt\nM a.txt\nM sub/moved.txt (was old.txt)\n"
                         "D gone.txt\n");
  EXPECT_EQ(get("new/n.txt"), "hello\n\n");
  EXPECT_EQ(get("a.txt"), "one\n2\n");
  EXPECT_EQ(get("sub/moved.txt"), "X\n");
  EXPECT_EQ(get("old.txt"), "(absent)");
  EXPECT_EQ(get("gone.txt"), "(absent)");
}

TEST_F(ApplyPatchTest, WhenOnePartFailsNothingIsChanged) {
  put("a.txt", "one\n");
  put("b.txt", "two\n");
  const auto told = apply("*** Add File: n.txt\n+x\n*** Update File: a.txt\n@@\n-one\n+1\n*** Delete File: b.txt\n"
                          "*** Update File: b2.txt\n@@\n-zzz\n+y\n");
  EXPECT_NE(told.find("refused: "), std::string::npos) << told;
  EXPECT_EQ(get("a.txt"), "one\n");
  EXPECT_EQ(get("b.txt"), "two\n");
  EXPECT_EQ(get("n.txt"), "(absent)");
  EXPECT_NE(apply("*** Add File: a.txt\n+x\n").find("a.txt already exists"), std::string::npos);
  EXPECT_NE(apply("*** Update File: a.txt\n*** Move to: b.txt\n").find("b.txt already exists"), std::string::npos);
  // The last step cannot be carried out: a file stands where a folder is needed. The first ones are taken back.
  const auto back = apply("*** Update File: a.txt\n@@\n-one\n+1\n*** Delete File: b.txt\n*** Add File: n.txt\n+x\n"
                          "*** Add File: n.txt/below\n+y\n");
  EXPECT_NE(back.find("Nothing was changed."), std::string::npos) << back;
  EXPECT_EQ(get("a.txt"), "one\n");
  EXPECT_EQ(get("b.txt"), "two\n");
  EXPECT_EQ(get("n.txt"), "(absent)");
}

TEST_F(ApplyPatchTest, NoPathLeadsOutOfTheWorkspaceAndNoneIsNamedTwice) {
  std::ofstream(base_ / "outside.txt") << "secret\n";
  fs::create_symlink(base_, base_ / "work" / "link");
  for (const std::string path : {"../outside.txt", "/etc/passwd", "link/outside.txt"}) {
    EXPECT_NE(apply("*** Delete File: " + path + "\n").find("refused"), std::string::npos) << path;
    EXPECT_NE(apply("*** Update File: " + path + "\n@@\n-secret\n+x\n").find("refused"), std::string::npos) << path;
    put("in.txt", "x\n");
    EXPECT_NE(apply("*** Update File: in.txt\n*** Move to: " + path + "\n").find("refused"), std::string::npos) << path;
    EXPECT_EQ(get("in.txt"), "x\n");
  }
  EXPECT_TRUE(fs::exists(base_ / "outside.txt"));
  EXPECT_NE(apply("*** Delete File: in.txt\n*** Update File: ./in.txt\n@@\n-x\n+y\n").find("named twice"),
            std::string::npos);
}

} // namespace
} // namespace openclaw::tools
