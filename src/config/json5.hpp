// JSON5 as people write it in openclaw.json: comments, trailing commas, bare keys, single quotes. The document keeps
// where each value stands, so that problems name line and column and edits change the text in place.
#pragma once
#include "base/json.hpp"
#include "base/result.hpp"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::config {

inline constexpr std::size_t kTextLimit = 4 * 1024 * 1024;
inline constexpr int kDepthLimit = 64;

struct Position {
  int line = 1;
  int column = 1; // in characters
};

// A value with its place in the text, as byte offsets.
struct Json5Node {
  enum class Type { scalar, object, array };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  Type type = Type::scalar;
  std::size_t begin = 0, end = 0;
  std::size_t key_begin = kNone, key_end = kNone; // of a member, quotes included
  std::size_t comma = kNone;                      // the one after this element, where there is one
  std::string key;
  std::vector<Json5Node> children;
  json::value scalar;

  // The last member of that name, which is the one that counts; the element of that index.
  const Json5Node* child(std::string_view name) const;
  json::value value() const;
};

struct Json5Document {
  bool empty = false; // nothing but blanks and comments
  Json5Node root;     // of an empty document: an object without a place
  struct Duplicate {
    std::string path;
    std::size_t first = 0, again = 0; // offsets of the two keys
  };
  std::vector<Duplicate> duplicates;
};

// `name` stands in messages, e.g. the file's path. At most kTextLimit bytes and kDepthLimit levels.
Result<Json5Document> parse_json5(std::string_view text, std::string_view name);

Position position_at(std::string_view text, std::size_t offset);
// The offset of the value at a path as join_path() spells it (of its key, where it has one); nothing when it is not in
// the document.
std::optional<std::size_t> offset_of(const Json5Document& document, std::string_view path);
// Two lines: the source line and a caret below the place. Values of secret keys are masked.
std::string excerpt(std::string_view text, std::size_t offset);
// Keys whose values are never shown: token, password, apiKey, secret, and what ends like them.
bool is_secret_key(std::string_view key);

} // namespace openclaw::config
