// The configuration file: read whole into a snapshot with everything that is wrong with it, and written only by those
// who saw its latest version. It never changes anything by itself, and it never prints.
#pragma once
#include "base/json.hpp"
#include "base/result.hpp"
#include "config/edit.hpp"
#include "config/environment.hpp"
#include <optional>
#include <string>
#include <vector>

namespace openclaw::config {

struct Problem {
  enum class Severity { warning, error } severity = Severity::error;
  std::string path;    // "gateway.port"; empty for the file itself
  std::string message; // "must be a whole number, and is a string"
  std::string file;
  int line = 0; // 0: no place
  int column = 0;
  std::string hint; // for a syntax error the source line with a caret

  // "/home/a/.openclaw/openclaw.json:4:11: gateway.port must be a whole number, and is a string."
  std::string text() const;
};

struct Snapshot {
  std::string path;
  bool exists = false;
  std::string raw;
  std::string hash;    // SHA-256 of raw, of the empty text when there is no file
  json::value written; // as it stands in the file
  json::value value;   // with $include, ${NAME} and references to secrets put in; always an object
  std::vector<Problem> problems;

  bool valid() const;
  // The first error, naming the file, the line and the reason.
  Result<> check() const;
};

struct WriteOptions {
  std::optional<std::string> base_hash; // of the snapshot that the writer saw
  bool force = false;                   // allows the file to lose more than half of its size
};

class Config {
public:
  // `state_folder` has the vault that references to secrets are looked up in.
  Config(std::string path, json::value schema, Environment environment, std::string state_folder = {})
      : path_(std::move(path)), schema_(std::move(schema)), environment_(std::move(environment)),
        state_folder_(std::move(state_folder)) {}

  // An error only when the file cannot be read; everything in it is a problem of the snapshot.
  Result<Snapshot> load() const;
  Snapshot evaluate(std::string raw, bool exists) const;

  // Kind::conflict when the file is not the one of base_hash any more; Kind::invalid when the text adds errors;
  // Kind::denied when it loses more than half of its size. The former text is kept in revisions/openclaw.json.1
  // (newest) to .20.
  Result<Snapshot> write(std::string text, WriteOptions options) const;
  Result<Snapshot> set(const Path& path, const json::value& value, WriteOptions options) const;
  Result<Snapshot> unset(const Path& path, WriteOptions options) const;

  const std::string& path() const { return path_; }
  const json::value& schema() const { return schema_; }
  const Environment& environment() const { return environment_; }

private:
  std::string path_;
  json::value schema_;
  Environment environment_;
  std::string state_folder_;
};

// $OPENCLAW_CONFIG_PATH, else openclaw.json in the state folder.
std::string config_path(const Environment& environment, const std::string& state_folder);

} // namespace openclaw::config
