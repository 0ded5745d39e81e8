#include "base/file_descriptor.hpp"
#include "base/text.hpp"
#include "cli/setup.hpp"
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void show(std::string_view line, Output& output) {
  if (output.json()) return output.line(terminal_safe(line));
  const auto entry = parse_json(line, "log line");
  if (!entry || !entry->is_object()) return output.line(terminal_safe(line));
  const auto level = string_or(*entry, "level");
  const auto style = level == "error" ? Style::red : level == "warn" ? Style::yellow : Style::dim;
  std::string text = fmt::format("{} {} {}: {}", output.styled(Style::dim, string_or(*entry, "time")),
                                 output.styled(style, fmt::format("{:5}", level)),
                                 terminal_safe(string_or(*entry, "area")), terminal_safe(string_or(*entry, "message")));
  for (const auto& field : entry->get_object())
    if (field.key() != "time" && field.key() != "level" && field.key() != "area" && field.key() != "message")
      text +=
          output.styled(Style::dim, fmt::format(" {}={}", terminal_safe(field.key()),
                                                field.value().is_string() ? terminal_safe(field.value().get_string())
                                                                          : to_text(field.value())));
  output.line(text);
}

// Whole lines from `at` on; an unfinished last line is left for the next call.
std::string read_from(int file, off_t& at) {
  std::string out;
  std::array<char, 65536> buffer{};
  while (true) {
    const auto got = ::pread(file, buffer.data(), buffer.size(), at + static_cast<off_t>(out.size()));
    if (got <= 0) break;
    out.append(buffer.data(), static_cast<std::size_t>(got));
    if (out.size() > 32 * 1024 * 1024) break;
  }
  const auto end = out.rfind('\n');
  out.resize(end == std::string::npos ? 0 : end + 1);
  at += static_cast<off_t>(out.size());
  return out;
}

bool same_file(int file, const std::string& path) {
  struct stat open_one{}, present{};
  return ::fstat(file, &open_one) == 0 && ::stat(path.c_str(), &present) == 0 && open_one.st_ino == present.st_ino;
}

void follow(FileDescriptor file, off_t at, const std::string& path, Output& output) {
  struct sigaction action{};
  action.sa_handler = [](int) { interrupted = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  while (!interrupted) {
    const auto fresh = read_from(file.get(), at);
    for (const auto line : split(fresh, '\n'))
      if (!line.empty()) show(line, output);
    if (!same_file(file.get(), path)) {
      FileDescriptor next(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (next) {
        file = std::move(next);
        at = 0;
        continue;
      }
    }
    ::usleep(300'000);
  }
}

Result<int> logs(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto limit, invocation.integer("limit", 200, 0, 100'000));
  TRY(const auto setup, load_setup(invocation));
  const auto path = setup.folder.file(fmt::format("{}/openclaw.log", kLogFolder));
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT)
      return fail(Kind::missing, fmt::format("There is no log at {} yet.", path),
                  "The gateway writes one: openclaw gateway");
    return fail(Kind::denied, fmt::format("The log {} cannot be read: {}.", path, strerror(errno)),
                "Run the command as the user of the gateway.");
  }
  off_t at = 0;
  const auto text = read_from(file.get(), at);
  std::size_t begin = text.size();
  for (std::int64_t left = limit; left > 0 && begin > 0; --left) {
    const auto before = begin < 2 ? std::string::npos : text.rfind('\n', begin - 2);
    begin = before == std::string::npos ? 0 : before + 1;
  }
  for (const auto line : split(std::string_view(text).substr(begin), '\n'))
    if (!line.empty()) show(line, invocation.output());
  if (invocation.has("follow")) follow(std::move(file), at, path, invocation.output());
  return 0;
}

int run_logs(Invocation& invocation) {
  const auto status = logs(invocation);
  return status ? *status : invocation.fail_with(status.error());
}

} // namespace

void register_logs(CommandTable& table) {
  table.add({"logs",
             "Show the gateway's log.",
             "",
             {{"follow", 'f', "", "Keep showing new lines until Ctrl+C."},
              {"limit", 'n', "COUNT", "How many of the last lines (default 200)."}},
             run_logs});
}

} // namespace openclaw::cli
