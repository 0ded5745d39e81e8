// The Matrix client-server API as calls: https://spec.matrix.org/latest/client-server-api/. Every id in a path is
// percent-encoded here, and the access token leaves the program here only.
#pragma once
#include "base/json.hpp"
#include "base/secret.hpp"
#include "net/http_client.hpp"
#include "ports/channel.hpp"
#include <initializer_list>
#include <string>

namespace openclaw::extensions::matrix {

// A call's outcome: the result, or what the homeserver said.
struct ApiAnswer {
  json::value result;
  std::optional<ports::SendProblem> problem;
  int status = 0;
  std::string code; // "M_UNKNOWN_TOKEN"
};

// "/_matrix/client/v3/a/b" of {"a", "b"}, each part encoded.
std::string client_path(std::initializer_list<std::string_view> parts);

class ClientApi {
public:
  ClientApi(net::HttpClient& http, std::string homeserver);
  void use(Secret token) { token_ = std::move(token); }
  bool has_token() const { return !token_.empty(); }

  // An error only when cancelled; everything else is a problem in the answer.
  Task<ApiAnswer> get(std::string path, std::int64_t timeout_ms = 30'000);
  Task<ApiAnswer> put(std::string path, json::object body);
  Task<ApiAnswer> post(std::string path, json::object body);
  // A courtesy that nobody waits for, and that may outlive this object.
  void post_aside(async::Scope& scope, std::string path);
  // One long poll; the answer may be large, and events in it that nest without end are cut instead of refused.
  Task<ApiAnswer> sync(std::string query, std::int64_t timeout_ms);
  // The mxc: address of the file.
  Task<ApiAnswer> upload(ports::OutgoingFile file);
  // Kind::invalid when it is larger than `limit`, or a page where a picture was promised.
  Task<std::string> download(std::string mxc, std::size_t limit, bool picture);

private:
  Task<ApiAnswer> exchange(net::Outbound request);
  static Task<> send_aside(net::HttpClient& http, net::Outbound request);
  net::Outbound request(std::string_view method, std::string_view path) const;

  net::HttpClient& http_;
  std::string homeserver_;
  Secret token_;
  bool old_media_ = false; // a homeserver without the authenticated download (before v1.11)
};

// What a person must do about an answer that refuses us; another kind of error for what may pass.
Error refusal(const ApiAnswer& answer);

// JSON with everything deeper than `deepest` levels replaced by null, and with bytes that are no UTF-8 replaced: one
// event that somebody made to be unreadable must not hide the others of its answer.
std::string readable_json(std::string_view text, int deepest);

} // namespace openclaw::extensions::matrix
