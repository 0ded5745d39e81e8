// What a command says: text for people, or JSON for programs, never both. Colours only on a terminal and without
// NO_COLOR; what comes from outside is stripped of control characters first.
#pragma once
#include "base/json.hpp"
#include "base/result.hpp"
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::cli {

enum class Style { plain, bold, dim, red, green, yellow };

struct Column {
  std::string title;
  bool right = false;
};

class Output {
public:
  using Sink = std::function<void(std::string_view)>;
  // `width` is the terminal's; 0 when the output is no terminal (nothing is cut then).
  Output(Sink out, Sink error, std::size_t width, bool colour)
      : out_(std::move(out)), error_(std::move(error)), width_(width), colour_(colour) {}
  static Output standard();

  void set_json(bool json) { json_ = json; }
  void set_colour(bool colour) { colour_ = colour_ && colour; }
  bool json() const { return json_; }
  bool terminal() const { return width_ > 0; }

  void line(std::string_view text = {});
  void write(std::string_view text); // as it is, without a line end
  void value(const json::value& value);
  // Columns aligned by display width; the widest are cut to fit the terminal.
  void table(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows);
  void note(std::string_view text); // to standard error
  // What happened and why, then what to do next; with --json an object on standard output.
  void error(const Error& error);
  std::string styled(Style style, std::string_view text) const;

private:
  Sink out_;
  Sink error_;
  std::size_t width_;
  bool colour_;
  bool json_ = false;
};

// Columns that a terminal uses for it.
std::size_t display_width(std::string_view text);
// At most `width` columns, with an ellipsis when something is missing.
std::string fit(std::string_view text, std::size_t width);
// Control characters (escape sequences) out; line breaks and tabs stay.
std::string terminal_safe(std::string_view text);
// "3 min", "2 d"
std::string duration_text(std::int64_t milliseconds);
std::string size_text(std::int64_t bytes);

} // namespace openclaw::cli
