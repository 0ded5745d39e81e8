#include "extensions/servers/llama/fetch.hpp"

#include "async/offload.hpp"
#include "base/file_descriptor.hpp"
#include "base/hash.hpp"
#include "net/egress.hpp"
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::llama {
namespace {

constexpr int kTries = 3;
constexpr std::int64_t kFirstPauseMs = 1000;
constexpr std::size_t kPiece = 1024 * 1024;

// The bytes so far and their running checksum. Its functions block: they run on the pool, one at a time.
class PartFile {
public:
  explicit PartFile(const Fetch& fetch) : path_(fetch.part_file), limit_(fetch.bytes) {}

  // Takes up what an earlier attempt left.
  Result<> open() {
    file_ = FileDescriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    struct stat about{};
    if (!file_ || ::fstat(file_.get(), &about) != 0) return problem("opened");
    if (about.st_size > limit_) return restart();
    std::vector<char> buffer(kPiece);
    while (true) {
      const auto count = ::read(file_.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return problem("read");
      if (count == 0) return {};
      hash_->update({buffer.data(), static_cast<std::size_t>(count)});
      size_ += count;
    }
  }
  Result<> restart() {
    hash_ = std::make_unique<Sha256>();
    size_ = 0;
    if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0) return problem("emptied");
    return {};
  }
  Result<> append(std::string_view bytes) {
    hash_->update(bytes);
    size_ += static_cast<std::int64_t>(bytes.size());
    while (!bytes.empty()) {
      const auto count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return problem("written");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }
  // Compares, and starts again from nothing when it is something else.
  Result<bool> matches(const std::string& sha256) {
    if (hash_->hex() == sha256) return true;
    TRY_VOID(restart());
    return false;
  }
  std::int64_t size() const { return size_; }

private:
  std::unexpected<Error> problem(std::string_view what) const {
    return fail(Kind::denied, fmt::format("{} cannot be {}: {}.", path_, what, std::strerror(errno)),
                "Check that the disk has room and that the folder can be written.");
  }
  std::string path_;
  std::int64_t limit_;
  FileDescriptor file_;
  std::unique_ptr<Sha256> hash_ = std::make_unique<Sha256>();
  std::int64_t size_ = 0;
};

Task<> on_pool(std::function<Result<>()> work) {
  std::function<Result<bool>()> wrapped = [work = std::move(work)]() -> Result<bool> {
    TRY_VOID(work());
    return true;
  };
  CO_TRY_VOID(co_await async::offload<bool>(std::move(wrapped)));
  co_return Result<>{};
}

Task<> restart(std::shared_ptr<PartFile> part) {
  std::function<Result<>()> work = [part] { return part->restart(); };
  return on_pool(std::move(work));
}

Result<> check_status(int status, const std::string& url) {
  if (status == 200 || status == 206) return {};
  if (status == 404 || status == 410)
    return fail(Kind::missing, fmt::format("{} is no longer there (status {}).", url, status),
                "A newer openclaw may know its new place.");
  if (status == 408 || status == 416 || status == 429 || status >= 500)
    return fail(Kind::transient, fmt::format("{} answered with status {}.", url, status), "Try again later.");
  return fail(Kind::remote, fmt::format("{} answered with status {}.", url, status),
              "Check that no proxy stands in the way.");
}

bool continues_at(const net::Headers& headers, std::int64_t offset) {
  return headers.find("Content-Range").value_or("").starts_with(fmt::format("bytes {}-", offset));
}

Task<> store(std::shared_ptr<PartFile> part, std::string bytes) {
  std::function<Result<>()> work = [part, bytes = std::make_shared<std::string>(std::move(bytes))] {
    return part->append(*bytes);
  };
  return on_pool(std::move(work));
}

Task<> transfer(net::HttpClient& http, std::shared_ptr<PartFile> part, Fetch fetch) {
  net::Outbound request("GET", fetch.url);
  request.first_byte_timeout_ms = 30'000;
  request.idle_timeout_ms = 30'000;
  request.body_limit = static_cast<std::size_t>(fetch.bytes);
  if (part->size() > 0) request.headers.set("Range", fmt::format("bytes={}-", part->size()));
  CO_TRY(const auto response, co_await http.open(std::move(request)));
  // 416: what is here is not a part of what is there.
  const bool goes_on = response->status() == 206 && continues_at(response->headers(), part->size());
  if (!goes_on && part->size() > 0 && response->status() != 429 && response->status() < 500)
    CO_TRY_VOID(co_await restart(part));
  CO_TRY_VOID(check_status(response->status(), fetch.url));
  if (response->status() == 206 && !goes_on)
    co_return fail(Kind::transient, fmt::format("{} sent another part than the one asked for.", fetch.url));
  std::string gathered;
  while (true) {
    auto piece = co_await response->next();
    const bool last = !piece || !*piece;
    if (!last) gathered += **piece;
    if (part->size() + static_cast<std::int64_t>(gathered.size()) > fetch.bytes) {
      CO_TRY_VOID(co_await restart(part));
      co_return fail(Kind::denied, fmt::format("{} sends more than the announced {} bytes.", fetch.url, fetch.bytes),
                     "Check that no proxy stands in the way.");
    }
    // Also what came before the connection broke is kept for the next attempt.
    if (gathered.size() >= kPiece || (last && !gathered.empty())) {
      CO_TRY_VOID(co_await store(part, std::exchange(gathered, {})));
      fetch.progress(part->size());
    }
    if (!piece) co_return std::unexpected(piece.error());
    if (last) break;
  }
  if (part->size() < fetch.bytes)
    co_return fail(Kind::transient, fmt::format("{} ended after {} of {} bytes.", fetch.url, part->size(), fetch.bytes),
                   "Try again.");
  co_return Result<>{};
}

Task<> attempt(net::HttpClient& http, std::shared_ptr<PartFile> part, Fetch fetch) {
  const bool resumed = part->size() > 0;
  if (part->size() < fetch.bytes) CO_TRY_VOID(co_await transfer(http, part, fetch));
  std::function<Result<bool>()> compare = [part, sha256 = fetch.sha256] { return part->matches(sha256); };
  CO_TRY(const auto same, co_await async::offload<bool>(std::move(compare)));
  if (same) co_return Result<>{};
  fetch.progress(0);
  // A part from an earlier time may have been damaged since: that is no verdict on the server yet.
  if (resumed)
    co_return fail(Kind::transient, fmt::format("What was there of {} is damaged.", fetch.url), "Try again.");
  co_return fail(Kind::denied, fmt::format("What {} sent does not have the expected checksum.", fetch.url),
                 "It was thrown away. Check that no proxy changes downloads, or try again later.");
}

} // namespace

Task<> fetch_file(net::HttpClient& http, async::Time& time, Fetch fetch) {
  const auto part = std::make_shared<PartFile>(fetch);
  std::function<Result<>()> open = [part] { return part->open(); };
  CO_TRY_VOID(co_await on_pool(std::move(open)));
  fetch.progress(part->size());
  for (int tries = 1;; ++tries) {
    auto done = co_await attempt(http, part, fetch);
    if (done || tries == kTries || !is_retryable(done.error().kind)) co_return done;
    CO_TRY_VOID(co_await time.sleep_ms(kFirstPauseMs << (2 * (tries - 1))));
  }
}

} // namespace openclaw::llama
