#include "sandbox/instructions.hpp"

namespace openclaw::sandbox {
namespace {

constexpr std::uint64_t kMagic = 0x31584f424e41534fULL;
constexpr std::uint64_t kMostItems = 65'536;

class Writer {
public:
  void number(std::uint64_t value) {
    for (int i = 0; i < 8; ++i)
      bytes_ += static_cast<char>(value >> (8 * i));
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_ += value;
  }
  void texts(const std::vector<std::string>& values) {
    number(values.size());
    for (const auto& value : values)
      text(value);
  }
  std::string take() { return std::move(bytes_); }

private:
  std::string bytes_;
};

class Reader {
public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t number() {
    if (rest_.size() < 8) return failed();
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[static_cast<std::size_t>(i)])) << (8 * i);
    rest_.remove_prefix(8);
    return value;
  }
  bool flag() {
    const auto value = number();
    if (value > 1) failed();
    return value == 1;
  }
  std::string text() {
    const auto size = number();
    if (size > rest_.size()) {
      failed();
      return {};
    }
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  // What becomes a C string must not end early.
  std::string c_text() {
    auto value = text();
    if (value.find('\0') != std::string::npos) failed();
    return value;
  }
  std::uint64_t count() {
    const auto value = number();
    return value > kMostItems ? failed() : value;
  }
  std::vector<std::string> c_texts() {
    std::vector<std::string> values;
    for (auto left = count(); left > 0 && good_; --left)
      values.push_back(c_text());
    return values;
  }
  bool finished() const { return good_ && rest_.empty(); }
  bool good() const { return good_; }

private:
  std::uint64_t failed() {
    good_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool good_ = true;
};

} // namespace

std::string encode(const Instructions& all) {
  Writer out;
  out.number(kMagic);
  out.number(all.parent);
  out.number(all.probe ? 1 : 0);
  out.number(all.system ? 1 : 0);
  out.number(all.network ? 1 : 0);
  out.number(all.terminal ? 1 : 0);
  for (const auto limit :
       {all.limits.cpu_seconds, all.limits.memory_bytes, all.limits.file_bytes, all.limits.temporary_bytes,
        static_cast<std::int64_t>(all.limits.processes), static_cast<std::int64_t>(all.limits.open_files)})
    out.number(static_cast<std::uint64_t>(limit));
  out.number(all.mounts.size());
  for (const auto& mount : all.mounts) {
    out.text(mount.source);
    out.text(mount.target);
    out.number(mount.writable ? 1 : 0);
    out.number(mount.folder ? 1 : 0);
    out.number(mount.device);
    out.number(mount.inode);
  }
  out.text(all.program);
  out.texts(all.argv);
  out.texts(all.environment);
  out.text(all.directory);
  out.number(all.descriptors.size());
  for (const auto number : all.descriptors)
    out.number(number);
  out.text(all.filter);
  return out.take();
}

Result<Instructions> decode(std::string_view bytes) {
  Reader in(bytes);
  Instructions all;
  if (in.number() != kMagic) return fail(Kind::invalid, "These are no instructions for sandbox-init.");
  all.parent = in.number();
  all.probe = in.flag();
  all.system = in.flag();
  all.network = in.flag();
  all.terminal = in.flag();
  all.limits.cpu_seconds = static_cast<std::int64_t>(in.number());
  all.limits.memory_bytes = static_cast<std::int64_t>(in.number());
  all.limits.file_bytes = static_cast<std::int64_t>(in.number());
  all.limits.temporary_bytes = static_cast<std::int64_t>(in.number());
  all.limits.processes = static_cast<int>(in.number());
  all.limits.open_files = static_cast<int>(in.number());
  for (auto left = in.count(); left > 0 && in.good(); --left) {
    MountInstruction mount;
    mount.source = in.c_text();
    mount.target = in.c_text();
    mount.writable = in.flag();
    mount.folder = in.flag();
    mount.device = in.number();
    mount.inode = in.number();
    all.mounts.push_back(std::move(mount));
  }
  all.program = in.c_text();
  all.argv = in.c_texts();
  all.environment = in.c_texts();
  all.directory = in.c_text();
  for (auto left = in.count(); left > 0 && in.good(); --left)
    all.descriptors.push_back(in.number());
  all.filter = in.text();
  if (!in.finished()) return fail(Kind::invalid, "The instructions for sandbox-init are damaged.");
  if (!all.probe && all.argv.empty()) return fail(Kind::invalid, "The instructions for sandbox-init name no command.");
  for (const auto number : all.descriptors)
    if (number < 3 || number > 200)
      return fail(Kind::invalid, "The instructions for sandbox-init name an impossible descriptor.");
  return all;
}

} // namespace openclaw::sandbox
