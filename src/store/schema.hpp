// The schema of state.db as numbered, forward-only steps: one file each, schema/NUMBER_WHAT.sql, linked in. A step that
// was released is never edited again; the next one is a new file.
#pragma once
#include "base/result.hpp"
#include "store/sqlite.hpp"
#include <string>
#include <vector>

namespace openclaw::store {

struct SchemaStep {
  int number = 0; // brings the state to this version
  std::string sql;
};

int schema_version(); // the newest step of this build

// Runs the missing steps in one transaction, after a copy of the older file as PATH.vN (whole or not there, the newest
// three are kept). A newer file is refused.
Result<> migrate(Connection& connection, const std::string& path);
// The same with other steps, in the order of their numbers.
Result<> migrate(Connection& connection, const std::string& path, const std::vector<SchemaStep>& steps);

} // namespace openclaw::store
