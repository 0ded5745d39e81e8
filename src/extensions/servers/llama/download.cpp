#include "extensions/servers/llama/download.hpp"

#include "async/offload.hpp"
#include "base/encoding.hpp"
#include "extensions/servers/llama/fetch.hpp"
#include "net/egress.hpp"
#include <fmt/core.h>

namespace openclaw::llama {
namespace {

constexpr std::int64_t kReportEveryMs = 100;

Task<> on_pool(std::function<Result<>()> work) {
  std::function<Result<bool>()> wrapped = [work = std::move(work)]() -> Result<bool> {
    TRY_VOID(work());
    return true;
  };
  CO_TRY_VOID(co_await async::offload<bool>(std::move(wrapped)));
  co_return Result<>{};
}

// At most ten reports a second, and one at the end.
class Reporter {
public:
  Reporter(async::Time& time, std::int64_t total, std::function<void(ports::DownloadProgress)> progress)
      : time_(time), total_(total), progress_(std::move(progress)) {}
  void report(std::int64_t done) {
    const auto now = time_.monotonic_ms();
    if (!progress_ || done == said_ || (said_ >= 0 && done < total_ && now - at_ms_ < kReportEveryMs)) return;
    at_ms_ = now;
    said_ = done;
    progress_({.done_bytes = done, .total_bytes = total_});
  }

private:
  async::Time& time_;
  std::int64_t total_;
  std::function<void(ports::DownloadProgress)> progress_;
  std::int64_t at_ms_ = 0;
  std::int64_t said_ = -1;
};

Error explained(Error problem) {
  if (problem.kind == Kind::cancelled) return problem;
  problem.message = fmt::format("The embedded model could not be fetched: {}", problem.message);
  const char* kept = is_retryable(problem.kind) ? "What is already here is kept: `openclaw models fetch` goes on from "
                                                  "there (a proxy is taken from HTTPS_PROXY). "
                                                : "";
  problem.hint = fmt::format(
      "{}{}{}Or connect another model: set ANTHROPIC_API_KEY or OPENAI_API_KEY, or start Ollama on this machine.",
      problem.hint, problem.hint.empty() ? "" : " ", kept);
  return problem;
}

Task<> fetch_all(net::HttpClient& http, async::Time& time, std::shared_ptr<const Recipe> recipe,
                 std::shared_ptr<Installation> installation, std::string mirror, std::shared_ptr<Reporter> reporter) {
  std::int64_t before = 0;
  for (const auto& download : recipe->downloads) {
    CO_TRY(auto url, mirrored(download.url, mirror));
    Fetch fetch{.url = std::move(url),
                .sha256 = download.sha256,
                .bytes = download.bytes,
                .part_file = installation->part_file(download),
                .progress = [reporter, before](std::int64_t there) { reporter->report(before + there); }};
    CO_TRY_VOID(co_await fetch_file(http, time, std::move(fetch)));
    before += download.bytes;
  }
  co_return Result<>{};
}

Task<> install(std::shared_ptr<const Recipe> recipe, std::shared_ptr<Installation> installation) {
  std::function<Result<>()> begin = [installation] { return installation->begin_unpacking(); };
  CO_TRY_VOID(co_await on_pool(std::move(begin)));
  for (std::size_t i = 0; i < recipe->downloads.size(); ++i) {
    CO_TRY_VOID(co_await async::check_cancelled());
    std::function<Result<>()> unpack = [installation, i] { return installation->unpack(i); };
    CO_TRY_VOID(co_await on_pool(std::move(unpack)));
  }
  std::function<Result<>()> finish = [installation] { return installation->finish_unpacking(); };
  CO_TRY_VOID(co_await on_pool(std::move(finish)));
  co_return Result<>{};
}

Task<> fetch_and_install(net::HttpClient& http, async::Time& time, std::shared_ptr<const Recipe> recipe,
                         std::shared_ptr<Installation> installation, std::string mirror,
                         std::shared_ptr<Reporter> reporter) {
  std::function<Result<>()> prepare = [installation]() -> Result<> {
    TRY_VOID(installation->make_folders());
    return installation->check_space();
  };
  CO_TRY_VOID(co_await on_pool(std::move(prepare)));
  CO_TRY_VOID(co_await fetch_all(http, time, recipe, installation, std::move(mirror), reporter));
  CO_TRY_VOID(co_await install(recipe, installation));
  co_return Result<>{};
}

} // namespace

Result<std::string> mirrored(const std::string& url, const std::string& mirror) {
  if (mirror.empty()) return url;
  TRY(const auto from, net::parse_url(url));
  auto to = net::parse_url(mirror);
  if (!to || (to->host != "127.0.0.1" && to->host != "::1" && to->host != "localhost"))
    return fail(Kind::invalid, "OPENCLAW_EMBEDDED_MIRROR is not an address of this machine.",
                "Set it to something like http://127.0.0.1:8000, or unset it.");
  return without_trailing_slashes(mirror) + from.target;
}

Task<> download_and_install(net::HttpClient& http, async::Time& time, std::shared_ptr<const Recipe> recipe,
                            std::shared_ptr<Installation> installation, std::string mirror,
                            std::function<void(ports::DownloadProgress)> progress) {
  const auto reporter = std::make_shared<Reporter>(time, recipe->download_bytes(), std::move(progress));
  auto done = co_await fetch_and_install(http, time, recipe, installation, std::move(mirror), reporter);
  if (!done) co_return std::unexpected(explained(done.error()));
  reporter->report(recipe->download_bytes());
  co_return Result<>{};
}

} // namespace openclaw::llama
