// Who may speak HTTP to the gateway at all, judged by Host and Origin before anything else: a page of another site, and
// a name that a stranger's DNS points at this machine, are turned away here. Pure.
#pragma once
#include "base/result.hpp"
#include "net/http.hpp"
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace openclaw::gateway {

struct DoorRefusal {
  int status = 403;
  std::string message;
  std::string hint;
};

class Door {
public:
  // `allowed_hosts`: "name" for any port or "name:port". `allowed_origins`: "https://name[:port]".
  Door(std::vector<std::string> allowed_hosts, std::vector<std::string> allowed_origins);
  void set_port(int port) { port_ = port; }
  // For a gateway that other machines reach: it answers for its addresses too. Asked for anew each time, since a
  // machine's addresses change.
  void answer_for(std::function<std::vector<std::string>()> addresses) { addresses_ = std::move(addresses); }

  std::optional<DoorRefusal> judge(const net::Request& request) const;

private:
  bool is_own(std::string_view name, std::string_view port) const;
  bool knows_host(std::string_view host) const;
  bool knows_origin(std::string_view origin) const;
  std::vector<std::string> hosts_;
  std::vector<std::string> origins_;
  std::function<std::vector<std::string>()> addresses_;
  int port_ = 0;
};

// Secrets in addresses end up in histories, logs and Referer headers.
std::optional<DoorRefusal> secret_in_query(const net::Request& request);

} // namespace openclaw::gateway
