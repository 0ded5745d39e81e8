#include "policy/effect.hpp"

#include "base/hash.hpp"

namespace openclaw::policy {
namespace {

// Length-prefixed, so that no two different effects can spell the same bytes.
void put(std::string& out, std::string_view field) {
  out += std::to_string(field.size());
  out += ':';
  out += field;
}

} // namespace

std::string_view risk_name(Risk risk) {
  switch (risk) {
  case Risk::read:
    return "read";
  case Risk::write:
    return "write";
  case Risk::execute:
    return "execute";
  case Risk::network:
    return "network";
  case Risk::owner:
    return "owner";
  }
  return "owner";
}

std::string Effect::digest() const {
  std::string bytes;
  put(bytes, risk_name(risk));
  put(bytes, tool);
  put(bytes, summary);
  put(bytes, host);
  put(bytes, std::to_string(paths.size()));
  for (const auto& path : paths)
    put(bytes, path);
  put(bytes, command ? "command" : "");
  if (command) {
    put(bytes, std::to_string(command->argv.size()));
    for (const auto& argument : command->argv)
      put(bytes, argument);
    put(bytes, command->through_shell ? "shell" : "direct");
    put(bytes, command->resolved_binary);
    put(bytes, command->binary_sha256);
    put(bytes, command->directory);
    put(bytes, command->network);
    put(bytes, command->target);
    for (const auto& [name, value] : command->environment) {
      put(bytes, name);
      put(bytes, value);
    }
  }
  return sha256_hex(bytes);
}

Result<Permit> Permit::issue(const Decision& decision, Effect effect, const std::optional<Grant>& consumed,
                             const std::string& session_key, const std::string& agent_id, std::int64_t now_ms) {
  if (decision.verdict == Verdict::deny) return fail(Kind::denied, decision.reason, decision.remedy);
  if (decision.verdict == Verdict::allow) return Permit(std::move(effect));
  if (!consumed) return fail(Kind::denied, "This needs an approval that was not given.", "Ask again and approve it.");
  if (consumed->effect_digest != effect.digest())
    return fail(Kind::denied, "The approval was for something else than what would run now.",
                "Ask again and approve what is shown.");
  if (consumed->session_key != session_key || consumed->agent_id != agent_id)
    return fail(Kind::denied, "The approval belongs to another session or agent.", "Approve it in this session.");
  if (consumed->expires_at_ms <= now_ms)
    return fail(Kind::denied, "The approval has expired.", "Ask again and approve it in time.");
  return Permit(std::move(effect));
}

} // namespace openclaw::policy
