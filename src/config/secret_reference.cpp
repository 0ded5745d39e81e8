#include "config/secret_reference.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include "config/json5.hpp"
#include "config/redact.hpp"
#include "config/vault.hpp"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::config {
namespace {

constexpr std::size_t kLongestFile = 256 * 1024;
constexpr std::string_view kSources[] = {"env", "file", "vault", "store", "exec"};

// A secret in a file must be its owner's alone: anything else is no secret.
Result<Secret> read_private_file(const std::string& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0)
    return fail(Kind::missing,
                fmt::format("refers to the file {}, which cannot be read: {}", path, std::strerror(errno)));
  if ((about.st_mode & 077) != 0 || (about.st_uid != ::geteuid() && about.st_uid != 0))
    return fail(Kind::denied, fmt::format("refers to the file {}, which others can read or which is not yours", path),
                fmt::format("chmod 600 {}", path));
  auto content = read_small_file(path, kLongestFile);
  if (!content || !*content)
    return fail(Kind::missing, fmt::format("refers to the file {}, which cannot be read", path),
                content ? "" : content.error().message);
  return Secret(std::move(**content));
}

// A pointer as in RFC 6901: "/providers/openai/apiKey".
const json::value* at_pointer(const json::value& value, std::string_view pointer) {
  const auto* at = &value;
  for (auto part : split(pointer.substr(1), '/')) {
    std::string key;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const bool escape = part[i] == '~' && i + 1 < part.size();
      key += escape ? (part[++i] == '1' ? '/' : '~') : part[i];
    }
    at = at->is_object() ? at->get_object().if_contains(key) : nullptr;
    if (!at) return nullptr;
  }
  return at;
}

void put_in(json::value& value, const std::string& path, bool secret, int depth, SecretSources& sources,
            std::vector<Problem>& problems) {
  if (depth > kDepthLimit) return;
  if (secret && is_secret_reference(value)) {
    auto found = sources.resolve(value);
    if (!found) {
      Problem problem{Problem::Severity::error, path, found.error().message};
      problem.hint = found.error().hint;
      problems.push_back(std::move(problem));
    } else {
      log::redact(*found);
    }
    value = json::string(found ? found->reveal() : std::string());
    return;
  }
  if (auto* object = value.if_object()) {
    for (auto& member : *object)
      put_in(member.value(), join_path(path, std::string_view(member.key())), secret || is_secret_place(member.key()),
             depth + 1, sources, problems);
  } else if (auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      put_in((*array)[i], join_path(path, i), secret, depth + 1, sources, problems);
  }
}

} // namespace

bool is_secret_reference(const json::value& value) {
  const auto* object = value.if_object();
  if (!object) return false;
  const auto source = string_or(*object, "source");
  if (std::find(std::begin(kSources), std::end(kSources), source) == std::end(kSources)) return false;
  return std::all_of(object->begin(), object->end(), [](const auto& member) {
    const std::string_view key = member.key();
    return member.value().is_string() && (key == "source" || key == "provider" || key == "id" || key == "path");
  });
}

SecretSources::SecretSources(const json::value& config, const Environment& environment, std::string state_folder)
    : environment_(environment), state_folder_(std::move(state_folder)) {
  if (const auto* providers = find_path(config, "secrets.providers")) providers_ = *providers;
  if (const auto* defaults = find_path(config, "secrets.defaults")) defaults_ = *defaults;
}

Result<Secret> SecretSources::resolve(const json::value& value) {
  if (const auto* text = value.if_string()) return Secret(std::string(*text));
  if (!is_secret_reference(value))
    return fail(Kind::invalid, "is neither a text nor a reference to a secret",
                R"(A reference looks like {"source": "vault", "id": "NAME"}.)");
  const auto source = string_or(value, "source");
  const auto id = string_or(value, "id");
  if (source == "exec")
    return fail(Kind::denied, "refers to a program that would print the secret, and this build runs none for that",
                "Store it once instead: PROGRAM | openclaw secrets set NAME, and refer to it by "
                "{\"source\": \"vault\", \"id\": \"NAME\"}.");
  const auto name = string_or(value, "provider", string_or(defaults_, source));
  const json::value* provider = nullptr;
  if (!name.empty()) {
    provider = find(providers_, name);
    if (!provider && name != "default")
      return fail(Kind::missing,
                  fmt::format("refers to secrets.providers.{}, which does not exist", printable(name, 64)),
                  "Add it, or leave \"provider\" out.");
    if (provider && string_or(*provider, "source") != source)
      return fail(Kind::invalid,
                  fmt::format("refers to secrets.providers.{}, whose source is another", printable(name, 64)));
  }
  if (source == "env") return from_environment(id, provider);
  if (source == "file") return from_file(value, id, provider);
  return from_vault(id);
}

Result<Secret> SecretSources::from_environment(const std::string& id, const json::value* provider) const {
  if (const auto* allowed = provider ? find(*provider, "allowlist") : nullptr; allowed && allowed->is_array())
    if (std::none_of(allowed->get_array().begin(), allowed->get_array().end(),
                     [&](const json::value& each) { return each.is_string() && each.get_string() == id; }))
      return fail(Kind::denied,
                  fmt::format("refers to the environment variable {}, which its provider's allowlist does not name",
                              printable(id, 128)));
  auto found = environment_.find(id);
  if (!found)
    return fail(Kind::missing,
                fmt::format("refers to the environment variable {0}, which is not set", printable(id, 128)),
                fmt::format("Set {} in the environment or in the .env file of the state folder.", printable(id, 128)));
  return Secret(std::move(*found));
}

Result<Secret> SecretSources::from_file(const json::value& reference, const std::string& id,
                                        const json::value* provider) const {
  auto path = provider ? string_or(*provider, "path") : string_or(reference, "path");
  if (path.starts_with("~/")) path = environment_.find("HOME").value_or("") + path.substr(1);
  if (!path.starts_with('/'))
    return fail(Kind::invalid, "refers to a file without saying which",
                R"(Write {"source": "file", "path": "/absolute/path"}, or name a provider of secrets.providers.)");
  TRY(auto content, read_private_file(path));
  const bool whole = !provider ? id.empty() : string_or(*provider, "mode", "json") == "singleValue";
  if (whole) return Secret(std::string(trim(content.reveal())));
  const auto parsed = parse_json(content.reveal(), "secrets");
  const auto* found = parsed && id.starts_with('/') ? at_pointer(*parsed, id) : nullptr;
  if (!found || !found->is_string())
    return fail(Kind::missing, fmt::format("refers to {} in {}, and there is no text", printable(id, 128), path),
                "The id is a JSON pointer, for instance /providers/openai/apiKey.");
  return Secret(std::string(found->get_string()));
}

Result<Secret> SecretSources::from_vault(const std::string& id) {
  TRY_VOID(check_id(id, "name of a secret"));
  const Vault vault(state_folder_, environment_);
  auto found = vault.find(id);
  if (!found)
    return fail(found.error().kind, "refers to the vault, which cannot be opened. " + found.error().message,
                found.error().hint);
  if (!*found)
    return fail(Kind::missing, fmt::format("refers to the secret {} of the vault, which is not there", id),
                fmt::format("Store it with: openclaw secrets set {}", id));
  return std::move(**found);
}

std::vector<Problem> put_secrets_in(json::value& config, const Environment& environment,
                                    const std::string& state_folder) {
  std::vector<Problem> problems;
  SecretSources sources(config, environment, state_folder);
  put_in(config, "", false, 0, sources, problems);
  return problems;
}

} // namespace openclaw::config
