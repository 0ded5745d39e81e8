// Who rests after failed model calls, as rows: what agent/model_health must know again after a restart.
#pragma once
#include "store/sqlite.hpp"
#include <vector>

namespace openclaw::store {

struct ModelHealthRow {
  std::string provider;
  std::string credential;
  std::string model;
  std::string failure;
  std::int64_t failures = 0;
  std::int64_t failed_ms = 0;
  std::int64_t until_ms = 0;
  bool told = false;
  std::string text;
};
Result<std::vector<ModelHealthRow>> read_model_health(Connection& connection, std::int64_t limit);
Result<> save_model_health(Connection& connection, const ModelHealthRow& row);
Result<> delete_model_health(Connection& connection, const ModelHealthRow& row);

} // namespace openclaw::store
