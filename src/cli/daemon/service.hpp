// The gateway in the background: as a unit of the user's systemd, or, where there is none, as a process that this
// program watches. A running one is found through the lock on the state folder, never by its name.
#pragma once
#include "cli/setup.hpp"
#include <optional>

namespace openclaw::cli {

class Service {
public:
  Service(const Setup& setup, std::string profile) : setup_(setup), profile_(std::move(profile)) {}

  bool has_systemd() const; // the user's instance answers
  bool installed() const;   // our unit is there
  std::string unit_name() const;
  std::string unit_path() const;
  std::string unit_text() const;

  Result<> install();
  Result<> uninstall();
  // The gateway that serves when it is up; Kind::timeout when it does not come up.
  Result<config::RunningGateway> start();
  // False when none ran.
  Result<bool> stop();
  Result<std::optional<config::RunningGateway>> running() const;

private:
  Result<> systemctl(std::vector<std::string> arguments) const;
  Result<> start_watched() const;
  Result<config::RunningGateway> wait_until_up() const;

  const Setup& setup_;
  std::string profile_;
};

// Runs the gateway and starts it again when it dies; ends when it ended by itself, or died too often.
int watch_gateway(const std::string& profile);

} // namespace openclaw::cli
