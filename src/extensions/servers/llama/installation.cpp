#include "extensions/servers/llama/installation.hpp"

#include "base/embedded.hpp"
#include "base/file_descriptor.hpp"
#include "base/json.hpp"
#include "extensions/servers/llama/archive/archive.hpp"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace openclaw::llama {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSpare = 16LL * 1024 * 1024;
constexpr std::uint64_t kMostUnpacked = 256ULL * 1024 * 1024;
constexpr std::size_t kLongestManifest = 4096;
constexpr std::string_view kEngineLicence = "LICENSE.llama.cpp.txt";

std::unexpected<Error> disk_error(std::string_view what) {
  return fail(Kind::transient, fmt::format("{} failed: {}.", what, std::strerror(errno)),
              "Check that the disk has room and that the folder can be written.");
}

Result<> write_all(int file, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    const auto count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return disk_error(fmt::format("Writing {}", path));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<> write_file(const std::string& path, std::string_view text) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return disk_error(fmt::format("Creating {}", path));
  TRY_VOID(write_all(file.get(), text, path));
  if (::fsync(file.get()) != 0) return disk_error(fmt::format("Writing {}", path));
  return {};
}

Result<> make_folder(const std::string& path) {
  std::error_code problem;
  fs::create_directories(path, problem);
  if (problem) return fail(Kind::transient, fmt::format("The folder {} cannot be made: {}.", path, problem.message()));
  ::chmod(path.c_str(), 0700);
  return {};
}

Result<> remove_tree(const std::string& path) {
  std::error_code problem;
  fs::remove_all(path, problem);
  if (problem) return fail(Kind::transient, fmt::format("{} cannot be removed: {}.", path, problem.message()));
  return {};
}

Result<> move_into_place(const std::string& from, const std::string& to) {
  TRY_VOID(remove_tree(to));
  if (::rename(from.c_str(), to.c_str()) != 0) return disk_error(fmt::format("Moving {} to {}", from, to));
  return {};
}

std::int64_t size_of(const std::string& path) {
  struct stat about{};
  return ::lstat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) ? about.st_size : -1;
}

// Writes members to the files that the recipe names, and compares checksums.
class FileSink final : public archive::Sink {
public:
  FileSink(const RecipeDownload& download, std::string folder, Sha256& model_hash)
      : download_(download), folder_(std::move(folder)), model_hash_(model_hash) {}

  Result<> begin(std::size_t index) override {
    member_ = &download_.members[index];
    path_ = folder_ + "/" + member_->target;
    const int how = member_->append_order > 1 ? O_APPEND : O_CREAT | O_EXCL;
    file_ = FileDescriptor(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | how, 0600));
    if (!file_) return disk_error(fmt::format("Creating {}", path_));
    hash_ = std::make_unique<Sha256>();
    return {};
  }
  Result<> write(std::string_view piece) override {
    hash_->update(piece);
    if (member_->append_order > 0) model_hash_.update(piece);
    return write_all(file_.get(), piece, path_);
  }
  Result<> finish() override {
    if (hash_->hex() != member_->sha256)
      return fail(Kind::denied, fmt::format("{} does not have the expected checksum.", member_->target),
                  "Nothing of it was installed. Try again later, or connect another model.");
    if (::fdatasync(file_.get()) != 0) return disk_error(fmt::format("Writing {}", path_));
    file_.reset();
    return {};
  }

private:
  const RecipeDownload& download_;
  std::string folder_;
  Sha256& model_hash_;
  const RecipeMember* member_ = nullptr;
  std::string path_;
  FileDescriptor file_;
  std::unique_ptr<Sha256> hash_;
};

} // namespace

std::string Installation::part_file(const RecipeDownload& download) const {
  return fmt::format("{}/{}.part", downloads_folder(), download.sha256.substr(0, 16));
}

std::vector<Installation::ExpectedFile> Installation::expected_files() const {
  std::vector<ExpectedFile> files{{"model/" + recipe_->model_file, recipe_->model_bytes}};
  for (const auto& download : recipe_->downloads)
    for (const auto& member : download.members)
      if (member.append_order == 0) files.push_back({download.folder + "/" + member.target, member.bytes});
  return files;
}

bool Installation::complete() const {
  const auto bytes = size_of(manifest());
  if (bytes < 0 || bytes > static_cast<std::int64_t>(kLongestManifest)) return false;
  std::ifstream file(manifest());
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto root = parse_json(text, "manifest");
  if (!root || string_or(*root, "recipe") != recipe_->id) return false;
  for (const auto& expected : expected_files())
    if (size_of(folder_ + "/" + expected.path) != expected.bytes) return false;
  return true;
}

Result<> Installation::check_space() const {
  struct statvfs about{};
  if (::statvfs(folder_.c_str(), &about) != 0) return disk_error(fmt::format("Examining the disk of {}", folder_));
  auto needed = recipe_->installed_bytes() + kSpare;
  for (const auto& download : recipe_->downloads)
    needed += download.bytes - std::clamp<std::int64_t>(size_of(part_file(download)), 0, download.bytes);
  const auto free = static_cast<std::int64_t>(about.f_bavail) * static_cast<std::int64_t>(about.f_frsize);
  if (free >= needed) return {};
  constexpr std::int64_t kMegabyte = 1'000'000;
  return fail(Kind::denied,
              fmt::format("The embedded model needs {} MB while it is being installed ({} MB afterwards), but the disk "
                          "of {} has {} MB left.",
                          needed / kMegabyte, recipe_->installed_bytes() / kMegabyte, folder_, free / kMegabyte),
              "Make room there and try again, or connect another model.");
}

Result<> Installation::make_folders() const {
  TRY_VOID(make_folder(folder_));
  return make_folder(downloads_folder());
}

Result<> Installation::begin_unpacking() {
  TRY_VOID(remove_tree(staging()));
  TRY_VOID(make_folder(staging() + "/model"));
  TRY_VOID(make_folder(staging() + "/engine"));
  model_hash_ = std::make_unique<Sha256>();
  return {};
}

Result<> Installation::unpack(std::size_t index) {
  const auto& download = recipe_->downloads.at(index);
  std::vector<archive::Wanted> wanted;
  for (const auto& member : download.members)
    wanted.push_back({member.member, static_cast<std::uint64_t>(member.bytes)});
  TRY(const auto bytes, archive::FileBytes::open(part_file(download)));
  FileSink sink(download, staging() + "/" + download.folder, *model_hash_);
  if (download.is_zip) return archive::read_zip(bytes, wanted, sink);
  return archive::read_tar_gz(bytes, wanted, kMostUnpacked, sink);
}

Result<> Installation::finish_unpacking() {
  if (model_hash_->hex() != recipe_->model_sha256)
    return fail(Kind::denied, "The model that the parts make up does not have the expected checksum.",
                "Nothing of it was installed. Try again later, or connect another model.");
  const auto licence = find_embedded(embedded_texts(), fmt::format("extensions/servers/llama/{}", kEngineLicence));
  if (licence) TRY_VOID(write_file(fmt::format("{}/engine/{}", staging(), kEngineLicence), *licence));
  // Without the manifest nothing counts as installed: it goes first and comes last.
  TRY_VOID(remove_tree(manifest()));
  TRY_VOID(move_into_place(staging() + "/model", model_folder()));
  TRY_VOID(move_into_place(staging() + "/engine", engine_folder()));
  TRY_VOID(write_file(manifest() + ".new", to_text(json::object{{"recipe", recipe_->id}}) + "\n"));
  TRY_VOID(move_into_place(manifest() + ".new", manifest()));
  TRY_VOID(remove_tree(staging()));
  return remove_tree(downloads_folder());
}

} // namespace openclaw::llama
