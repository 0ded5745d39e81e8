#include "config/resolve.hpp"

#include "base/schema.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include <fmt/core.h>

namespace openclaw::config {
namespace {

constexpr std::size_t kIncludeDepth = 10;
constexpr std::size_t kIncludedFiles = 64;

// `over` wins; objects are merged member by member, everything else is replaced.
void merge(json::value& into, json::value over, int depth = 0) {
  if (!into.is_object() || !over.is_object() || depth > kDepthLimit) {
    into = std::move(over);
    return;
  }
  for (auto& member : over.get_object()) {
    auto& object = into.get_object();
    if (auto* present = object.if_contains(member.key()))
      merge(*present, std::move(member.value()), depth + 1);
    else
      object[member.key()] = std::move(member.value());
  }
}

bool upper_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

} // namespace

void Resolver::report(std::string path, std::string message, std::string hint) {
  if (problems_.size() >= 40) return;
  Problem problem{Problem::Severity::error, std::move(path), std::move(message)};
  problem.hint = std::move(hint);
  place(problem);
  problems_.push_back(std::move(problem));
}

void Resolver::place(Problem& problem) const {
  if (files_.empty()) return;
  // The innermost thing that has a place: the value itself, else the nearest holder of it.
  std::string path = problem.path;
  while (true) {
    for (const auto& file : files_) {
      if (!std::string_view(path).starts_with(file.prefix)) continue;
      auto rest = std::string_view(path).substr(file.prefix.size());
      if (rest.starts_with('.') && !file.prefix.empty()) rest.remove_prefix(1);
      const auto offset = offset_of(file.document, rest);
      if (!offset) continue;
      const auto position = position_at(file.text, *offset);
      problem.file = file.path;
      problem.line = position.line;
      problem.column = position.column;
      return;
    }
    if (path.empty()) break;
    const auto cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
  problem.file = files_.front().path;
}

json::value Resolver::resolve(LoadedFile main) {
  auto whole = main.document.root.value();
  const auto path = main.path;
  files_.push_back(std::move(main));
  std::vector<std::string> chain{std::filesystem::weakly_canonical(path).string()};
  whole = include(std::move(whole), path, "", chain);
  if (!whole.is_object()) {
    report("", "must be an object: { … }");
    return json::object();
  }
  if (const auto* env = find(whole, "env"); env && env->is_object()) {
    const auto add_texts = [&](const json::object& object) {
      for (const auto& member : object)
        if (const auto* text = member.value().if_string())
          from_config_.add(std::string(member.key()), std::string(*text));
    };
    if (const auto* vars = find(*env, "vars"); vars && vars->is_object()) add_texts(vars->get_object());
    add_texts(env->get_object());
  }
  substitute(whole, "", 0);
  return whole;
}

json::value Resolver::include(json::value value, const std::string& file, const std::string& prefix,
                              std::vector<std::string>& chain) {
  if (auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      (*array)[i] = include(std::move((*array)[i]), file, join_path(prefix, i), chain);
    return value;
  }
  auto* object = value.if_object();
  if (!object) return value;
  std::vector<std::string> targets;
  if (const auto* included = object->if_contains("$include")) {
    if (const auto* one = included->if_string())
      targets.emplace_back(*one);
    else if (const auto* many = included->if_array())
      for (const auto& each : *many)
        if (each.is_string()) targets.emplace_back(each.get_string());
    if (targets.empty()) report(join_path(prefix, "$include"), "must be a file name or a list of file names");
  }
  json::value merged;
  for (const auto& target : targets)
    if (auto content = include_file(target, file, prefix, chain)) {
      if (merged.is_null())
        merged = std::move(*content);
      else
        merge(merged, std::move(*content));
    }
  json::object own;
  for (auto& member : *object)
    if (member.key() != "$include")
      own[member.key()] =
          include(std::move(member.value()), file, join_path(prefix, std::string_view(member.key())), chain);
  if (merged.is_null()) return own;
  if (own.empty()) return merged;
  merge(merged, std::move(own));
  return merged;
}

std::optional<json::value> Resolver::include_file(const std::string& target, const std::string& file,
                                                  const std::string& prefix, std::vector<std::string>& chain) {
  const auto key = join_path(prefix, "$include");
  auto path = std::filesystem::path(target);
  if (path.is_relative()) path = std::filesystem::path(file).parent_path() / path;
  const auto canonical = std::filesystem::weakly_canonical(path).string();
  if (std::find(chain.begin(), chain.end(), canonical) != chain.end()) {
    report(key, fmt::format("includes {}, which includes this file again", canonical));
    return std::nullopt;
  }
  if (chain.size() > kIncludeDepth || files_.size() > kIncludedFiles) {
    report(key, fmt::format("goes deeper than {} includes or beyond {} files", kIncludeDepth, kIncludedFiles));
    return std::nullopt;
  }
  auto text = read_small_file(canonical, kTextLimit);
  if (!text || !*text) {
    report(key, fmt::format("names {}, which {}", canonical, text ? "does not exist" : "cannot be read"),
           text ? "" : text.error().message);
    return std::nullopt;
  }
  auto document = parse_json5(**text, canonical);
  if (!document) {
    report(key, "names a file that cannot be read: " + document.error().message, document.error().hint);
    return std::nullopt;
  }
  auto value = document->root.value();
  files_.push_back({canonical, std::move(**text), std::move(*document), prefix});
  chain.push_back(canonical);
  value = include(std::move(value), canonical, prefix, chain);
  chain.pop_back();
  return value;
}

void Resolver::substitute(json::value& value, const std::string& path, int depth) {
  if (depth > kDepthLimit) return;
  if (auto* object = value.if_object()) {
    for (auto& member : *object)
      substitute(member.value(), join_path(path, std::string_view(member.key())), depth + 1);
  } else if (auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      substitute((*array)[i], join_path(path, i), depth + 1);
  }
  const auto* text = value.if_string();
  if (!text || text->find("${") == json::string::npos) return;
  const std::string_view from = *text;
  std::string out;
  for (std::size_t at = 0; at < from.size();) {
    const auto close = from.find('}', at);
    const bool escaped = from.substr(at, 3) == "$${";
    const auto open = at + (escaped ? 3 : 2);
    if ((!escaped && from.substr(at, 2) != "${") || close == std::string_view::npos ||
        !upper_name(from.substr(open, close - open))) {
      out += from[at++];
      continue;
    }
    const auto name = from.substr(open, close - open);
    at = close + 1;
    if (escaped) {
      out += fmt::format("${{{}}}", name);
      continue;
    }
    auto found = environment_.find(name);
    if (!found && !path.starts_with("env.")) found = from_config_.find(name);
    if (!found)
      report(path, fmt::format("uses ${{{0}}}, and the environment variable {0} is not set", name),
             fmt::format("Set {0} in the environment or in the .env file of the state folder; write $${{{0}}} for the "
                         "text itself.",
                         name));
    out += found.value_or(fmt::format("${{{}}}", name));
  }
  value = json::string(out);
}

} // namespace openclaw::config
