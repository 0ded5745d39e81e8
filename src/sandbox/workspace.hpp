// The files that an agent may touch. Every path is opened beneath the root by openat2(2) RESOLVE_BENEATH: links and
// ".." cannot leave it, and no path is ever judged by comparing strings.
#pragma once
#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::sandbox {

class Workspace {
public:
  // Creates the folder (0700) when it is missing.
  static Result<Workspace> open(const std::string& root);

  const std::string& root() const { return root_; } // absolute, links resolved
  int descriptor() const { return descriptor_.get(); }

  // `path` is relative, or absolute below root(), or starts with "~/" meaning the same. Errors name the path and say
  // where the workspace is. Flags as for open(2); O_CLOEXEC and O_NOCTTY are added; only regular files are returned for
  // reading and writing.
  Result<FileDescriptor> open_file(std::string_view path, int flags, unsigned mode = 0600) const;
  // At most `limit` bytes; Kind::invalid when larger.
  Result<std::string> read_file(std::string_view path, std::size_t limit) const;
  // Creates parents; writes to a temporary file in the same folder, then renames.
  Result<> write_file(std::string_view path, std::string_view content) const;
  // A regular file, or a link to one: then the file that it names.
  Result<> remove_file(std::string_view path) const;
  bool exists(std::string_view path) const;
  struct Entry {
    std::string name;
    bool directory = false;
    std::int64_t size = 0;
  };
  Result<std::vector<Entry>> list(std::string_view path, std::size_t limit) const;
  // The path relative to the root as the kernel resolved it, for messages and effects.
  Result<std::string> relative(std::string_view path) const;

private:
  Workspace(std::string root, std::string given, FileDescriptor descriptor)
      : root_(std::move(root)), given_(std::move(given)), descriptor_(std::move(descriptor)) {}
  // The path as openat2(2) takes it beneath the root.
  Result<std::string> beneath(std::string_view path) const;
  std::string root_;
  std::string given_; // as configured: models repeat it even where it is a link
  FileDescriptor descriptor_;
};

} // namespace openclaw::sandbox
