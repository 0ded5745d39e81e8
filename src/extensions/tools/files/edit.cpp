#include "async/offload.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "extensions/tools/files/files.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::tools {
namespace {

constexpr std::size_t kFileBytes = 10 * 1024 * 1024;
constexpr std::size_t kDiffBytes = 8 * 1024;
constexpr std::size_t kContextLines = 3;

constexpr const char* kSchema = R"({"type":"object","properties":{
"path":{"type":"string","minLength":1,"description":"Path of the file, relative to the workspace or absolute below it."},
"oldText":{"type":"string","minLength":1,"description":"The exact text to replace, with its white space. It must occur once."},
"newText":{"type":"string","description":"The text in its place."}},
"required":["path","oldText","newText"]})";

std::size_t line_of(std::string_view content, std::size_t at) {
  return static_cast<std::size_t>(
             std::count(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(at), '\n')) +
         1;
}

std::string with_line_ends(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
  }
  return out;
}

std::size_t common_start(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

// Where the text probably was meant to be: the line that shares the longest start with its first line, white space
// aside.
std::string nearest_line(std::string_view content, std::string_view old_text) {
  std::string_view wanted;
  for (const auto line : split(old_text, '\n'))
    if (wanted = trim(line); !wanted.empty()) break;
  std::size_t best = 0;
  std::size_t best_number = 0;
  std::string_view best_line;
  std::size_t number = 0;
  for (const auto line : split(content, '\n')) {
    ++number;
    const auto shared = common_start(trim(line), wanted);
    if (shared <= best) continue;
    best = shared;
    best_number = number;
    best_line = line;
  }
  if (best < 3 && best < wanted.size()) return "No line of the file resembles its first line; read the file again.";
  return fmt::format("The nearest line is {}: {}", best_number, printable(best_line, 200));
}

void add_lines(std::string& diff, char mark, std::string_view text) {
  if (text.empty()) return;
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (const auto line : split(text, '\n')) {
    diff += mark;
    diff += line;
    diff += '\n';
  }
}

std::size_t lines_in(std::string_view text) {
  if (text.empty()) return 0;
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + (text.ends_with('\n') ? 0 : 1);
}

// One hunk: the lines that the replacement touches, three around them.
std::string unified_diff(std::string_view before, std::size_t at, std::size_t old_size, std::string_view new_text) {
  auto line_start = [&](std::size_t position) {
    const auto found = position == 0 ? std::string_view::npos : before.rfind('\n', position - 1);
    return found == std::string_view::npos ? 0 : found + 1;
  };
  auto line_end = [&](std::size_t position) {
    const auto found = before.find('\n', position);
    return found == std::string_view::npos ? before.size() : found + 1;
  };
  const auto start = line_start(at);
  const auto end = old_size > 0 && before[at + old_size - 1] == '\n' && new_text.ends_with('\n')
                       ? at + old_size
                       : line_end(at + old_size);
  auto context_start = start;
  for (std::size_t i = 0; i < kContextLines && context_start > 0; ++i)
    context_start = line_start(context_start - 1);
  auto context_end = end;
  for (std::size_t i = 0; i < kContextLines && context_end < before.size(); ++i)
    context_end = line_end(context_end);
  const auto leading = before.substr(context_start, start - context_start);
  const auto trailing = before.substr(end, context_end - end);
  const auto removed = before.substr(start, end - start);
  std::string added(before.substr(start, at - start));
  added += new_text;
  added += before.substr(at + old_size, end - at - old_size);
  const auto first = line_of(before, context_start);
  const auto around = lines_in(leading) + lines_in(trailing);
  auto diff = fmt::format("@@ -{},{} +{},{} @@\n", first, around + lines_in(removed), first, around + lines_in(added));
  add_lines(diff, ' ', leading);
  add_lines(diff, '-', removed);
  add_lines(diff, '+', added);
  add_lines(diff, ' ', trailing);
  return diff.size() <= kDiffBytes ? diff : cut_middle(diff, kDiffBytes / 2, kDiffBytes / 2);
}

std::size_t count_matches(std::string_view content, std::string_view text) {
  std::size_t count = 0;
  for (auto at = content.find(text); at != std::string_view::npos; at = content.find(text, at + 1))
    ++count;
  return count;
}

class EditTool final : public ports::Tool {
public:
  ports::ToolSpec spec() const override {
    return {"edit", "Replace one exact piece of text in a file of the workspace. The piece must occur exactly once.",
            kSchema};
  }
  std::vector<std::pair<std::string, std::string>> argument_aliases() const override {
    return {{"file_path", "path"}, {"old_string", "oldText"}, {"new_string", "newText"}};
  }
  std::optional<policy::Risk> greatest_risk() const override { return policy::Risk::write; }
  Task<policy::Effect> preview(std::string arguments_json, const ports::ToolContext& context) override {
    CO_TRY(const auto arguments, parse_json(arguments_json, "arguments of edit"));
    co_return file_effect(policy::Risk::write, "edit", string_or(arguments, "path"), context.workspace);
  }

  Task<ports::ToolResult> run(std::string arguments_json, policy::Permit permit,
                              const ports::ToolContext& context) override {
    CO_TRY(const auto arguments, parse_json(arguments_json, "arguments of edit"));
    const auto old_text = string_or(arguments, "oldText");
    const auto new_text = string_or(arguments, "newText");
    const auto path = permitted_path(permit);
    const auto shown = printable(permit.effect().paths.front(), 300);
    std::function<Result<Replacement>()> work = [=, workspace = &context.workspace]() -> Result<Replacement> {
      TRY(const auto content, workspace->read_file(path, kFileBytes));
      TRY(auto replaced, replace_once(content, old_text, new_text, shown));
      TRY_VOID(workspace->write_file(path, replaced.content));
      replaced.content.clear();
      return replaced;
    };
    const auto done = co_await async::offload<Replacement>(std::move(work));
    if (!done) co_return error_result(done.error());
    auto result = ports::text_result(fmt::format("Replaced the text in {} at line {}.", shown, done->line));
    json::object details{{"path", to_valid_utf8(permit.effect().paths.front())},
                         {"line", done->line},
                         {"diff", to_valid_utf8(done->diff)}};
    result.details_json = to_text(details);
    co_return result;
  }
};

} // namespace

Result<Replacement> replace_once(std::string_view content, std::string_view old_text, std::string_view new_text,
                                 std::string_view path) {
  if (old_text.empty()) return fail(Kind::invalid, "oldText is empty.", "Use write to create a file.");
  if (old_text == new_text) return fail(Kind::invalid, "oldText and newText are the same; nothing would change.");
  std::string old_lines;
  std::string new_lines;
  auto matches = count_matches(content, old_text);
  if (matches == 0 && content.find("\r\n") != std::string_view::npos && old_text.find('\n') != std::string_view::npos) {
    // Models see and write "\n"; the file keeps its own line ends.
    old_lines = with_line_ends(old_text);
    new_lines = with_line_ends(new_text);
    old_text = old_lines;
    new_text = new_lines;
    matches = count_matches(content, old_text);
  }
  if (matches == 0)
    return fail(Kind::invalid, fmt::format("oldText does not occur in {}. {}", path, nearest_line(content, old_text)),
                "It must match exactly, white space included.");
  if (matches > 1)
    return fail(Kind::invalid, fmt::format("oldText occurs {} times in {}.", matches, path),
                "Give more of the text around it, so that it occurs once.");
  const auto at = content.find(old_text);
  Replacement replaced;
  replaced.line = line_of(content, at);
  replaced.diff = unified_diff(content, at, old_text.size(), new_text);
  replaced.content.reserve(content.size() + new_text.size());
  replaced.content += content.substr(0, at);
  replaced.content += new_text;
  replaced.content += content.substr(at + old_text.size());
  return replaced;
}

std::unique_ptr<ports::Tool> make_edit_tool() {
  return std::make_unique<EditTool>();
}

} // namespace openclaw::tools
