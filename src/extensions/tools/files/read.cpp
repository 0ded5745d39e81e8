#include "async/offload.hpp"
#include "base/image.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "extensions/tools/files/files.hpp"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::tools {
namespace {

constexpr std::int64_t kLines = 2000;
constexpr std::size_t kBytes = 50 * 1024;
constexpr std::size_t kImageBytes = 5 * 1024 * 1024;
constexpr std::size_t kSniffed = 8 * 1024;
// Past this the search for a line far down stops: a tool call has to end.
constexpr std::uint64_t kScanned = 1024ULL * 1024 * 1024;

constexpr const char* kSchema = R"({"type":"object","properties":{
"path":{"type":"string","minLength":1,"description":"Path of the file, relative to the workspace or absolute below it."},
"offset":{"type":"integer","minimum":1,"description":"Line to start at, counted from 1."},
"limit":{"type":"integer","minimum":1,"description":"How many lines to read (at most 2000)."}},
"required":["path"]})";

Result<std::string> read_piece(int file, std::size_t limit) {
  std::string piece(limit, '\0');
  std::size_t used = 0;
  while (used < limit) {
    const auto count = ::read(file, piece.data() + used, limit - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Kind::transient, fmt::format("Reading the file failed: {}.", std::strerror(errno)));
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  piece.resize(used);
  return piece;
}

struct Window {
  std::int64_t first = 1;
  std::int64_t count = kLines;
};

// Collects the lines of a window from a file that arrives in pieces, and never more than the window.
class LineWindow {
public:
  explicit LineWindow(Window window) : window_(window) {}

  // False once nothing more is needed.
  bool take(std::string_view piece) {
    while (!piece.empty()) {
      const auto end = piece.find('\n');
      const auto part = piece.substr(0, end == std::string_view::npos ? piece.size() : end + 1);
      if (line_ >= window_.first) {
        if (line_ >= window_.first + window_.count || (started_ && text_.size() + part.size() > kBytes)) {
          more_ = true;
          return false;
        }
        if (text_.size() + part.size() > kBytes) {
          text_ += utf8_prefix(part, kBytes - text_.size());
          long_line_ = true;
          more_ = true;
          return false;
        }
        text_ += part;
      }
      open_ = end == std::string_view::npos;
      if (!open_) {
        if (line_ >= window_.first) {
          started_ = true;
          complete_ = text_.size();
        }
        ++line_;
      }
      piece.remove_prefix(part.size());
    }
    return true;
  }

  std::int64_t lines_seen() const { return open_ ? line_ : line_ - 1; }
  bool empty() const { return text_.empty(); }

  std::string finish() {
    if (!more_) return std::move(text_);
    if (long_line_)
      return fmt::format("{}\n[Line {} is longer than {} KB and is cut here. Use exec with cut or head -c to see the "
                         "rest, or offset={} for the next line.]",
                         text_, line_, kBytes / 1024, line_ + 1);
    // A line that did not fit as a whole is left to the next window.
    text_.resize(complete_);
    return fmt::format("{}[Lines {}-{} are shown. There is more: use offset={} to go on.]", text_, window_.first,
                       line_ - 1, line_);
  }

private:
  Window window_;
  std::string text_;
  std::size_t complete_ = 0;
  std::int64_t line_ = 1;
  bool open_ = false;
  bool started_ = false;
  bool long_line_ = false;
  bool more_ = false;
};

Result<ports::ToolResult> read_image(int file, std::string head, std::string_view type, std::uint64_t size,
                                     const std::string& path) {
  if (size > kImageBytes)
    return ports::text_result(
        fmt::format("{} is an image ({}) of {} bytes; at most {} MB can be shown. Make a smaller copy with exec.", path,
                    type, size, kImageBytes / 1024 / 1024));
  TRY(const auto rest, read_piece(file, kImageBytes));
  head += rest;
  auto result = ports::text_result(fmt::format("{} is an image ({}, {} bytes).", path, type, head.size()));
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(head.data()), head.size());
  result.content.emplace_back(ports::ImageBlock{std::string(type), to_base64(bytes)});
  return result;
}

Result<ports::ToolResult> read_text(int file, std::string head, Window window, const std::string& path) {
  LineWindow lines(window);
  std::uint64_t scanned = 0;
  std::string piece = std::move(head);
  while (!piece.empty() && lines.take(piece)) {
    scanned += piece.size();
    if (scanned > kScanned)
      return fail(Kind::invalid, fmt::format("Line {} of {} is further than 1 GB into the file.", window.first, path),
                  "Use exec with sed -n or tail.");
    TRY(piece, read_piece(file, 64 * 1024));
  }
  if (lines.empty() && lines.lines_seen() < window.first && window.first > 1)
    return fail(Kind::invalid,
                fmt::format("{} has {} lines; offset={} is past its end.", path, lines.lines_seen(), window.first));
  if (lines.empty()) return ports::text_result("(The file is empty.)");
  return ports::text_result(to_valid_utf8(lines.finish()));
}

Result<ports::ToolResult> read_any(int file, Window window, const std::string& path) {
  struct stat about{};
  if (::fstat(file, &about) != 0)
    return fail(Kind::transient, fmt::format("{} cannot be examined: {}.", path, std::strerror(errno)));
  const auto size = static_cast<std::uint64_t>(about.st_size);
  TRY(auto head, read_piece(file, kSniffed));
  if (const auto type = image_type(head); !type.empty()) return read_image(file, std::move(head), type, size, path);
  if (head.find('\0') != std::string::npos) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(head.data()), std::min<std::size_t>(16, head.size()));
    return ports::text_result(
        fmt::format("{} is a binary file of {} bytes that starts with {} (hexadecimal). Use exec to look into it.",
                    path, size, to_hex(bytes)));
  }
  return read_text(file, std::move(head), window, path);
}

class ReadTool final : public ports::Tool {
public:
  ports::ToolSpec spec() const override {
    return {"read",
            "Read a file of the workspace: text (at most 2000 lines or 50 KB at once; go on with offset) or an image "
            "(png, jpeg, gif, webp).",
            kSchema};
  }
  std::vector<std::pair<std::string, std::string>> argument_aliases() const override { return {{"file_path", "path"}}; }
  std::optional<policy::Risk> greatest_risk() const override { return policy::Risk::read; }
  Task<policy::Effect> preview(std::string arguments_json, const ports::ToolContext& context) override {
    CO_TRY(const auto arguments, parse_json(arguments_json, "arguments of read"));
    co_return file_effect(policy::Risk::read, "read", string_or(arguments, "path"), context.workspace);
  }

  Task<ports::ToolResult> run(std::string arguments_json, policy::Permit permit,
                              const ports::ToolContext& context) override {
    CO_TRY(const auto arguments, parse_json(arguments_json, "arguments of read"));
    const auto path = permitted_path(permit);
    auto opened = context.workspace.open_file(path, O_RDONLY);
    if (!opened) co_return error_result(opened.error());
    const Window window{std::max<std::int64_t>(1, integer_or(arguments, "offset", 1)),
                        std::clamp<std::int64_t>(integer_or(arguments, "limit", kLines), 1, kLines)};
    const auto file = std::make_shared<FileDescriptor>(std::move(*opened));
    const auto shown = printable(permit.effect().paths.front(), 300);
    std::function<Result<ports::ToolResult>()> work = [file, window, shown] {
      return read_any(file->get(), window, shown);
    };
    auto result = co_await async::offload<ports::ToolResult>(std::move(work));
    if (!result) co_return error_result(result.error());
    co_return result;
  }
};

} // namespace

std::unique_ptr<ports::Tool> make_read_tool() {
  return std::make_unique<ReadTool>();
}

} // namespace openclaw::tools
