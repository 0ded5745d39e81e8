#include "async/offload.hpp"
#include "base/file_descriptor.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "gateway/services.hpp"
#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

namespace openclaw::gateway {
namespace {

struct Tail {
  std::string bytes;
  std::int64_t cursor = 0;
  std::int64_t size = 0;
  bool truncated = false;
  bool reset = false;
};

// Whole lines only; a line that is still being written waits for the next call.
Result<Tail> read_tail(const std::string& path, std::int64_t cursor, std::int64_t max_bytes) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info{};
  Tail tail;
  if (!file || ::fstat(file.get(), &info) != 0) return tail;
  tail.size = info.st_size;
  tail.reset = cursor > tail.size; // the log was rotated
  auto start = cursor < 0 || tail.reset ? 0 : cursor;
  if (tail.size - start > max_bytes) {
    start = tail.size - max_bytes;
    tail.truncated = true;
  }
  tail.bytes.resize(static_cast<std::size_t>(tail.size - start));
  const auto got = ::pread(file.get(), tail.bytes.data(), tail.bytes.size(), start);
  tail.bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  if (tail.truncated) {
    const auto first = tail.bytes.find('\n');
    const auto cut = first == std::string::npos ? tail.bytes.size() : first + 1;
    tail.bytes.erase(0, cut);
    start += static_cast<std::int64_t>(cut);
  }
  const auto last = tail.bytes.rfind('\n');
  tail.bytes.resize(last == std::string::npos ? 0 : last + 1);
  tail.cursor = start + static_cast<std::int64_t>(tail.bytes.size());
  return tail;
}

Task<json::value> tail_log(Call call) {
  const auto path = log::current_file();
  const auto cursor = integer_or(call.params, "cursor", -1);
  const auto limit = static_cast<std::size_t>(integer_or(call.params, "limit", 500));
  const auto max_bytes = integer_or(call.params, "maxBytes", 250'000);
  std::function<Result<Tail>()> read = [=] { return read_tail(path, cursor, max_bytes); };
  CO_TRY(auto tail, co_await async::offload<Tail>(std::move(read)));
  std::vector<std::string> lines;
  for (const auto line : split(tail.bytes, '\n'))
    if (!line.empty()) lines.push_back(log::redacted(to_valid_utf8(line)));
  if (lines.size() > limit) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(limit));
    tail.truncated = true;
  }
  json::array shown;
  for (const auto& line : lines)
    shown.push_back(json::value(line));
  co_return json::value(json::object{{"file", path},
                                     {"cursor", tail.cursor},
                                     {"size", tail.size},
                                     {"lines", std::move(shown)},
                                     {"truncated", tail.truncated},
                                     {"reset", tail.reset}});
}

} // namespace

void register_logs_tail(MethodTable& table) {
  table.add({"logs.tail", Scope::read, R"({"type":"object","properties":{"cursor":{"type":"integer","minimum":0},
    "limit":{"type":"integer","minimum":1,"maximum":5000},"maxBytes":{"type":"integer","minimum":1,"maximum":1000000}}})",
             tail_log});
}

} // namespace openclaw::gateway
