// An RPC method: name, scope, parameter schema, handler. One file each in gateway/methods/, which defines register_NAME(MethodTable&);
// cmake generates the list. File names use '_' where the method has '.'; a file may hold a close family.
#pragma once
#include "base/json.hpp"
#include "async/task.hpp"
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace openclaw::gateway {

class Connection;
struct Services;

// Scopes of OpenClaw's protocol; `admin` implies all, `write` implies read. `none`: any authenticated client.
enum class Scope { none, read, write, approvals, pairing, admin };
std::string_view scope_name(Scope scope); // "operator.read", …

struct Call {
  Services& services;
  std::shared_ptr<Connection> connection; // null for HTTP callers
  std::string request_id;
  json::object params;
  // For methods that answer more than once (agent): sends an early `res` frame; the returned value is the last one.
  std::function<void(json::value payload)> answer_early;
};

struct Method {
  std::string name;
  Scope scope = Scope::admin; // what is not said is admin's
  std::string params_schema = R"({"type":"object"})"; // JSON Schema; unknown keys are ignored unless it says additionalProperties:false
  bool advertised = true;
  std::function<Task<json::value>(Call)> handle;
};

class MethodTable {
public:
  void add(Method method);
  const Method* find(std::string_view name) const;
  std::vector<std::string> advertised_names() const;
  std::vector<std::string> names() const;
  const json::value& schema(const Method& method) const;

private:
  std::map<std::string, Method, std::less<>> methods_;
  std::map<std::string, json::value, std::less<>> schemas_;
};

void register_methods(MethodTable& table); // generated
const MethodTable& methods();

} // namespace openclaw::gateway
