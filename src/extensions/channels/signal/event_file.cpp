#include "extensions/channels/signal/event_file.hpp"

#include "base/ids.hpp"
#include "base/json.hpp"
#include "ports/companion.hpp"
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>

namespace openclaw::extensions::signal {
namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kLongestLine = 8 * 1024 * 1024;
constexpr std::size_t kLongestHead = 4096; // and what is never given back to the disk
constexpr std::int64_t kGiveBack = 1024 * 1024;
constexpr std::int64_t kGraceMs = 2000;
constexpr std::int64_t kAskEachMs = 100;
constexpr int kAsked = 50;

std::unexpected<Error> disk_problem(const std::string& path, std::string_view doing) {
  return fail(Kind::transient, fmt::format("{} {} failed: {}.", doing, path, strerror(errno)),
              "Look at the disk: without that file no message of Signal is taken.");
}

// What the process needs to reach the daemon, and nothing of ours.
constexpr std::string_view kPassedOn[] = {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY",   "http_proxy",
                                          "NO_PROXY",    "no_proxy",    "SSL_CERT_FILE"};

} // namespace

std::string head_line(const EventFileHead& head) {
  return "=" +
         to_text(json::object{{"id", head.id}, {"root", head.root}, {"account", head.account}, {"pid", head.pid}}) +
         "\n";
}

std::optional<EventFileHead> head_from(std::string_view line) {
  if (!line.starts_with('=')) return std::nullopt;
  const auto value = parse_json(line.substr(1), "head of the file of events");
  if (!value) return std::nullopt;
  EventFileHead head{string_or(*value, "id"), string_or(*value, "root"), string_or(*value, "account"),
                     static_cast<int>(std::clamp<std::int64_t>(integer_or(*value, "pid", 0), 0, 1 << 30))};
  return head.id.empty() ? std::nullopt : std::optional(std::move(head));
}

EventLine line_from(std::string_view line) {
  using What = EventLine::What;
  const auto what = line.starts_with('e')   ? What::event
                    : line.starts_with('x') ? What::unreadable
                    : line.starts_with('s') ? What::refused
                                            : What::alive;
  return {what, what == What::alive ? std::string() : std::string(line.substr(1)), {}};
}

std::optional<std::int64_t> offset_in(std::string_view checkpoint, std::string_view id) {
  if (id.empty() || !checkpoint.starts_with(id) || !checkpoint.substr(id.size()).starts_with(':')) return std::nullopt;
  const auto digits = checkpoint.substr(id.size() + 1);
  std::int64_t offset = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), offset);
  if (code != std::errc() || end != digits.data() + digits.size() || offset < 0) return std::nullopt;
  return offset;
}

Task<> EventFile::open(std::string checkpoint) {
  std::error_code code;
  std::filesystem::create_directories(services_.folder, code);
  if (code)
    co_return fail(Kind::transient, fmt::format("The folder {} cannot be made: {}.", services_.folder, code.message()));
  for (int asked = 0; asked < kAsked; ++asked) {
    CO_TRY(const bool there, take(checkpoint));
    if (!there) co_return start();
    left_over_ = !process_lives();
    if (left_over_) co_return Result<>{};
    if (head_.root == root_ && head_.account == account_) co_return watch();
    // It reads for settings that were changed meanwhile, or has not written its head yet.
    if (head_.pid > 0) ::kill(head_.pid, SIGTERM);
    CO_TRY_VOID(co_await services_.time.sleep_ms(kAskEachMs));
  }
  co_return fail(Kind::busy, fmt::format("A process of an earlier gateway still writes {}.", path()),
                 fmt::format("End it: kill {}", head_.pid));
}

Result<bool> EventFile::take(std::string_view checkpoint) {
  head_ = {};
  buffer_.clear();
  offset_ = returned_ = 0;
  file_ = FileDescriptor(::open(path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file_ && errno == ENOENT) return false;
  struct stat info{};
  if (!file_ || ::fstat(file_.get(), &info) != 0) return disk_problem(path(), "Opening");
  std::string begin(kLongestHead, '\0');
  const auto got = ::pread(file_.get(), begin.data(), begin.size(), 0);
  if (got < 0) return disk_problem(path(), "Reading");
  begin.resize(static_cast<std::size_t>(got));
  if (const auto end = begin.find('\n'); end != std::string::npos)
    head_ = head_from(std::string_view(begin).substr(0, end)).value_or(EventFileHead());
  offset_ = std::min<std::int64_t>(offset_in(checkpoint, head_.id).value_or(0), info.st_size);
  return true;
}

Result<> EventFile::start() {
  ::unlink(path().c_str());
  // The lock belongs to the open file, so the process keeps it when we close ours.
  FileDescriptor written(::open(path().c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!written || ::flock(written.get(), LOCK_EX | LOCK_NB) != 0) return disk_problem(path(), "Making");
  file_ = FileDescriptor(::open(path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file_) return disk_problem(path(), "Opening");
  head_ = {random_hex(services_.random, 8), root_, account_, 0};
  buffer_.clear();
  offset_ = returned_ = 0;
  left_over_ = false;
  TRY_VOID(watch());
  std::error_code code;
  async::SpawnOptions options;
  options.argv = {std::filesystem::read_symlink("/proc/self/exe", code).string(), kEventsWorker, root_, account_,
                  head_.id};
  options.environment = ports::environment_of(kPassedOn);
  options.descriptors = {{written.get(), 3}};
  TRY(process_, async::spawn(services_.executor, std::move(options)));
  return {};
}

Result<> EventFile::watch() {
  TRY(auto made, async::FileWatch::create(services_.executor, path(), IN_MODIFY | IN_CLOSE_WRITE));
  watch_.emplace(std::move(made));
  return {};
}

bool EventFile::process_lives() const {
  if (::flock(file_.get(), LOCK_SH | LOCK_NB) != 0) return true;
  ::flock(file_.get(), LOCK_UN);
  return false;
}

Task<std::optional<EventLine>> EventFile::next() {
  give_back();
  while (true) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      auto line = line_from(std::string_view(buffer_).substr(0, end));
      buffer_.erase(0, end + 1);
      offset_ += static_cast<std::int64_t>(end) + 1;
      line.checkpoint = fmt::format("{}:{}", head_.id, offset_);
      co_return line;
    }
    if (buffer_.size() > kLongestLine) {
      ::unlink(path().c_str());
      co_return fail(Kind::transient, fmt::format("{} is damaged and was removed.", path()));
    }
    const bool lives = process_lives(); // asked first: what it wrote before its end is there by now
    CO_TRY(const bool more, read_more());
    if (more) continue;
    if (lives)
      CO_TRY_VOID(co_await watch_->changes());
    else if (left_over_)
      CO_TRY_VOID(start());
    else
      co_return std::nullopt;
  }
}

Result<bool> EventFile::read_more() {
  const auto old = buffer_.size();
  buffer_.resize(old + kPiece);
  const auto got = ::pread(file_.get(), buffer_.data() + old, kPiece, offset_ + static_cast<std::int64_t>(old));
  buffer_.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return disk_problem(path(), "Reading");
  return got > 0;
}

void EventFile::give_back() {
  if (offset_ - returned_ < kGiveBack) return;
  returned_ = offset_ - offset_ % static_cast<std::int64_t>(kLongestHead);
  const FileDescriptor whole(::open(path().c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  // Where the file system cannot, the file is as large as what came in this life of the connection.
  if (whole)
    ::fallocate(whole.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, kLongestHead,
                returned_ - static_cast<std::int64_t>(kLongestHead));
}

Task<> EventFile::close() {
  if (process_) {
    auto process = std::exchange(process_, nullptr);
    auto ended = co_await async::terminate(std::move(process), kGraceMs);
    (void)ended;
  } else if (file_ && head_.pid > 0 && process_lives()) {
    ::kill(head_.pid, SIGTERM);
  }
  watch_.reset();
  file_.reset();
  co_return Result<>{};
}

} // namespace openclaw::extensions::signal
