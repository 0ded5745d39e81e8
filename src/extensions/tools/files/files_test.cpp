#include "extensions/tools/files/files.hpp"

#include "async/scope.hpp"
#include "base/json.hpp"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace openclaw::tools {
namespace {

namespace fs = std::filesystem;

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

Task<ports::ToolResult> call(ports::Tool* tool, std::string arguments, const ports::ToolContext* context) {
  CO_TRY(auto effect, co_await tool->preview(arguments, *context));
  auto permit =
      policy::Permit::issue({.verdict = policy::Verdict::allow}, std::move(effect), std::nullopt, "s", "a", 0);
  co_return co_await tool->run(std::move(arguments), std::move(*permit), *context);
}

class FilesTest : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "openclaw-files-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    base_ = name;
    auto opened = sandbox::Workspace::open(base_ / "work");
    ASSERT_TRUE(opened);
    workspace_.emplace(std::move(*opened));
  }
  void TearDown() override { fs::remove_all(base_); }

  Result<ports::ToolResult> run(std::unique_ptr<ports::Tool> tool, json::object arguments) {
    ports::ToolContext context{"main", "session", "run", "call", *workspace_, http_, time_, scope_, {}, {}, {}};
    return async::run(loop_, call(tool.get(), to_text(arguments), &context));
  }
  std::string text(const Result<ports::ToolResult>& result) {
    if (!result) return "refused: " + result.error().text();
    return std::get<ports::TextBlock>(result->content.at(0)).text;
  }
  void put(const std::string& name, const std::string& content) {
    std::ofstream(base_ / "work" / name, std::ios::binary) << content;
  }

  async::asio::io_context loop_;
  async::SystemTime time_;
  async::Scope scope_{loop_.get_executor()};
  NoNetwork http_;
  fs::path base_;
  std::optional<sandbox::Workspace> workspace_;
};

std::string numbered(int first, int last) {
  std::string lines;
  for (int i = first; i <= last; ++i)
    lines += "line " + std::to_string(i) + "\n";
  return lines;
}

TEST_F(FilesTest, WriteThenReadThenEdit) {
  EXPECT_EQ(text(run(make_write_tool(), {{"path", "notes/a.txt"}, {"content", "one\ntwo\nthree\n"}})),
            "Created notes/a.txt (14 bytes).");
  EXPECT_EQ(text(run(make_read_tool(), {{"path", "notes/a.txt"}})), "one\ntwo\nthree\n");
  const auto edited = run(make_edit_tool(), {{"path", "notes/a.txt"}, {"oldText", "two"}, {"newText", "2"}});
  EXPECT_EQ(text(edited), "Replaced the text in notes/a.txt at line 2.");
  EXPECT_NE(edited->details_json.find("-two\\n+2\\n"), std::string::npos) << edited->details_json;
  EXPECT_EQ(text(run(make_read_tool(), {{"path", "notes/a.txt"}})), "one\n2\nthree\n");
  EXPECT_EQ(text(run(make_write_tool(), {{"path", "notes/a.txt"}, {"content", ""}})),
            "Replaced notes/a.txt (0 bytes).");
  EXPECT_EQ(text(run(make_read_tool(), {{"path", "notes/a.txt"}})), "(The file is empty.)");
}

TEST_F(FilesTest, ReadShowsAWindowAndSaysHowToGoOn) {
  put("long", numbered(1, 5000));
  const auto first = text(run(make_read_tool(), {{"path", "long"}}));
  EXPECT_TRUE(first.starts_with("line 1\n"));
  EXPECT_NE(first.find("line 2000\n[Lines 1-2000 are shown. There is more: use offset=2001 to go on.]"),
            std::string::npos)
      << first.substr(first.size() - 200);
  EXPECT_EQ(text(run(make_read_tool(), {{"path", "long"}, {"offset", 3}, {"limit", 2}})),
            "line 3\nline 4\n[Lines 3-4 are shown. There is more: use offset=5 to go on.]");
  EXPECT_EQ(text(run(make_read_tool(), {{"path", "long"}, {"offset", 4999}})), "line 4999\nline 5000\n");
  EXPECT_NE(text(run(make_read_tool(), {{"path", "long"}, {"offset", 5001}})).find("has 5000 lines"),
            std::string::npos);
}

TEST_F(FilesTest, ReadIsBoundedByBytesAndGoesOnWithoutLosingALine) {
  std::string content;
  for (int i = 0; i < 300; ++i)
    content += std::to_string(i) + std::string(997, 'x') + "\n";
  put("wide", content);
  std::string collected;
  std::int64_t offset = 1;
  for (int round = 0; round < 20; ++round) {
    auto part = text(run(make_read_tool(), {{"path", "wide"}, {"offset", offset}}));
    EXPECT_LE(part.size(), 52U * 1024);
    const auto marker = part.rfind("[Lines ");
    collected += part.substr(0, marker);
    if (marker == std::string::npos) break;
    offset = std::stoll(part.substr(part.rfind("offset=") + 7));
  }
  EXPECT_EQ(collected, content);
}

TEST_F(FilesTest, ReadCutsAnEndlessLine) {
  put("one-line", std::string(200'000, 'y'));
  const auto shown = text(run(make_read_tool(), {{"path", "one-line"}}));
  EXPECT_LT(shown.size(), 60'000U);
  EXPECT_NE(shown.find("Line 1 is longer than 50 KB"), std::string::npos);
}

// parity: 1.7-read
TEST_F(FilesTest, ReadDescribesBinariesAndShowsImages) {
  put("program", std::string("\x7f"
                             "ELF\0\1\2",
                             7));
  EXPECT_NE(text(run(make_read_tool(), {{"path", "program"}})).find("binary file of 7 bytes"), std::string::npos);
  put("image", std::string("\x89PNG\r\n\x1a\n") + std::string(20'000, '\0'));
  const auto image = run(make_read_tool(), {{"path", "image"}});
  ASSERT_TRUE(image);
  ASSERT_EQ(image->content.size(), 2U);
  EXPECT_EQ(std::get<ports::ImageBlock>(image->content[1]).mime_type, "image/png");
  put("huge", "GIF89a" + std::string(6 * 1024 * 1024, 'x'));
  EXPECT_NE(text(run(make_read_tool(), {{"path", "huge"}})).find("at most 5 MB"), std::string::npos);
}

TEST_F(FilesTest, ReadReplacesInvalidUtf8) {
  put("latin", "caf\xe9\n");
  EXPECT_EQ(text(run(make_read_tool(), {{"path", "latin"}})), "caf\xEF\xBF\xBD\n");
}

TEST_F(FilesTest, NothingOutsideTheWorkspaceIsTouched) {
  std::ofstream(base_ / "canary") << "outside";
  for (auto* make : {&make_read_tool, &make_write_tool, &make_edit_tool}) {
    const auto refused =
        run((*make)(), {{"path", "../canary"}, {"content", "x"}, {"oldText", "outside"}, {"newText", "x"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Kind::denied);
  }
  EXPECT_NE(text(run(make_read_tool(), {{"path", "absent"}})).find("There is no \"./absent\""), std::string::npos);
}

TEST(ReplaceOnce, SaysHowManyMatchesOrTheNearestLine) {
  EXPECT_NE(replace_once("a a a", "a", "b", "f").error().message.find("occurs 3 times"), std::string::npos);
  const auto absent = replace_once("int main() {\n  return 0;\n}\n", "return  1;", "x", "f").error();
  EXPECT_NE(absent.message.find("nearest line is 2"), std::string::npos) << absent.message;
  EXPECT_FALSE(replace_once("a", "", "b", "f"));
  EXPECT_FALSE(replace_once("a", "a", "a", "f"));
}

TEST(ReplaceOnce, KeepsTheLineEndsOfTheFile) {
  EXPECT_EQ(replace_once("a\r\nb\r\nc\r\n", "a\nb", "x\ny", "f")->content, "x\r\ny\r\nc\r\n");
}

TEST(ReplaceOnce, WritesOneHunkWithContext) {
  EXPECT_EQ(replace_once("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "5\n", "five\nfünf\n", "f")->diff,
            "@@ -2,7 +2,8 @@\n 2\n 3\n 4\n-5\n+five\n+fünf\n 6\n 7\n 8\n");
  EXPECT_EQ(replace_once("only", "only", "new", "f")->diff, "@@ -1,1 +1,1 @@\n-only\n+new\n");
  EXPECT_EQ(replace_once("a\nb\n", "a\n", "", "f")->content, "b\n");
}

} // namespace
} // namespace openclaw::tools
