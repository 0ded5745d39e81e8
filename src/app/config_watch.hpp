// Tells when the configuration file may have changed, by inotify on its folder: no polling, no timer while nothing
// happens.
#pragma once
#include "async/task.hpp"
#include "async/time.hpp"
#include "base/file_descriptor.hpp"
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <string>

namespace openclaw::app {

class ConfigWatch {
public:
  static Result<ConfigWatch> create(async::Executor executor, const std::string& path);
  // Returns when the file was written or replaced and 300 ms were quiet (editors write in several steps).
  Task<> changed(async::Time& time);

private:
  using Descriptor = boost::asio::posix::basic_stream_descriptor<async::Executor>;
  ConfigWatch(Descriptor descriptor, std::string name) : descriptor_(std::move(descriptor)), name_(std::move(name)) {}
  Descriptor descriptor_;
  std::string name_;
};

} // namespace openclaw::app
