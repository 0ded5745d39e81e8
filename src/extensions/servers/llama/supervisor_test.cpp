#include "base/text.hpp"
#include "extensions/servers/llama/embedded_server.hpp"
#include "extensions/servers/llama/supervisor.hpp"
#include "net/server_fixture.hpp"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sys/socket.h>

namespace openclaw::llama {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kFakeWorker = "llama-fake-worker";

std::string read_line(int descriptor) {
  std::string line;
  char byte = 0;
  while (line.size() < 200 && ::read(descriptor, &byte, 1) == 1 && byte != '\n')
    line += byte;
  return line;
}

// Answers 200 to who bears the key; GET /crash ends it.
[[noreturn]] void serve_fake() {
  const auto key = read_line(STDIN_FILENO);
  while (true) {
    std::array<pollfd, 2> watched{{{STDIN_FILENO, POLLIN, 0}, {kListenDescriptor, POLLIN, 0}}};
    ::poll(watched.data(), watched.size(), -1);
    if (watched[0].revents != 0) ::_exit(0);
    const int client = ::accept(kListenDescriptor, nullptr, nullptr);
    if (client < 0) continue;
    std::string request;
    std::array<char, 4096> buffer{};
    while (request.find("\r\n\r\n") == std::string::npos) {
      const auto count = ::recv(client, buffer.data(), buffer.size(), 0);
      if (count <= 0) break;
      request.append(buffer.data(), static_cast<std::size_t>(count));
    }
    if (request.starts_with("GET /crash")) {
      (void)!::write(STDERR_FILENO, "out of ideas\n", 13);
      ::_exit(7);
    }
    const bool right = request.find("Bearer " + key + "\r\n") != std::string::npos;
    const std::string answer =
        fmt::format("HTTP/1.1 {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", right ? "200 OK" : "401 No");
    (void)!::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    ::close(client);
  }
}

// The sandbox executes this very test program; before main() it finds out that it is to be the worker.
[[gnu::constructor]] void become_fake_worker(int argc, char** argv) {
  if (argc < 3 || argv[1] != kFakeWorker) return;
  if (std::string_view(argv[2]) == "serve") serve_fake();
  (void)!::write(STDERR_FILENO, "no model here\n", 14);
  ::_exit(1);
}

// Short waits are real ones; minutes pass when the test says so.
class LeapingTime final : public async::Time {
public:
  explicit LeapingTime(async::Executor executor) : leapt_(executor) {}
  std::int64_t now_ms() const override { return real_.now_ms() + ahead_; }
  std::int64_t monotonic_ms() const override { return real_.monotonic_ms() + ahead_; }
  Task<> sleep_ms(std::int64_t milliseconds) override {
    if (milliseconds < 60'000) co_return co_await real_.sleep_ms(milliseconds);
    const auto end = monotonic_ms() + milliseconds;
    ++sleepers;
    Result<> waited;
    while (waited && monotonic_ms() < end)
      waited = co_await leapt_.wait();
    --sleepers;
    co_return waited;
  }
  void leap(std::int64_t milliseconds) {
    ahead_ += milliseconds;
    leapt_.notify();
  }
  int sleepers = 0;

private:
  async::SystemTime real_;
  async::Event leapt_;
  std::int64_t ahead_ = 0;
};

class SupervisorTest : public net::testing::ServerFixture {
protected:
  void SetUp() override {
    if (!sandbox::support().usable) GTEST_SKIP() << sandbox::support().explanation;
    make_client();
  }
  std::shared_ptr<Supervisor> supervise(const std::string& mode) {
    WorkerPlan plan;
    plan.argv = {"/openclaw", std::string(kFakeWorker), mode};
    plan.mounts = {{fs::read_symlink("/proc/self/exe"), "/openclaw", false}};
    plan.limits.memory_bytes = 0; // sanitizers
    return std::make_shared<Supervisor>(loop.get_executor(), scope, time_, *client, plan);
  }
  Result<int> status(const WorkerAddress& address, std::string path, std::string key) {
    net::Outbound request("GET", fmt::format("http://127.0.0.1:{}{}", address.port, path));
    request.headers.set("Authorization", "Bearer " + key);
    TRY(const auto answer, run(client->fetch(std::move(request))));
    return answer.status;
  }
  // Lets the loop work until it is so.
  bool eventually(const std::function<bool()>& so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!so() && std::chrono::steady_clock::now() < end)
      if (!run(pause(&time_))) return false;
    return so();
  }
  static Task<> pause(LeapingTime* time) { return time->sleep_ms(5); }

  LeapingTime time_{loop.get_executor()};
};

TEST_F(SupervisorTest, StartsTheWorkerOnceAndTellsItsKey) {
  const auto supervisor = supervise("serve");
  const auto first = run(supervisor->acquire());
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(status(*first, "/health", first->key.reveal()).value(), 200);
  EXPECT_EQ(status(*first, "/health", "guess").value(), 401);
  const auto second = run(supervisor->acquire());
  ASSERT_TRUE(second);
  EXPECT_EQ(second->port, first->port);
}

TEST_F(SupervisorTest, StartsADeadWorkerAgainAtTheNextUse) {
  const auto supervisor = supervise("serve");
  const auto first = run(supervisor->acquire());
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_FALSE(status(*first, "/crash", first->key.reveal()));
  ASSERT_TRUE(eventually([&] { return !supervisor->running(); }));
  EXPECT_FALSE(status(*first, "/health", first->key.reveal())) << "nobody holds its socket any more";
  const auto second = run(supervisor->acquire());
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_EQ(status(*second, "/health", second->key.reveal()).value(), 200);
  EXPECT_NE(second->key.reveal(), first->key.reveal());
}

TEST_F(SupervisorTest, SaysWhatTheWorkerSaidAndGivesUpAfterThreeStarts) {
  const auto supervisor = supervise("die");
  for (int i = 0; i < Supervisor::kMostStarts; ++i) {
    const auto failed = run(supervisor->acquire());
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, Kind::transient);
    EXPECT_NE(failed.error().message.find("no model here"), std::string::npos) << failed.error().text();
  }
  const auto refused = run(supervisor->acquire());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::busy);
  EXPECT_NE(refused.error().message.find("no model here"), std::string::npos) << refused.error().text();
  time_.leap(Supervisor::kStartsWithinMs);
  const auto again = run(supervisor->acquire());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, Kind::transient);
}

TEST_F(SupervisorTest, StopsTheWorkerFiveMinutesAfterTheLastUse) {
  const auto supervisor = supervise("serve");
  ASSERT_TRUE(run(supervisor->acquire()));
  ASSERT_TRUE(run(supervisor->acquire()));
  supervisor->release();
  ASSERT_TRUE(run(pause(&time_)));
  EXPECT_EQ(time_.sleepers, 0) << "no timer while somebody uses it";
  supervisor->release();
  ASSERT_TRUE(eventually([&] { return time_.sleepers == 1; }));
  const auto again = run(supervisor->acquire());
  ASSERT_TRUE(again);
  ASSERT_TRUE(eventually([&] { return time_.sleepers == 0; }));
  supervisor->release();
  ASSERT_TRUE(eventually([&] { return time_.sleepers == 1; }));
  time_.leap(Supervisor::kIdleMs - 1000);
  ASSERT_TRUE(run(pause(&time_)));
  EXPECT_TRUE(supervisor->running());
  time_.leap(1000);
  ASSERT_TRUE(eventually([&] { return !supervisor->running() && scope.size() == 0; }));
  EXPECT_FALSE(status(*again, "/health", again->key.reveal()));
}

TEST_F(SupervisorTest, StopsTheWorkerWithTheGateway) {
  const auto supervisor = supervise("serve");
  const auto address = run(supervisor->acquire());
  ASSERT_TRUE(address) << address.error().text();
  scope.cancel();
  ASSERT_TRUE(eventually([&] { return scope.size() == 0; }));
  EXPECT_FALSE(supervisor->running());
  EXPECT_FALSE(status(*address, "/health", address->key.reveal()));
  EXPECT_FALSE(run(supervisor->acquire()));
}

// The real thing: 250 MB from the registries, once; later runs use what is in the cache.
TEST(EmbeddedModel, AnswersAQuestionConfined) {
  const char* wanted = std::getenv("OPENCLAW_TEST_EMBEDDED");
  if (!wanted || std::string_view(wanted) != "1")
    GTEST_SKIP() << "OPENCLAW_TEST_EMBEDDED is not 1: it would download 250 MB.";
  const char* cache = std::getenv("OPENCLAW_MODEL_CACHE");
  const char* home = std::getenv("HOME");
  const std::string folder = cache ? cache : fmt::format("{}/.cache/openclaw-tests/model", home ? home : "/tmp");
  async::asio::io_context loop;
  async::Scope scope(loop.get_executor());
  async::SystemTime time;
  const auto client = net::make_http_client(loop.get_executor(), net::client_config_from_environment());
  auto recipe = embedded_recipe();
  ASSERT_TRUE(recipe);
  ports::ServerServices services{loop.get_executor(), scope, time, *client, folder, {}};
  EmbeddedServer server(services, *recipe);
  const auto got = async::run(loop, server.download([](ports::DownloadProgress) {}));
  ASSERT_TRUE(got) << got.error().text();
  const auto endpoint = async::run(loop, server.acquire("gemma-3-270m"));
  ASSERT_TRUE(endpoint) << endpoint.error().text();
  net::Outbound request("POST", endpoint->base_url + "/chat/completions");
  request.headers.set("Authorization", "Bearer " + endpoint->api_key.reveal());
  request.headers.set("Content-Type", "application/json");
  request.body =
      R"({"model":"gemma-3-270m","stream":true,"stream_options":{"include_usage":true},"temperature":0,"max_tokens":30,
                     "messages":[{"role":"user","content":"What is the capital of France?"}]})";
  const auto answer = async::run(loop, client->fetch(std::move(request)));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 200);
  EXPECT_NE(answer->body.find("Paris"), std::string::npos) << answer->body;
  EXPECT_NE(answer->body.find("\"completion_tokens\":"), std::string::npos) << answer->body;
  EXPECT_NE(answer->body.find("data: [DONE]"), std::string::npos);
  net::Outbound stranger("GET", endpoint->base_url + "/models");
  const auto refused = async::run(loop, client->fetch(std::move(stranger)));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401);
  server.release();
  scope.cancel();
  ASSERT_TRUE(async::run(loop, scope.join()));
}

} // namespace
} // namespace openclaw::llama
