// From the parsed file to the values that count: $include is merged in, ${NAME} becomes the variable's value.
#pragma once
#include "config/config.hpp"
#include "config/json5.hpp"

namespace openclaw::config {

struct LoadedFile {
  std::string path;
  std::string text;
  Json5Document document;
  std::string prefix; // where in the whole its content stands
};

class Resolver {
public:
  explicit Resolver(const Environment& environment) : environment_(environment) {}
  // `main` is the file itself, already parsed.
  json::value resolve(LoadedFile main);
  std::vector<Problem> take_problems() { return std::move(problems_); }
  // Fills in file, line and column of a problem by its path.
  void place(Problem& problem) const;

private:
  json::value include(json::value value, const std::string& file, const std::string& prefix,
                      std::vector<std::string>& chain);
  std::optional<json::value> include_file(const std::string& target, const std::string& file, const std::string& prefix,
                                          std::vector<std::string>& chain);
  void substitute(json::value& value, const std::string& path, int depth);
  void report(std::string path, std::string message, std::string hint = {});

  const Environment& environment_;
  Environment from_config_;
  std::vector<LoadedFile> files_;
  std::vector<Problem> problems_;
};

} // namespace openclaw::config
