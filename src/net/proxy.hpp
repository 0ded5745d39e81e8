// Which proxy a request takes, from the three environment variables. Pure.
#pragma once
#include "base/secret.hpp"
#include "net/egress.hpp"
#include <optional>
#include <string>

namespace openclaw::net {

struct Proxy {
  std::string host;
  int port = 0;
  Secret authorization; // the value of Proxy-Authorization, or empty
};

class ProxyRules {
public:
  ProxyRules() = default;
  ProxyRules(std::string https_proxy, std::string http_proxy, std::string no_proxy)
      : https_(std::move(https_proxy)), http_(std::move(http_proxy)), exceptions_(std::move(no_proxy)) {}
  // Nothing when the request goes directly; an error when the proxy's URL cannot be used.
  Result<std::optional<Proxy>> choose(const Url& url) const;

private:
  bool excepted(const Url& url) const;
  std::string https_, http_, exceptions_;
};

} // namespace openclaw::net
