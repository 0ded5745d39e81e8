// An RPC method: name, scope, parameter schema, handler. One file each in gateway/methods/, which defines
// register_NAME(MethodTable&); cmake generates the list. File names use '_' where the method has '.'; a file may hold a
// close family.
#pragma once
#include "async/task.hpp"
#include "base/json.hpp"
#include "base/trace.hpp"
#include "gateway/scope.hpp"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace openclaw::gateway {

class Connection;
struct Services;

struct Call {
  Services& services;
  std::shared_ptr<Connection> connection;
  std::string request_id;
  json::object params;
  // For methods that answer more than once (agent): sends an early `res` frame; the returned value is the last one.
  std::function<void(json::value payload)> answer_early;
  // What an error frame carries besides the error; lives until the method has returned.
  json::value* failure_payload = nullptr;
  trace::Context trace{}; // of the request
};

struct Method {
  std::string name;
  Scope scope = Scope::admin; // what is not said is admin's
  std::string params_schema =
      R"({"type":"object"})"; // unknown keys are ignored unless it says additionalProperties:false
  std::function<Task<json::value>(Call)> handle;
};

// Every method in the table is advertised to clients; what is not in it does not exist.
class MethodTable {
public:
  // A schema that does not parse is a bug that stops the program at once.
  void add(Method method);
  const Method* find(std::string_view name) const;
  std::vector<std::string> names() const;
  // "must have required property 'message'; at /limit: must be …"; empty when the parameters fit.
  std::string problems(const Method& method, const json::object& params) const;

private:
  struct Row {
    Method method;
    json::value schema;
  };
  std::map<std::string, Row, std::less<>> rows_;
};

// The style of the real gateway's validator, which clients and documentation quote.
std::string schema_problems(const json::value& value, const json::value& schema);

void register_methods(MethodTable& table); // generated
const MethodTable& methods();

} // namespace openclaw::gateway
