// Where the embedded model lies below its folder, whether all of it is there, and making it so from the downloaded
// archives: unpacked into a staging folder, checked, and renamed into place. All of it blocks; only complete() is quick
// enough for the loop.
#pragma once
#include "base/hash.hpp"
#include "extensions/servers/llama/recipe.hpp"
#include <memory>
#include <string>
#include <vector>

namespace openclaw::llama {

class Installation {
public:
  Installation(std::shared_ptr<const Recipe> recipe, std::string folder)
      : recipe_(std::move(recipe)), folder_(std::move(folder)) {}

  std::string model_folder() const { return folder_ + "/model"; }
  std::string engine_folder() const { return folder_ + "/engine"; }
  std::string downloads_folder() const { return folder_ + "/downloads"; }
  // Where the bytes of a download are gathered.
  std::string part_file(const RecipeDownload& download) const;

  // Was this recipe installed and does each file still have its size? Reads one small file; hashes nothing.
  bool complete() const;
  // Kind::denied with figures when the disk is too full for what is still to come.
  Result<> check_space() const;
  Result<> make_folders() const;

  // In this order: begin, add for every download, finish.
  Result<> begin_unpacking();
  Result<> unpack(std::size_t download);
  Result<> finish_unpacking();

private:
  struct ExpectedFile {
    std::string path; // below folder_
    std::int64_t bytes;
  };
  std::vector<ExpectedFile> expected_files() const;
  std::string staging() const { return folder_ + "/staging"; }
  std::string manifest() const { return folder_ + "/installed.json"; }

  std::shared_ptr<const Recipe> recipe_;
  std::string folder_;
  std::unique_ptr<Sha256> model_hash_; // of the parts appended so far
};

} // namespace openclaw::llama
