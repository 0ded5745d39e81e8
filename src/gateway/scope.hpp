// The scopes of OpenClaw's protocol: what a connection may do. Declared scopes only ever narrow what the credential
// has.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::gateway {

// `none`: any authenticated client.
enum class Scope { none, read, write, approvals, pairing, admin };
std::string_view scope_name(Scope scope); // "operator.read", …

// `admin` implies all, `write` implies read.
bool allows(const std::vector<std::string>& scopes, Scope wanted);
// Everything that an operator can have.
std::vector<std::string> all_scopes();
// Those declared scopes that `owned` covers. A name that this build does not know is kept only under admin, where it
// adds nothing.
std::vector<std::string> narrow(const std::vector<std::string>& owned, const std::vector<std::string>& declared);

// Whether `owned` has all that `wanted` names.
bool covers(const std::vector<std::string>& owned, const std::vector<std::string>& wanted);
// The first of `wanted` that `owned` does not cover; empty when it covers all.
std::string uncovered(const std::vector<std::string>& owned, const std::vector<std::string>& wanted);

} // namespace openclaw::gateway
