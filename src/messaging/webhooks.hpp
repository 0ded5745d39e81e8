// The second listener: off until a channel needs it and `webhooks.port` is set. It serves the paths that channels have
// registered and nothing else; each channel judges the signature itself.
#pragma once
#include "base/json.hpp"
#include "net/http_server.hpp"
#include "ports/channel.hpp"
#include <map>
#include <memory>
#include <string>

namespace openclaw::messaging {

class Webhooks {
public:
  explicit Webhooks(async::Executor executor) : executor_(executor) {}

  // webhooks.{port, bind}: listens, moves or stops as the configuration says. Off without a port.
  Result<> configure(const json::value& config, async::Scope& scope);
  Result<> serve(std::string channel, std::string account, std::string path, ports::Webhook webhook);
  void forget(std::string_view channel, std::string_view account);
  int port() const { return server_ ? server_->port() : 0; }
  void stop();

private:
  struct Route {
    std::string channel, account;
    ports::Webhook webhook;
  };
  Task<> handle(std::shared_ptr<net::Exchange> exchange);
  Task<net::Response> answer(std::shared_ptr<net::Exchange> exchange);

  async::Executor executor_;
  std::unique_ptr<net::HttpServer> server_;
  std::string wanted_; // "host:port" of the configuration
  std::map<std::string, Route, std::less<>> routes_;
};

} // namespace openclaw::messaging
