// Tells when the configuration file, or the vault that it refers to, may have changed.
#pragma once
#include "async/file_watch.hpp"
#include "async/time.hpp"
#include <string>

namespace openclaw::app {

class ConfigWatch {
public:
  static Result<ConfigWatch> create(async::Executor executor, const std::string& path);
  // Returns when the file was written or replaced and 300 ms were quiet (editors write in several steps).
  Task<> changed(async::Time& time);

private:
  ConfigWatch(async::FileWatch folder, std::string name) : folder_(std::move(folder)), name_(std::move(name)) {}
  async::FileWatch folder_;
  std::string name_;
};

} // namespace openclaw::app
