#include "cli/output.hpp"

#include "base/text.hpp"
#include "config/edit.hpp"
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

namespace openclaw::cli {
namespace {

// Calls `each` with the bytes and the width of every code point; text that is not UTF-8 was repaired before.
template <class Each>
void each_character(std::string_view text, const Each& each) {
  std::size_t at = 0;
  while (at < text.size()) {
    utf8proc_int32_t point = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                         static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    const auto bytes = length > 0 ? static_cast<std::size_t>(length) : 1U;
    const auto width = length > 0 ? utf8proc_charwidth(point) : 1;
    if (!each(text.substr(at, bytes), static_cast<std::size_t>(std::max(width, 0)))) return;
    at += bytes;
  }
}

std::size_t terminal_width() {
  if (!::isatty(STDOUT_FILENO)) return 0;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return !(no_colour && *no_colour) && !(terminal && std::string_view(terminal) == "dumb");
}

std::string one_line(std::string_view text) {
  std::string out = terminal_safe(text);
  for (auto& c : out)
    if (c == '\n' || c == '\t') c = ' ';
  return out;
}

} // namespace

Output Output::standard() {
  const auto to = [](FILE* file) {
    return [file](std::string_view text) {
      std::fwrite(text.data(), 1, text.size(), file);
      std::fflush(file);
    };
  };
  const auto width = terminal_width();
  return {to(stdout), to(stderr), width, width > 0 && wants_colour()};
}

void Output::line(std::string_view text) {
  out_(std::string(text) + "\n");
}
void Output::write(std::string_view text) {
  out_(text);
}
void Output::value(const json::value& value) {
  line(config::pretty_json(value));
}
void Output::note(std::string_view text) {
  error_(std::string(text) + "\n");
}

void Output::error(const Error& error) {
  if (json_)
    value(json::object{{"error", {{"kind", kind_name(error.kind)}, {"message", error.message}, {"hint", error.hint}}}});
  error_(fmt::format("{} {}\n", styled(Style::red, "openclaw:"), terminal_safe(error.message)));
  if (!error.hint.empty())
    error_(fmt::format("{}\n", terminal_safe(error.hint.front() == '\n' ? error.hint.substr(1) : error.hint)));
}

std::string Output::styled(Style style, std::string_view text) const {
  constexpr std::array<std::string_view, 6> codes = {"", "1", "2", "31", "32", "33"};
  const auto code = codes[static_cast<std::size_t>(style)];
  if (!colour_ || code.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

void Output::table(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& column : columns)
    widths.push_back(display_width(column.title));
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    auto& shown = cells.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      shown.push_back(i < row.size() ? one_line(row[i]) : "");
      widths[i] = std::max(widths[i], display_width(shown.back()));
    }
  }
  const auto total = [&] {
    std::size_t sum = widths.empty() ? 0 : 2 * (widths.size() - 1);
    for (const auto width : widths)
      sum += width;
    return sum;
  };
  while (width_ > 0 && total() > width_) {
    auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= 8) break;
    *widest -= std::min(total() - width_, *widest - 8);
  }
  const auto print = [&](const std::vector<std::string>& row, Style style) {
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto cell = fit(row[i], widths[i]);
      const std::string gap(widths[i] - display_width(cell), ' ');
      text += columns[i].right ? gap + cell : cell + gap;
      if (i + 1 < columns.size()) text += "  ";
    }
    while (text.ends_with(' '))
      text.pop_back();
    line(styled(style, text));
  };
  std::vector<std::string> titles;
  for (const auto& column : columns)
    titles.push_back(column.title);
  print(titles, Style::bold);
  for (const auto& row : cells)
    print(row, Style::plain);
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  each_character(text, [&](std::string_view, std::size_t one) {
    width += one;
    return true;
  });
  return width;
}

std::string fit(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::string out;
  std::size_t used = 0;
  each_character(text, [&](std::string_view bytes, std::size_t one) {
    if (used + one + 1 > width) return false;
    out += bytes;
    used += one;
    return true;
  });
  return width == 0 ? out : out + "…";
}

std::string terminal_safe(std::string_view text) {
  const auto repaired = to_valid_utf8(text);
  std::string out;
  each_character(repaired, [&](std::string_view bytes, std::size_t) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    const bool c1 = bytes.size() == 2 && first == 0xc2 && static_cast<unsigned char>(bytes[1]) < 0xa0;
    const bool control = bytes.size() == 1 && (first < 0x20 || first == 0x7f) && first != '\n' && first != '\t';
    if (!control && !c1) out += bytes;
    return true;
  });
  return out;
}

std::string duration_text(std::int64_t milliseconds) {
  const auto seconds = std::max<std::int64_t>(milliseconds, 0) / 1000;
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} d", seconds / 86400);
}

std::string size_text(std::int64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  const double kilo = static_cast<double>(bytes) / 1000;
  if (kilo < 1000) return fmt::format("{:.1f} KB", kilo);
  if (kilo < 1e6) return fmt::format("{:.1f} MB", kilo / 1000);
  return fmt::format("{:.1f} GB", kilo / 1e6);
}

} // namespace openclaw::cli
