// Tells when files change, by inotify: no polling, no timer while nothing happens.
#pragma once
#include "async/task.hpp"
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <string>
#include <vector>

namespace openclaw::async {

class FileWatch {
public:
  // Of a folder or of one file; `events` are the bits of inotify(7), such as IN_CLOSE_WRITE.
  static Result<FileWatch> create(Executor executor, const std::string& path, std::uint32_t events);
  // Waits for the next changes: the names of a folder's entries, empty ones for a watched file.
  Task<std::vector<std::string>> changes();

private:
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
  explicit FileWatch(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  Descriptor descriptor_;
};

} // namespace openclaw::async
