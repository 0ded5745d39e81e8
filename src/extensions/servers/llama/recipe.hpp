// What the embedded model is made of: embedded.json as structs. Which files come from where, what is taken out of them,
// and the checksums that every one must have.
#pragma once
#include "base/result.hpp"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::llama {

struct RecipeMember {
  std::string member; // its name in the archive
  std::string target; // the file that is made of it: a plain name
  std::string sha256;
  std::int64_t bytes = 0;
  int append_order = 0; // from 1: a part of the model's file; 0: a file of its own
};

struct RecipeDownload {
  std::string url;
  std::string sha256;
  std::int64_t bytes = 0;
  bool is_zip = false; // else tar.gz
  std::string folder;  // "model" or "engine"
  std::vector<RecipeMember> members;
};

struct Recipe {
  std::string model_id;
  std::string model_file;
  std::string model_sha256;
  std::int64_t model_bytes = 0;
  std::int64_t context_tokens = 0;
  std::string licence;
  std::string licence_url;
  std::string use_policy_url;
  std::string notice;
  std::string engine_name;
  std::string engine_version;
  std::string engine_package;
  std::vector<RecipeDownload> downloads;
  std::string id; // another one when anything else would be installed

  std::int64_t download_bytes() const;
  std::int64_t installed_bytes() const;
};

Result<Recipe> parse_recipe(std::string_view json_text);
// The one of this build.
Result<Recipe> embedded_recipe();

} // namespace openclaw::llama
