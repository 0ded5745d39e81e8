#include "config/config.hpp"

#include "base/hash.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include "config/redact.hpp"
#include "config/resolve.hpp"
#include "config/secret_reference.hpp"
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::config {
namespace {

constexpr int kRevisions = 20;
constexpr std::size_t kGuardedSize = 200; // below it, losing half of the text means nothing

Result<> keep_revision(const std::string& path, const std::string& raw) {
  const auto file = std::filesystem::path(path);
  const auto folder = file.parent_path() / "revisions";
  std::error_code ignored;
  std::filesystem::create_directory(folder, ignored);
  ::chmod(folder.c_str(), 0700);
  const auto name = [&](int number) {
    return (folder / fmt::format("{}.{}", file.filename().string(), number)).string();
  };
  for (int i = kRevisions - 1; i >= 1; --i)
    ::rename(name(i).c_str(), name(i + 1).c_str());
  return replace_file(name(1), raw);
}

std::string with_stop(std::string text) {
  if (!text.empty() && std::string_view(".?!").find(text.back()) == std::string_view::npos) text += '.';
  return text;
}

} // namespace

std::string Problem::text() const {
  std::string out = file;
  if (line > 0) out += fmt::format(":{}:{}", line, column);
  if (!out.empty()) out += ": ";
  return out + with_stop(path.empty() ? message : path + " " + message);
}

bool Snapshot::valid() const {
  return std::none_of(problems.begin(), problems.end(),
                      [](const auto& p) { return p.severity == Problem::Severity::error; });
}

Result<> Snapshot::check() const {
  std::size_t errors = 0;
  const Problem* first = nullptr;
  for (const auto& problem : problems)
    if (problem.severity == Problem::Severity::error && ++errors == 1) first = &problem;
  if (!first) return {};
  auto text = first->text();
  if (errors > 1) text += fmt::format(" And {} more.", errors - 1);
  return fail(Kind::invalid, std::move(text),
              first->hint.empty() ? "openclaw config validate shows every problem." : first->hint);
}

Snapshot Config::evaluate(std::string raw, bool exists) const {
  Snapshot snapshot;
  snapshot.path = path_;
  snapshot.exists = exists;
  snapshot.hash = sha256_hex(raw);
  snapshot.raw = std::move(raw);
  snapshot.written = json::object();
  snapshot.value = json::object();
  auto document = parse_json5(snapshot.raw, path_);
  if (!document) {
    Problem problem;
    problem.message = document.error().message;
    problem.hint = document.error().hint;
    snapshot.problems.push_back(std::move(problem));
    return snapshot;
  }
  const auto duplicates = document->duplicates;
  snapshot.written = document->root.value();
  Resolver resolver(environment_);
  snapshot.value = resolver.resolve({path_, snapshot.raw, std::move(*document), ""});
  snapshot.problems = resolver.take_problems();
  for (auto& problem : put_secrets_in(snapshot.value, environment_, state_folder_)) {
    resolver.place(problem);
    snapshot.problems.push_back(std::move(problem));
  }
  for (const auto& duplicate : duplicates) {
    if (snapshot.problems.size() >= 40) break;
    const auto again = position_at(snapshot.raw, duplicate.again);
    snapshot.problems.push_back({Problem::Severity::warning, duplicate.path,
                                 fmt::format("stands twice (first on line {}); this last one counts",
                                             position_at(snapshot.raw, duplicate.first).line),
                                 path_, again.line, again.column, ""});
  }
  for (auto& found : check_schema(snapshot.value, schema_)) {
    Problem problem;
    problem.severity = found.unknown_key ? Problem::Severity::warning : Problem::Severity::error;
    problem.path = std::move(found.path);
    problem.message = std::move(found.message);
    resolver.place(problem);
    snapshot.problems.push_back(std::move(problem));
  }
  return snapshot;
}

Result<Snapshot> Config::load() const {
  TRY(auto raw, read_small_file(path_, kTextLimit));
  const bool exists = raw.has_value();
  return evaluate(exists ? std::move(*raw) : std::string(), exists);
}

Result<Snapshot> Config::write(std::string text, WriteOptions options) const {
  std::error_code unresolved;
  const auto target = std::filesystem::weakly_canonical(path_, unresolved);
  const auto real = unresolved ? path_ : target.string();
  TRY(const auto lock, lock_folder(std::filesystem::path(real).parent_path().string()));
  TRY(const auto before, load());
  if (options.base_hash && *options.base_hash != before.hash)
    return fail(Kind::conflict, fmt::format("{} was changed by somebody else since it was read.", path_),
                "Read it again (openclaw config get) and repeat the change.");
  TRY(text, restore_redacted(std::move(text), before.raw));
  if (text == before.raw && before.exists) return before;
  if (!options.force && before.raw.size() >= kGuardedSize && text.size() < before.raw.size() / 2)
    return fail(Kind::denied,
                fmt::format("This change would shrink {} from {} to {} bytes, which is how configurations get lost.",
                            path_, before.raw.size(), text.size()),
                "If it is meant, repeat it with --force.");
  auto after = evaluate(text, true);
  for (const auto& problem : after.problems) {
    if (problem.severity != Problem::Severity::error) continue;
    const bool known = std::any_of(before.problems.begin(), before.problems.end(), [&](const Problem& old) {
      return old.severity == Problem::Severity::error && old.path == problem.path && old.message == problem.message;
    });
    if (!known) return fail(Kind::invalid, "Nothing was changed: " + problem.text(), problem.hint);
  }
  if (before.exists) TRY_VOID(keep_revision(real, before.raw));
  TRY_VOID(replace_file(real, text));
  return after;
}

Result<Snapshot> Config::set(const Path& path, const json::value& value, WriteOptions options) const {
  TRY(const auto before, load());
  TRY(auto text, set_in_text(before.raw, path, value));
  if (!options.base_hash) options.base_hash = before.hash;
  return write(std::move(text), std::move(options));
}

Result<Snapshot> Config::unset(const Path& path, WriteOptions options) const {
  TRY(const auto before, load());
  TRY(auto text, unset_in_text(before.raw, path));
  if (!options.base_hash) options.base_hash = before.hash;
  return write(std::move(text), std::move(options));
}

std::string config_path(const Environment& environment, const std::string& state_folder) {
  if (auto path = environment.find("OPENCLAW_CONFIG_PATH")) return *path;
  return state_folder + "/openclaw.json";
}

} // namespace openclaw::config
