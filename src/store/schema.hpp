// The schema of state.db as numbered, forward-only steps.
#pragma once
#include "base/result.hpp"
#include "store/sqlite.hpp"
#include <string>

namespace openclaw::store {

inline constexpr int kSchemaVersion = 1;

// Runs the missing steps in one transaction; keeps a copy of an older file as PATH.vN before. A newer file is refused.
Result<> migrate(Connection& connection, const std::string& path);

} // namespace openclaw::store
