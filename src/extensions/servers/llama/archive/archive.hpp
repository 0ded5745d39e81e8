// Takes named members out of an archive. The names inside an archive only ever select: what is made of a member, and
// where it is put, is the sink's business. The archive is taken for hostile: every size is bounded and every member
// must be exactly as announced.
#pragma once
#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace openclaw::llama::archive {

// The bytes of an archive: a file, or memory in tests.
class Bytes {
public:
  virtual ~Bytes() = default;
  virtual std::uint64_t size() const = 0;
  // Fewer than asked for only at the end.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<char> into) const = 0;
};

class MemoryBytes final : public Bytes {
public:
  explicit MemoryBytes(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) const override;

private:
  std::string_view bytes_;
};

class FileBytes final : public Bytes {
public:
  static Result<FileBytes> open(const std::string& path);
  std::uint64_t size() const override { return size_; }
  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) const override;

private:
  FileBytes(FileDescriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  FileDescriptor file_;
  std::uint64_t size_;
};

struct Wanted {
  std::string name; // exactly as in the archive
  std::uint64_t bytes = 0;
};

// Receives each wanted member once: begin(), its bytes in pieces, finish().
class Sink {
public:
  virtual ~Sink() = default;
  virtual Result<> begin(std::size_t index) = 0;
  virtual Result<> write(std::string_view piece) = 0;
  virtual Result<> finish() = 0;
};

// Members arrive in the order of `wanted`. No zip64, no encryption; stored or deflated.
Result<> read_zip(const Bytes& archive, std::span<const Wanted> wanted, Sink& sink);
// Members arrive in the order of the archive, which may unpack to at most `most_bytes`. Regular files of plain ustar
// names only.
Result<> read_tar_gz(const Bytes& archive, std::span<const Wanted> wanted, std::uint64_t most_bytes, Sink& sink);

} // namespace openclaw::llama::archive
