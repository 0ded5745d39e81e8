// An HTTP door of the gateway: verb, path and handler. One file each in gateway/http/, which defines
// register_route_NAME(RouteTable&); cmake generates the list. Host, Origin and secrets in the address were judged
// before a handler is called.
#pragma once
#include "async/task.hpp"
#include "gateway/remote.hpp"
#include "net/http_server.hpp"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace openclaw::gateway {

struct Services;

struct RouteCall {
  Services& services;
  std::shared_ptr<net::Exchange> exchange;
  Remote remote;
};

struct Route {
  std::string method; // GET also serves HEAD
  std::string path;   // exact
  std::function<Task<net::Response>(RouteCall)> handle;
  bool page = false; // a file for a browser and not an API: a query is ignored there
};

class RouteTable {
public:
  void add(Route route);
  // Nothing for an unknown verb or path.
  const Route* find(std::string_view method, std::string_view path) const;
  // The verbs of a path, for Allow; empty when the path is unknown.
  std::vector<std::string> verbs(std::string_view path) const;

private:
  std::map<std::string, std::vector<Route>, std::less<>> routes_;
};

void register_routes(RouteTable& table); // generated

net::Response json_response(int status, std::string body);
// {"error":{"message","hint"}}
net::Response json_error(int status, std::string_view message, std::string_view hint);
// The media type of a file by the ending of its name.
std::string_view media_type_of(std::string_view name);
// The headers that every answer carries; one that the answer has already stays.
void add_security_headers(net::Response& response);

} // namespace openclaw::gateway
