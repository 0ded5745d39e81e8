#include "gateway/scope.hpp"

#include <algorithm>

namespace openclaw::gateway {
namespace {

bool has(const std::vector<std::string>& scopes, std::string_view name) {
  return std::find(scopes.begin(), scopes.end(), name) != scopes.end();
}

} // namespace

std::string_view scope_name(Scope scope) {
  switch (scope) {
  case Scope::none:
    return "";
  case Scope::read:
    return "operator.read";
  case Scope::write:
    return "operator.write";
  case Scope::approvals:
    return "operator.approvals";
  case Scope::pairing:
    return "operator.pairing";
  case Scope::admin:
    return "operator.admin";
  }
  return "operator.admin";
}

bool allows(const std::vector<std::string>& scopes, Scope wanted) {
  if (wanted == Scope::none || has(scopes, scope_name(Scope::admin)) || has(scopes, scope_name(wanted))) return true;
  return wanted == Scope::read && has(scopes, scope_name(Scope::write));
}

std::vector<std::string> all_scopes() {
  return {"operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"};
}

std::vector<std::string> narrow(const std::vector<std::string>& owned, const std::vector<std::string>& declared) {
  std::vector<std::string> kept;
  const bool admin = has(owned, scope_name(Scope::admin));
  const bool write = has(owned, scope_name(Scope::write));
  for (const auto& scope : declared) {
    const bool covered = has(owned, scope) || admin || (write && scope == scope_name(Scope::read));
    if (covered && !has(kept, scope)) kept.push_back(scope);
  }
  return kept;
}

std::string uncovered(const std::vector<std::string>& owned, const std::vector<std::string>& wanted) {
  for (const auto& scope : wanted)
    if (narrow(owned, {scope}).empty()) return scope;
  return {};
}

bool covers(const std::vector<std::string>& owned, const std::vector<std::string>& wanted) {
  return uncovered(owned, wanted).empty();
}

} // namespace openclaw::gateway
