// config.set, config.patch and config.apply: changes to the configuration file by those who saw its latest version. The
// file is edited in place, so that comments stay; what was shown as "***" keeps its value. The running gateway takes
// the new file up by itself.
#include "base/text.hpp"
#include "config/json5.hpp"
#include "config/redact.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

constexpr int kDeepest = 64;

Result<> change(std::string& text, const config::Path& path, const json::value& value) {
  TRY(text, config::set_in_text(text, path, value));
  return {};
}

Result<> remove(std::string& text, const config::Path& path) {
  auto without = config::unset_in_text(text, path);
  // What is not in the file itself (it came from an $include) cannot be taken out of it.
  if (!without && without.error().kind == Kind::missing) return {};
  if (!without) return std::unexpected(std::move(without).error());
  text = std::move(*without);
  return {};
}

// Carries into `text` what differs between what was shown and what came back. The rest stays as it is written: a
// reference to the environment stays a reference.
Result<> carry(std::string& text, config::Path& path, const json::value& shown, const json::value& wanted) {
  if (shown == wanted) return {};
  const auto* before = shown.if_object();
  const auto* after = wanted.if_object();
  if (!before || !after || path.size() >= kDeepest) return change(text, path, wanted);
  for (const auto& member : *before) {
    if (after->contains(member.key())) continue;
    path.emplace_back(member.key());
    TRY_VOID(remove(text, path));
    path.pop_back();
  }
  for (const auto& member : *after) {
    const auto* known = before->if_contains(member.key());
    path.emplace_back(member.key());
    if (known) {
      TRY_VOID(carry(text, path, *known, member.value()));
    } else {
      TRY_VOID(change(text, path, member.value()));
    }
    path.pop_back();
  }
  return {};
}

// JSON merge patch: null removes, objects are merged, everything else replaces.
Result<> merge(std::string& text, config::Path& path, const json::value& patch) {
  const auto* members = patch.if_object();
  if (!members || path.size() >= kDeepest) return change(text, path, patch);
  for (const auto& member : *members) {
    path.emplace_back(member.key());
    TRY_VOID(member.value().is_null() ? remove(text, path) : merge(text, path, member.value()));
    path.pop_back();
  }
  return {};
}

Result<std::string> base_hash_of(const json::object& params, const config::Snapshot& snapshot) {
  auto hash = string_or(params, "baseHash");
  if (hash.empty() && snapshot.exists)
    return fail(Kind::invalid, "config base hash required; re-run config.get and retry",
                "baseHash is the hash that config.get gives.");
  return hash.empty() ? snapshot.hash : hash;
}

json::value written(const config::Snapshot& snapshot) {
  return json::object{{"ok", true},
                      {"path", snapshot.path},
                      {"hash", snapshot.hash},
                      {"config", config::redact_for_display(snapshot.value)}};
}

Result<config::Snapshot> replace(const config::Config& config, const json::object& params) {
  TRY(const auto snapshot, config.load());
  TRY(auto hash, base_hash_of(params, snapshot));
  auto text = string_or(params, "raw");
  TRY(const auto document, config::parse_json5(text, "the new configuration"));
  const auto wanted = document.root.value();
  if (document.empty || !wanted.is_object())
    return fail(Kind::invalid, "The configuration must be an object.", "Send the whole file's text in raw.");
  // Strict JSON has no comments to keep: it is a form that was filled in, and only what was changed there is changed.
  if (parse_json(text, "the new configuration")) {
    config::Path path;
    auto edited = snapshot.raw;
    TRY_VOID(carry(edited, path, config::redact_for_display(snapshot.value), wanted));
    text = std::move(edited);
  }
  return config.write(std::move(text), {.base_hash = std::move(hash), .force = false});
}

Result<config::Snapshot> patched(const config::Config& config, const json::object& params) {
  TRY(const auto snapshot, config.load());
  TRY(auto hash, base_hash_of(params, snapshot));
  TRY(const auto document, config::parse_json5(string_or(params, "raw"), "the change"));
  const auto patch = document.root.value();
  if (document.empty || !patch.is_object())
    return fail(Kind::invalid, "The change must be an object.", R"(For example: {"gateway": {"port": 18790}})");
  auto text = snapshot.raw;
  config::Path path;
  TRY_VOID(merge(text, path, patch));
  return config.write(std::move(text), {.base_hash = std::move(hash), .force = false});
}

Task<json::value> set_config(Call call) {
  CO_TRY(const auto snapshot, replace(call.services.config, call.params));
  co_return written(snapshot);
}

Task<json::value> patch_config(Call call) {
  CO_TRY(const auto snapshot, patched(call.services.config, call.params));
  co_return written(snapshot);
}

} // namespace

// Unknown parameters are refused: nobody may think that a word of theirs limited what was written.
void register_config_write(MethodTable& table) {
  constexpr const char* params =
      R"({"type":"object","required":["raw"],"additionalProperties":false,"properties":{
    "raw":{"type":"string","minLength":1,"maxLength":1000000},"baseHash":{"type":"string"},"sessionKey":{"type":"string"},
    "note":{"type":"string"},"restartDelayMs":{"type":"integer","minimum":0}}})";
  table.add({"config.set", Scope::admin, params, set_config});
  table.add({"config.apply", Scope::admin, params, set_config});
  table.add({"config.patch", Scope::admin, params, patch_config});
}

} // namespace openclaw::gateway
