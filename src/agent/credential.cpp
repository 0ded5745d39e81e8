#include "agent/credential.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

bool is_variable_name(std::string_view text) {
  return text.size() >= 4 && text.front() >= 'A' && text.front() <= 'Z' &&
         std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

} // namespace

std::string Credential::fingerprint() const {
  return key.empty() ? id : fmt::format("{}#{}", id, sha256_hex(key.reveal()).substr(0, 8));
}

Result<Secret> credential_text(const json::value& written, const std::map<std::string, std::string>& environment) {
  const auto variable = [&](const std::string& name) -> Result<Secret> {
    const auto found = environment.find(name);
    if (found == environment.end() || trim(found->second).empty())
      return fail(Kind::missing, fmt::format("The environment variable {} is not set.", printable(name, 100)),
                  "Set it, and start the gateway again.");
    return Secret(std::string(trim(found->second)));
  };
  if (const auto* text = written.if_string()) {
    const auto trimmed = trim(std::string_view(*text));
    if (trimmed.empty()) return fail(Kind::missing, "The key is empty.");
    if (trimmed.starts_with("${") && trimmed.ends_with('}'))
      return variable(std::string(trimmed.substr(2, trimmed.size() - 3)));
    // OpenClaw's files may hold the variable's name in the key's place.
    const std::string whole(trimmed);
    if (is_variable_name(whole) && environment.contains(whole)) return variable(whole);
    return Secret(whole);
  }
  if (written.is_object()) {
    const auto source = string_or(written, "source");
    if (source == "env") return variable(string_or(written, "id"));
    return fail(Kind::invalid, fmt::format("A key from the source \"{}\" is not in this build.", printable(source, 40)),
                "Write the key itself, or the name of an environment variable.");
  }
  return fail(Kind::invalid, "The key is neither a text nor a reference.");
}

} // namespace openclaw::agent
