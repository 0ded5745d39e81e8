#include "extensions/servers/llama/recipe.hpp"

#include "base/embedded.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::llama {
namespace {

constexpr std::int64_t kLargestFile = 1LL << 31;

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && name.front() != '.' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

bool is_file(std::string_view sha256, std::int64_t bytes) {
  return sha256.size() == 64 && bytes > 0 && bytes <= kLargestFile;
}

std::unexpected<Error> wrong(std::string_view what) {
  return fail(Kind::bug, fmt::format("The list of the embedded model's files is wrong: {}.", what));
}

const json::array* list_at(const json::value& value, std::string_view key) {
  const auto* found = find(value, key);
  return found ? found->if_array() : nullptr;
}

Result<RecipeDownload> read_download(const json::value& value) {
  RecipeDownload download{.url = string_or(value, "url"),
                          .sha256 = string_or(value, "sha256"),
                          .bytes = integer_or(value, "bytes", 0),
                          .is_zip = string_or(value, "format") == "zip",
                          .folder = string_or(value, "folder"),
                          .members = {}};
  if (!is_file(download.sha256, download.bytes)) return wrong("a download without checksum or size");
  if (download.folder != "model" && download.folder != "engine") return wrong("a download for another folder");
  const auto* members = list_at(value, "members");
  if (!members) return wrong("a download without members");
  for (const auto& row : *members) {
    RecipeMember member{.member = string_or(row, "member"),
                        .target = string_or(row, "target"),
                        .sha256 = string_or(row, "sha256"),
                        .bytes = integer_or(row, "bytes", 0),
                        .append_order = static_cast<int>(integer_or(row, "append_order", 0))};
    if (!is_plain_name(member.target) || !is_file(member.sha256, member.bytes))
      return wrong("a member without name or size");
    download.members.push_back(std::move(member));
  }
  return download;
}

} // namespace

std::int64_t Recipe::download_bytes() const {
  std::int64_t sum = 0;
  for (const auto& download : downloads)
    sum += download.bytes;
  return sum;
}

std::int64_t Recipe::installed_bytes() const {
  std::int64_t sum = 0;
  for (const auto& download : downloads)
    for (const auto& member : download.members)
      sum += member.bytes;
  return sum;
}

Result<Recipe> parse_recipe(std::string_view json_text) {
  TRY(const auto root, parse_json(json_text, "list of the embedded model's files"));
  const auto text = [&](const char* path) {
    const auto* value = find_path(root, path);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  const auto number = [&](const char* path) {
    const auto* value = find_path(root, path);
    return value ? as_integer(*value).value_or(0) : 0;
  };
  Recipe recipe{.model_id = text("model.id"),
                .model_file = text("model.file"),
                .model_sha256 = text("model.sha256"),
                .model_bytes = number("model.bytes"),
                .context_tokens = number("model.context_tokens"),
                .licence = text("model.license"),
                .licence_url = text("model.license_url"),
                .use_policy_url = text("model.use_policy_url"),
                .notice = text("model.notice"),
                .engine_name = text("libraries.name"),
                .engine_version = text("libraries.version"),
                .engine_package = text("libraries.package"),
                .downloads = {},
                .id = {}};
  if (!is_plain_name(recipe.model_file) || !is_file(recipe.model_sha256, recipe.model_bytes))
    return wrong("no model file");
  const auto* downloads = list_at(root, "downloads");
  if (!downloads) return wrong("no downloads");
  std::string content = recipe.model_file + recipe.model_sha256;
  int parts = 0;
  std::int64_t parts_bytes = 0;
  for (const auto& row : *downloads) {
    TRY(auto download, read_download(row));
    for (const auto& member : download.members) {
      content += "\n" + download.folder + "/" + member.target + member.sha256;
      if (member.append_order == 0) continue;
      if (member.append_order != ++parts || member.target != recipe.model_file || download.folder != "model")
        return wrong("the parts of the model are not in order");
      parts_bytes += member.bytes;
    }
    recipe.downloads.push_back(std::move(download));
  }
  if (parts_bytes != recipe.model_bytes) return wrong("the parts of the model do not make it up");
  recipe.id = sha256_hex(content);
  return recipe;
}

Result<Recipe> embedded_recipe() {
  const auto text = find_embedded(embedded_texts(), "extensions/servers/llama/embedded.json");
  if (!text) return wrong("it is not in this build");
  return parse_recipe(*text);
}

} // namespace openclaw::llama
