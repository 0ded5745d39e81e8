#include "base/log.hpp"

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include <cstdio>
#include <fcntl.h>
#include <fmt/core.h>
#include <mutex>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace openclaw::log {
namespace {

constexpr std::int64_t kFileBytes = 10 * 1024 * 1024;
constexpr int kKeptFiles = 5;
constexpr std::size_t kFieldBytes = 1024;

struct State {
  std::mutex mutex;
  int file = -1;
  std::int64_t written = 0;
  std::int64_t lost = 0; // lines that a full or broken disk did not take
  std::string folder;
  std::string path;
  Level least = Level::info;
  std::optional<Level> console = Level::warn;
  std::vector<Secret> secrets;
};

State& state() {
  static State instance;
  return instance;
}

std::string_view level_name(Level level) {
  switch (level) {
  case Level::debug:
    return "debug";
  case Level::info:
    return "info";
  case Level::warn:
    return "warn";
  case Level::error:
    return "error";
  }
  return "error";
}

Result<> open_file(State& s) {
  s.path = s.folder + "/openclaw.log";
  s.file = ::open(s.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (s.file < 0)
    return fail(Kind::transient, fmt::format("The log file {} cannot be opened: {}.", s.path, strerror(errno)),
                "Check the owner and the free space of the state folder.");
  struct stat info{};
  s.written = fstat(s.file, &info) == 0 ? info.st_size : 0;
  return {};
}

// openclaw.log -> openclaw.log.1 -> … -> openclaw.log.5, the oldest is dropped.
void rotate(State& s) {
  ::close(s.file);
  for (int i = kKeptFiles - 1; i >= 1; --i) {
    const auto from = fmt::format("{}.{}", s.path, i), to = fmt::format("{}.{}", s.path, i + 1);
    ::rename(from.c_str(), to.c_str());
  }
  const auto first = s.path + ".1";
  ::rename(s.path.c_str(), first.c_str());
  (void)open_file(s);
}

// A whole line or nothing: half a line would spoil the next one as well.
bool append(State& s, const std::string& line) {
  if (s.file < 0 && !open_file(s)) return false;
  const auto put = ::write(s.file, line.data(), line.size());
  if (put == static_cast<ssize_t>(line.size())) {
    s.written += put;
    return true;
  }
  struct stat info{};
  if (put > 0 && (fstat(s.file, &info) != 0 || ::ftruncate(s.file, info.st_size - put) != 0)) {
    // It cannot be taken back: what follows begins on a line of its own.
    (void)!::write(s.file, "\n", 1);
  }
  return false;
}

std::string file_line(Level level, std::string_view area, const std::string& message) {
  return json::serialize(json::object{{"time", iso_time(SystemClock().now_ms())},
                                      {"level", level_name(level)},
                                      {"area", area},
                                      {"message", message}}) +
         "\n";
}

void append_or_count(State& s, const std::string& line) {
  if (s.lost > 0) {
    const auto note = fmt::format("{} lines of this log are missing: its disk did not take them.", s.lost);
    if (append(s, file_line(Level::warn, "log", note))) s.lost = 0;
  }
  if (s.lost > 0 || !append(s, line)) ++s.lost;
  if (s.written > kFileBytes) rotate(s);
}

std::string redact_locked(const State& s, std::string_view text) {
  std::string out(text);
  for (const auto& secret : s.secrets) {
    const auto& value = secret.reveal();
    for (auto at = out.find(value); at != std::string::npos; at = out.find(value, at))
      out.replace(at, value.size(), "[secret]");
  }
  return out;
}

} // namespace

Result<> open(const std::string& folder, Level least) {
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  s.folder = folder;
  s.least = least;
  return open_file(s);
}

void set_level(Level least) {
  const std::lock_guard lock(state().mutex);
  state().least = least;
}

void show_on_console(Level least) {
  const std::lock_guard lock(state().mutex);
  state().console = least;
}

std::string current_file() {
  const std::lock_guard lock(state().mutex);
  return state().path;
}

void redact(const Secret& secret) {
  if (secret.reveal().size() < 8) return;
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  for (const auto& known : s.secrets)
    if (known.reveal() == secret.reveal()) return;
  if (s.secrets.size() < 256) s.secrets.push_back(secret);
}

std::string redacted(std::string_view text) {
  const std::lock_guard lock(state().mutex);
  return redact_locked(state(), text);
}

void write(Level level, std::string_view area, std::string_view message, std::initializer_list<Field> fields) {
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  const bool to_file = !s.folder.empty() && level >= s.least;
  const bool to_console = s.console && level >= *s.console;
  if (!to_file && !to_console) return;
  const auto safe = [&](std::string_view text) { return printable(redact_locked(s, text), kFieldBytes); };
  if (to_file) {
    json::object line;
    line["time"] = iso_time(SystemClock().now_ms());
    line["level"] = level_name(level);
    line["area"] = area;
    line["message"] = safe(message);
    for (const auto& [name, value] : fields)
      line[name] = safe(value);
    append_or_count(s, json::serialize(line) + "\n");
  }
  if (to_console) {
    std::string text = fmt::format("{}: {}: {}", level_name(level), area, safe(message));
    for (const auto& [name, value] : fields)
      text += fmt::format(" {}={}", name, safe(value));
    fmt::print(stderr, "{}\n", text);
  }
}

} // namespace openclaw::log
